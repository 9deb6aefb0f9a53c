"""
What csv-json and tumble make of a file of events, against DuckDB over the
same file: each row, and their order. Prints "ok CASE" or "FAILED CASE".

usage: duckdb_windows.py [EVENTS]     events, csv-json, tumble are in PATH
"""
import os
import subprocess
import sys
import tempfile

import duckdb

EVENTS = sys.argv[1] if len(sys.argv) > 1 else "1000000"
LATENESS = 30
TYPES = "product_id:int,category_id:int,price:num,user_id:int"

# A row is late when one before it was past its window's end by the lateness.
ROWS = """
create or replace table e as
select epoch(strptime(event_time, '%%Y-%%m-%%d %%H:%%M:%%S UTC'))::bigint as t,
    *
from read_csv('%s', header = true, parallel = false,
    types = {'event_time': 'VARCHAR', 'price': 'DECIMAL(18,2)',
    'user_id': 'BIGINT', 'product_id': 'BIGINT'})
"""
WINDOWS = """
create or replace table expected as
with w as (
    select t // %(every)d * %(every)d as m, *,
	coalesce(max(t) over (order by rowid
	    rows between unbounded preceding and 1 preceding), 0) as top
    from e)
select make_timestamp(m * 1000000) as window_start, %(by)s, count(*) as n,
    sum(price) as s, min(price) as lo, max(price) as hi,
    count(distinct product_id) as d
from w where m + %(every)d + %(lateness)d > top
group by all order by window_start, %(by)s
"""
SESSIONS = """
create or replace table expected as
with b as (
    select *, t - lag(t, 1, -1000000) over (partition by user_id order by t)
	> %(gap)d as begins from e),
s as (
    select *, sum(begins::int) over (partition by user_id order by t
	rows unbounded preceding) as session from b)
select make_timestamp(min(t) * 1000000) as window_start, user_id,
    count(*) as n, sum(price) as s, min(price) as lo, max(price) as hi,
    count(distinct product_id) as d, max(t) + %(gap)d as ends
from s group by user_id, session order by ends, user_id
"""
GOT = """
create or replace table got as
select * from read_json('%s', format = 'newline_delimited', columns = {
    window_start: 'TIMESTAMP', user_id: 'BIGINT', event_type: 'VARCHAR',
    n: 'BIGINT', s: 'DECIMAL(18,2)', lo: 'DECIMAL(18,2)',
    hi: 'DECIMAL(18,2)', a: 'DECIMAL(30,8)', d: 'BIGINT'})
"""
AGGREGATES = ["n=count", "s=sum:price", "lo=min:price", "hi=max:price",
              "a=avg:price", "d=distinct:product_id"]

db = duckdb.connect()
db.execute("set timezone = 'UTC'")
failed = False
folder = tempfile.TemporaryDirectory()


def path(name):
    return os.path.join(folder.name, name)


def one(query):
    return db.execute(query).fetchone()[0]


def make(options):
    with open(path("csv"), "wb") as f:
        subprocess.run(["events", "-n", EVENTS] + options, stdout=f,
                       check=True)
    db.execute(ROWS % path("csv"))


def tumble(options):
    with open(path("csv"), "rb") as source, open(path("out"), "wb") as out:
        rows = subprocess.Popen(["csv-json", "--types", TYPES], stdin=source,
                                stdout=subprocess.PIPE)
        done = subprocess.run(
            ["tumble", "-t", "event_time", "--lateness", "%ds" % LATENESS,
             "--late", path("late")] + options + AGGREGATES,
            stdin=rows.stdout, stdout=out)
    db.execute(GOT % path("out"))
    return rows.wait() == 0 and done.returncode == 0


def check(name, ran, columns, order):
    """Rows both ways, the order of rows, and averages within half a digit."""
    global failed
    missing = one("select count(*) from (select %s from expected except all "
                  "select %s from got)" % (columns, columns))
    extra = one("select count(*) from (select %s from got except all "
                "select %s from expected)" % (columns, columns))
    rows = one("select count(*) from got")
    moved = one("select count(*) from got g join expected x "
                "on g.rowid = x.rowid where (%s) is distinct from (%s)" % (
                    ", ".join("g." + c for c in order),
                    ", ".join("x." + c for c in order)))
    wrong = one("select count(*) from got where "
                "abs(a * n - s) > n * 0.000000005")
    good = ran and rows > 0 and not (missing or extra or moved or wrong)
    failed |= not good
    print("%s %s: %d rows%s" % (
        "ok" if good else "FAILED", name, rows, "" if good else
        ", %d missing, %d more, %d elsewhere, %d averages wrong" % (
            missing, extra, moved, wrong)), flush=True)


def estimates():
    """More than 1,024 different products in an hour: within the error."""
    global failed
    ran = tumble(["-e", "6h", "-b", "event_type"])
    db.execute(WINDOWS % {"every": 21600, "by": "event_type",
                          "lateness": LATENESS})
    worst, many = db.execute(
        "select max(abs(g.d - x.d) / x.d), max(x.d) from got g join "
        "expected x using (window_start, event_type)").fetchone()
    good = ran and many > 5000 and worst < 0.0243
    failed |= not good
    print("%s distinct products of 6 hours: up to %d, %.2f %% off" % (
        "ok" if good else "FAILED", many, worst * 100), flush=True)


for what, options in [
        ("in order", []), ("shuffled within the lateness",
                           ["--shuffle", str(LATENESS)]),
        ("late", ["--shuffle", str(LATENESS), "--late", "20"])]:
    make(options)
    ran = tumble(["-e", "1m", "-b", "user_id,event_type"])
    db.execute(WINDOWS % {"every": 60, "by": "user_id, event_type",
                          "lateness": LATENESS})
    check("minutes of %s events, %s" % (EVENTS, what), ran,
          "window_start, user_id, event_type, n, s, lo, hi, d",
          ["window_start", "user_id", "event_type"])
    if what == "late":
        left = one("select (select count(*) from e) - "
                   "(select sum(n) from expected)")
        with open(path("late"), "rb") as f:
            kept = sum(1 for _ in f)
        failed |= kept != left or kept == 0
        print("%s late events are kept: %d of %d" % (
            "ok" if kept == left and kept > 0 else "FAILED", kept, left))
    else:
        ran = tumble(["--session", "5m", "-b", "user_id"])
        db.execute(SESSIONS % {"gap": 300})
        check("sessions of %s events, %s" % (EVENTS, what), ran,
              "window_start, user_id, n, s, lo, hi, d",
              ["window_start", "user_id"])
        if what == "in order":
            estimates()
sys.exit(failed)
