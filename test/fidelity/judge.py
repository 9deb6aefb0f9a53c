#!/usr/bin/env python3
"""What must become of the cases of test/cases/fidelity, known without luna.

usage: judge.py lines [METADATA]           stdin for a tool: the cases' lines
       judge.py names [WAY]                their names; those that WAY refuses
       judge.py bodies                     what a queue takes, as JSON strings
       judge.py items                      what a table takes, as typed JSON
       judge.py records                    the objects among the lines
       judge.py broken                     and the other lines, in base64
       judge.py came WAY STATUS OUT ERR FAILED [ADDED]
       judge.py again WAY STATUS OUT ERR FAILED
       judge.py received SERVICE OUT       what became of bodies
       judge.py queried OUT                and of items
       judge.py replied OUT                and of records, to aws-call
       judge.py grouped WAY OUT            and to what groups them by k and v
       judge.py payloads WAY               what is on stdin, as JSON strings,
       judge.py texts WAY                  is each payload; each text of v;
       judge.py different WAY              of equal ones one; the same as
       judge.py values WAY                 numbers, each v; what bodies lists;
       judge.py returned WAY               what is read in them; or, as replies
       judge.py read WAY                   to Scan, each payload
       judge.py scanned WAY

A case is a file: what it shows, after "# "; then, each after "# ",

    refused: CODE WAY...   these refuse it so
    taken: WAY...          but for these of them
    payload: TEXT          what services get, if not the line as it is
    received: TEXT         what is in it, if it looks like an envelope
    fill: BYTES            the ~ in the line stands for x's up to this length

and then the line, byte by byte to the end of the file. A tool may go several
ways, TOOL and TOOL:WORD; in a header WAY is one of these, or TOOL for all of
its ways, :WORD for that of any tool, "all" for every way of every tool.
"""
import base64
import json
import os
import re
import sys
from decimal import Decimal

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "..", "cases", "fidelity")
UNSENDABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
SHOWN = 10  # diagnostics of a code


class Case:
    def __init__(self, name):
        self.name = name
        self.refused = []
        self.taken = []
        self.head = {}
        with open(os.path.join(FOLDER, name), "rb") as f:
            data = f.read()
        self.shows, data = data.split(b"\n", 1)
        while data.startswith(b"# "):
            line, data = data.split(b"\n", 1)
            key, value = line[2:].decode().split(": ", 1)
            if key == "refused":
                code, *ways = value.split()
                self.refused += [(w, code) for w in ways]
            elif key == "taken":
                self.taken += value.split()
            elif key in ("payload", "received", "fill"):
                self.head[key] = value
            else:
                sys.exit(f"{name}: what is {key}?")
        if data.endswith(b"\n"):
            data = data[:-1]
        if "fill" in self.head:
            room = int(self.head["fill"]) - len(data) + 1
            data = data.replace(b"~", b"x" * room)
        self.data = data
        self.line = data[:-1] if data.endswith(b"\r") else data
        self.ahead = self.line.count(b"\n")  # blank lines before it
        self.line = self.line.split(b"\n")[-1]
        try:
            self.text = self.line.decode()
        except UnicodeDecodeError:
            self.text = None

    def refusal(self, way):
        """The code that this way refuses it with, or None. By themselves
        TOOL:unsent, a sink that is told to send none of them, refuses no
        payload, and TOOL:value what is no number that a double holds."""
        tool, _, word = way.partition(":")
        names = (way, tool, ":" + word) if word != "unsent" else (way,)
        for name in names:
            for listed, code in self.refused:
                if listed == name:
                    return code
            if name in self.taken:
                return None
        code = dict(self.refused).get("all")
        if word == "unsent" and code == "LeaseExpired":
            return None
        if word == "value" and not code and not NUMBER.fullmatch(self.v()):
            return "InvalidValue"
        return code

    def with_metadata(self, metadata=None):
        """The line with this metadata, if it is a record with none."""
        if metadata is None or self.refusal("all") or any(
                k == "@metadata" for k, *_ in members(self.text)):
            return self.data
        end = self.data.rfind(b"}")
        return self.data[:end] + b',"@metadata":' + metadata.encode() + \
            self.data[end:]

    def payload(self):
        return self.head.get("payload", self.text)

    def received(self):
        return self.head.get("received", self.payload())

    def v(self):
        """The text of v, as a template fills it in."""
        found = [s for k, s, *_ in members(self.payload()) if k == "v"]
        if not found:
            return None
        return json.loads(found[-1]) if found[-1][0] == '"' else found[-1]


