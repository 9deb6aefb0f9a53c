"""
Kill tumble's pipe at random places and go on as kinesis-get and kinesis-mark
do: what was marked and what the restart prints is what an undisturbed run
prints, each window's group once; however the shards come interleaved.

usage: tumble_restart.py ARGUMENT-OF-TUMBLE...
"""
import json
import random
import subprocess
import sys

random.seed(20261121)
SHARDS = ["a", "b", "c"]


def make():
    """What each shard has: times out of order, and some late."""
    out = {}
    for n, shard in enumerate(SHARDS):
        time, records = 0, []
        for i in range(150):
            time += random.randrange(0, 1200)
            at = time - random.choice([0, 0, 0, 500, 2000, 9000])
            records.append({"t": 1700000000000 + max(at, 0), "v": i,
                            "u": n + len(SHARDS) * random.randrange(4)})
        out[shard] = records
    return out


def interleave(stream, begin):
    """Records of all shards from where each begins, in any order."""
    at = dict(begin)
    left = [s for s in SHARDS if at[s] < len(stream[s])]
    while left:
        shard = random.choice(left)
        yield shard, at[shard]
        at[shard] += 1
        left = [s for s in SHARDS if at[s] < len(stream[s])]


def lines(stream, state, count, bias):
    begin = {s: int(state[s]["SequenceNumber"]) + 1 if s in state else 0
             for s in SHARDS}
    order = list(interleave(stream, begin))
    if bias:
        order.sort(key=lambda x: (x[0] != bias))
    first = {"Shards": {s: state.get(s, {}) for s in SHARDS}}
    for shard, i in order[:count]:
        meta = {"StreamName": "s", "ShardId": shard, "SequenceNumber": str(i)}
        meta.update(first)
        first = {}
        yield json.dumps({**stream[shard][i],
                          "@metadata": {"from": {"kinesis": meta}}})


def run(stream, state, count, complete, bias=None):
    text = "\n".join(lines(stream, state, count, bias)) + "\n"
    done = subprocess.run(
        ["tumble", "-t", "t", "--late", "/dev/null"] + sys.argv[1:] +
        (["--complete"] if complete else []),
        input=text, text=True, capture_output=True)
    if done.returncode != 0:
        sys.exit("tumble: %d %s" % (done.returncode, done.stderr))
    return [json.loads(x) for x in done.stdout.splitlines()]


def payload(record):
    return json.dumps({k: v for k, v in record.items() if k != "@metadata"})


def mark(state, records):
    for record in records:
        for shard, at in record["@metadata"]["from"]["kinesis"][
                "Positions"].items():
            old = int(state.get(shard, {"SequenceNumber": -1})[
                "SequenceNumber"])
            if int(at["SequenceNumber"]) >= old:
                state[shard] = at


restarts = repeated = 0
for trial in range(12):
    stream = make()
    total = sum(map(len, stream.values()))
    whole = [payload(r) for r in run(stream, {}, total, True)]
    for bias in SHARDS:
        other = [payload(r) for r in run(stream, {}, total, True, bias)]
        assert other == whole, "depends on how shards are interleaved"
    state, kept = {}, []
    while True:
        last = random.randrange(6) == 0
        printed = run(stream, state, total if last else
                      random.randrange(1, total), last)
        if last:
            kept += printed
            break
        # Some of what is printed is marked; the rest is lost.
        marked = printed[:random.randrange(len(printed) + 1)]
        kept += marked
        mark(state, marked)
        restarts += 1
    kept = [payload(r) for r in kept]
    assert set(kept) == set(whole), "windows differ after restarts"
    once = list(dict.fromkeys(kept))
    assert once == whole, "out of order after restarts"
    repeated += len(kept) - len(once)
print("%d restarts, %d printed again" % (restarts, repeated))
