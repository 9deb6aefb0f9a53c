"""Count events by user and type for each minute in DuckDB on one thread, as
JSON lines; prints records a second of CPU.

usage: duckdb_windows.py FILE
"""
import resource
import sys

import duckdb

db = duckdb.connect()
db.execute("set threads = 1")


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


began = cpu()
db.execute("""
copy (select time_bucket(interval 1 minute, event_time) as window_start,
    user_id, event_type, count(*) as n
    from read_json('%s', format = 'newline_delimited',
	timestampformat = '%%Y-%%m-%%d %%H:%%M:%%S UTC',
	columns = {event_time: 'TIMESTAMP', event_type: 'VARCHAR',
	user_id: 'BIGINT'})
    group by all order by all) to '/dev/null' (format json)
""" % sys.argv[1])
used = cpu() - began
with open(sys.argv[1], "rb") as f:
    print(sum(1 for _ in f) / used)