def load():
    return [Case(n) for n in sorted(os.listdir(FOLDER))]


def members(text):
    """Of an object: decoded name, source of the value, start, end."""
    decode = json.JSONDecoder(strict=True)
    space = re.compile(r"[ \t\n\r]*")
    at = space.match(text, text.index("{") + 1).end()
    while text[at] != "}":
        start = at
        key, at = json.decoder.scanstring(text, at + 1, True)
        at = space.match(text, at).end() + 1
        value = space.match(text, at).end()
        at = decode.scan_once(text, value)[1]
        yield key, text[value:at], start, at
        at = space.match(text, at).end()
        if text[at] == ",":
            at = space.match(text, at + 1).end()


def split(text):
    """A line's payload, and its metadata or None."""
    found = list(members(text))
    for i, (key, value, start, end) in enumerate(found):
        if key != "@metadata":
            continue
        if i > 0:
            start = text.rindex(",", 0, start)
        elif len(found) > 1:
            end = text.index(",", end) + 1
        return text[:start] + text[end:], json.loads(value)
    return text, None


def read_lines(path):
    with open(path, "rb") as f:
        data = f.read()
    assert data.endswith(b"\n") or not data, f"{path} ends within a line"
    return [l.decode() for l in data.split(b"\n")[:-1]]


def short(text):
    text = str(text)
    return text if len(text) <= 200 else f"{text[:90]}...{text[-90:]}"


class Faults:
    def __init__(self):
        self.count = 0

    def say(self, *words):
        self.count += 1
        print(*(short(w) for w in words))

    def same(self, what, got, want):
        if got != want:
            self.say(f"{what}: got ", got)
            self.say(f"{what}: want", want)


def same_lists(faults, what, got, want):
    """want: name and text of each."""
    got = list(got)
    for name, text in want:
        if text in got:
            got.remove(text)
        else:
            faults.say(f"{name}: {what} did not arrive:", text)
    for text in got:
        faults.say(f"{what} arrived that nobody sent:", text)


def without(text, name):
    """Without its last payload member, which must be name."""
    key, _, start, end = list(members(text))[-1]
    if key != name:
        return f"no {name} at the end of {text}"
    before = text[:start].rstrip()
    return (before[:-1] if before.endswith(",") else before) + text[end:]


def check_err(faults, tool, codes, err):
    """One line of stderr a refused record, up to SHOWN a code."""
    seen = {}
    for line in read_lines(err):
        m = re.match(rf"{tool}: line (\d+): ([A-Za-z0-9]+): \S", line)
        if m:
            n, code = int(m[1]), m[2]
            seen[code] = seen.get(code, 0) + 1
            if codes.get(n) != code:
                faults.say("stderr names another record:", line)
            continue
        m = re.match(rf"{tool}: ([A-Za-z0-9]+): (\d+) more$", line)
        if m:
            seen[m[1]] = seen.get(m[1], 0) + int(m[2])
        elif not re.match(rf"{tool}: \d+ of \d+ records failed", line):
            faults.say("stderr says more:", line)
    for code in sorted(set(codes.values()) | set(seen)):
        faults.same(f"refusals with {code}", seen.get(code, 0),
                    list(codes.values()).count(code))


def check_failed(faults, tool, line, case, code, number):
    payload, meta = split(line)
    error = meta.get("error", {})
    faults.same(f"{case.name}: error", [error.get("tool"), error.get("code"),
                error.get("line")], [tool, code, number])
    if code == "NotARecord" and case.refusal("all") == code:
        faults.same(f"{case.name}: kept", without_error(line), case.text)
    elif "raw" in meta:
        faults.same(f"{case.name}: raw", meta["raw"], case.text)
    elif "raw_base64" in meta:
        faults.same(f"{case.name}: raw_base64",
                    base64.b64decode(meta["raw_base64"]), case.line)
    else:
        faults.same(f"{case.name}: kept", payload, case.payload())


