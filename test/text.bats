load cases

@test "encodings, times and sizes: every case in test/cases/text" {
	cases "$(program text)" "$BATS_TEST_DIRNAME/cases/text"
}

# Texts whose special characters lie everywhere in and between the blocks that
# are encoded in one go.
long_texts() {
	python3 - <<-'END'
		import random, sys
		random.seed(7)
		marks = '"\\\t\x00\x01/ +%<&\u00e4\u20ac\U0001f600'
		for n in range(300):
		    text = "".join(
		        random.choice(marks) if random.random() < n / 300 else "x"
		        for _ in range(random.randrange(1, 1700)))
		    sys.stdout.buffer.write(text.encode() + b"\n")
	END
}

# Base64 of all lengths, whole and with one character changed to any other.
changed_base64() {
	python3 - <<-'END'
		import base64, random, sys
		random.seed(8)
		for n in range(3000):
		    text = bytearray(base64.b64encode(random.randbytes(n % 90)))
		    if n % 3 and text:
		        text[random.randrange(len(text))] = random.choice(
		            [c for c in range(256) if c not in (0, 10)])
		    sys.stdout.buffer.write(bytes(text) + b"\n")
	END
}

@test "the size of base64 is told of just that which Python would write" {
	local p
	p=$(program text)
	cd "$BATS_TEST_TMPDIR"
	changed_base64 >texts
	"$p" unbase64-size <texts >sizes
	python3 - <<-'END'
		import base64
		good = 0
		for text, size in zip(
		        open("texts", "rb").read().split(b"\n")[:-1],
		        open("sizes").read().split("\n")[:-1], strict=True):
		    try:
		        data = base64.b64decode(text, validate=True)
		        same = base64.b64encode(data) == text
		    except ValueError:
		        same = False
		    want = str(len(data)) if same else "refused"
		    assert size == want, (text, size, want)
		    good += same
		assert 1000 < good < 2999, good
	END
}

@test "long texts are escaped, percent-encoded and base64 as Python does it" {
	local p
	p=$(program text)
	cd "$BATS_TEST_TMPDIR"
	long_texts >texts
	[ "$(wc -l <texts)" -eq 300 ]
	"$p" json <texts >as_json
	"$p" percent <texts >as_percent
	"$p" base64 <texts >as_base64
	"$p" unpercent <as_percent | cmp - texts
	"$p" unbase64 <as_base64 | cmp - texts
	python3 - <<-'END'
		import base64, json, urllib.parse
		def lines(name):
		    return open(name, "rb").read().split(b"\n")[:-1]
		for text, j, p, b in zip(
		        lines("texts"), lines("as_json"),
		        lines("as_percent"), lines("as_base64"), strict=True):
		    assert j == json.dumps(
		        text.decode(), ensure_ascii=False).encode(), (text, j)
		    assert p == urllib.parse.quote(
		        text, safe="-._~").encode(), (text, p)
		    assert b == base64.b64encode(text), (text, b)
	END
}