def without_error(line):
    """Its last member of metadata is the error, which the tool added."""
    return re.sub(r',"error":\{.*\}\}\}$', "}}", line)


def check_out(faults, line, case, added):
    if line == case.text and case.payload() == line:
        return
    payload, meta = split(line)
    if added:
        payload = without(payload, added)
    faults.same(f"{case.name}: stdout", payload, case.payload())
    if meta and "error" in meta:
        faults.say(f"{case.name}: stdout has an error", line)


def check(faults, way, status, out, err, failed, numbered, added=None):
    """numbered: (case, line number, code or None) in order."""
    tool = way.split(":")[0]
    codes = {n: code for _, n, code in numbered if code}
    check_err(faults, tool, codes, err)
    lines = read_lines(out)
    taken = [case for case, _, code in numbered if not code]
    faults.same("lines on stdout", len(lines), len(taken))
    if len(lines) == len(taken):
        for line, case in zip(lines, taken):
            check_out(faults, line, case, added)
    kept = read_lines(failed) if os.path.exists(failed) else []
    refused = [n for n in numbered if n[2]]
    faults.same("lines in --failed", len(kept), len(refused))
    if len(kept) == len(refused):
        for line, (case, number, code) in zip(kept, refused):
            check_failed(faults, tool, line, case, code, number)
    later = set(codes.values()) == {"LeaseExpired"}
    want = 75 if later else 1 if codes else 0
    faults.same("status", int(status), want)


def came(faults, way, status, out, err, failed, added=None):
    numbered, n = [], 0
    for case in load():
        n += 1 + case.ahead
        numbered.append((case, n, case.refusal(way)))
    check(faults, way, status, out, err, failed, numbered, added)


def again(faults, way, status, out, err, failed):
    """The failed file, fed back: all is refused once more."""
    numbered = []
    for case in load():
        code = case.refusal(way)
        if not code:
            continue
        if case.refusal("all") in ("InvalidJson", "NotAnObject",
                                   "InvalidMetadata"):
            code = "NotARecord"
        numbered.append((case, len(numbered) + 1, code))
    check(faults, way, status, out, err, failed, numbered)


def taken_by(way):
    return [c for c in load() if not c.refusal(way)]


def decoded(lines):
    return [json.loads(l) for l in lines if l.strip()]


def payloads(faults, way):
    same_lists(faults, "payload", decoded(sys.stdin),
               [(c.name, c.payload()) for c in taken_by(way)])


def read(faults, way):
    same_lists(faults, "text", decoded(sys.stdin),
               [(c.name, c.received()) for c in taken_by(way)])


def texts(faults, way):
    same_lists(faults, "text", decoded(sys.stdin),
               [(c.name, c.v()) for c in taken_by(way)])


def plain(typed):
    (kind, value), = typed.items()
    if kind == "N":
        return Decimal(value)
    if kind == "M":
        return {k: plain(v) for k, v in value.items()}
    if kind == "L":
        return [plain(v) for v in value]
    return None if kind == "NULL" else value


def different(faults, way):
    want = {c.v(): c.name for c in taken_by(way)}
    same_lists(faults, "text", decoded(sys.stdin),
               [(name, text) for text, name in want.items()])


def values(faults, way):
    same_lists(faults, "value", [float(l) for l in sys.stdin],
               [(c.name, float(c.v())) for c in taken_by(way)])


def returned(faults, way):
    same_lists(faults, "body", decoded(sys.stdin),
               [(c.name, opened(c) if way == "sqs-recv" else c.text)
                for c in sendable()])


def scanned(faults, way):
    got = []
    for reply in decoded(sys.stdin):
        got += [plain({"M": i}) for i in reply["Items"]]
    want = [(c.name, exact(c.payload())) for c in taken_by(way)]
    same_lists(faults, "item", got, want)


def sendable():
    return [c for c in load() if c.text and len(c.line) <= 1048576 and
            not UNSENDABLE.search(c.text)]


def opened(case):
    """What a reader of queues finds in it: envelopes are SNS's."""
    return case.head.get("received", case.text)


def as_received(case, service):
    """What a source makes of a body: payload, and BodyIs."""
    if service == "sqs" and opened(case) != case.text:
        return opened(case), None
    if case.refused and dict(case.refused).get("all") in (
            "InvalidJson", "NotAnObject", "InvalidMetadata"):
        return None, "text"
    if any(k == "@metadata" for k, *_ in members(case.text)):
        return None, "text"
    return case.text, None


def received(faults, service, out):
    got = []
    for line in read_lines(out):
        payload, meta = split(line)
        if list(meta) != ["from"] or list(meta["from"]) != [service]:
            faults.say("metadata is not the source's own:", line)
        came_as = meta["from"][service].get("BodyIs")
        if came_as == "text":
            payload = (json.loads(payload)["body"], "text")
        got.append(payload)
    want = []
    for case in sendable():
        text, came_as = as_received(case, service)
        want.append((case.name, (case.text, "text") if came_as else text))
    same_lists(faults, "record", got, want)


class Number(str):
    """As it is written."""


def typed(value):
    if isinstance(value, Number):
        return {"N": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, dict):
        return {"M": {k: typed(v) for k, v in value.items()}}
    if isinstance(value, list):
        return {"L": [typed(v) for v in value]}
    return {"NULL": True} if value is None else {"BOOL": value}


def storable():
    """What is metadata to luna is an attribute to DynamoDB."""
    ours = (None, "InvalidMetadata", "LeaseExpired", "NotARecord")
    return [c for c in load() if c.refusal("ddb-put") in ours]


def exact(text):
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


def queried(faults, out):
    got = []
    for line in read_lines(out):
        payload, meta = split(line)
        if list(meta) != ["from"] or list(meta["from"]) != ["ddb"]:
            faults.say("metadata is not the source's own:", line)
        if meta["from"]["ddb"].get("BodyIs") == "text":
            payload = json.loads(payload)["body"]
            got.append(("text", exact(payload)))
        else:
            got.append(("record", exact(payload)))
    want = []
    for case in storable():
        item = exact(case.text)
        want.append((case.name, ("text" if "@metadata" in item else "record",
                                 item)))
    same_lists(faults, "item", got, want)


def compact(text):
    """Without white space outside strings, and without metadata."""
    kept = [text[start:end] for k, _, start, end in members(text)
            if k != "@metadata"]
    return re.sub(r'("(?:[^"\\]|\\.)*")|\s+', lambda m: m[1] or "",
                  "{" + ",".join(kept) + "}")


def replied(faults, out):
    same_lists(faults, "record", read_lines(out),
               [(c.name, compact(c.text)) for c in load() if is_object(c)])


def grouped(faults, way, out):
    got = []
    for line in read_lines(out):
        found = {k: source for k, source, *_ in members(line)}
        v = found["v"]
        got.append((json.loads(found["k"]), json.loads(v) if v[0] == '"'
                    else v))
    same_lists(faults, "group", got,
               [(c.name, (c.name, c.v())) for c in taken_by(way)])


def is_object(case):
    return case.refusal("all") not in ("InvalidJson", "NotAnObject")


def lists(verb, args):
    """Print what is asked for; false: it is another verb."""
    if verb == "lines":
        # Without a line feed at the end: the last one has none.
        sys.stdout.buffer.write(b"\n".join(
            c.with_metadata(*args) for c in load()))
    elif verb == "names":
        for c in load():
            if not args or c.refusal(args[0]):
                print(c.name)
    elif verb == "bodies":
        for c in sendable():
            print(json.dumps(c.text))
    elif verb == "items":
        for c in storable():
            item = json.loads(c.text, parse_int=Number, parse_float=Number)
            print(json.dumps(typed(item)["M"]))
    elif verb == "records":
        for c in load():
            if is_object(c):
                print(c.text)
    elif verb == "broken":
        for c in load():
            if not is_object(c):
                print(base64.b64encode(c.line).decode())
    else:
        return False
    return True


def main():
    verb, *args = sys.argv[1:]
    sys.stdin.reconfigure(encoding="utf-8", errors="surrogatepass")
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    if lists(verb, args):
        return
    faults = Faults()
    {"came": came, "again": again, "received": received, "queried": queried,
     "replied": replied, "grouped": grouped, "read": read,
     "payloads": payloads, "texts": texts, "different": different,
     "values": values, "returned": returned, "scanned": scanned,
     }[verb](faults, *args)
    sys.exit(faults.count > 0)


main()
