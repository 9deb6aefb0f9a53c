#!/usr/bin/env bats

load helpers
load contract

@test "help and usage" {
	try stamp --help
	[ "$status" -eq 0 ]
	try stamp </dev/null
	[ "$status" -eq 2 ]
	try stamp --at never t </dev/null
	[ "$status" -eq 2 ]
	[[ $stderr == *never* ]]
}

@test "the time is added last, or replaces what is there" {
	try stamp --at 2026-01-02T03:04:05.678Z t <<<'{"a":1}'
	[ "$output" = '{"a":1,"t":"2026-01-02T03:04:05.678Z"}' ]
	try stamp --at 2026-01-02 t <<<'{"t":[1,2], "a":1}'
	[ "$output" = '{"t":"2026-01-02T00:00:00.000Z", "a":1}' ]
	try stamp --at 2026-01-02 t <<<'{}'
	[ "$output" = '{"t":"2026-01-02T00:00:00.000Z"}' ]
}

@test "metadata and bytes stay as they are" {
	try stamp --at 2026-01-02 t \
	    <<<'{"n":2103807459595387724,"x":1e400,"z":0.10,"s":"a\u0000b","@metadata":{"from":{"x":{}}}}'
	[ "$output" = '{"n":2103807459595387724,"x":1e400,"z":0.10,"s":"a\u0000b","t":"2026-01-02T00:00:00.000Z","@metadata":{"from":{"x":{}}}}' ]
}

@test "without --at it is now" {
	local before stamped
	before=$(date +%s)
	try stamp t <<<'{}'
	stamped=$(jq -r '.t[:19] + "Z" | fromdate' <<<"$output")
	[ "$stamped" -ge "$before" ]
	[ "$stamped" -le "$(date +%s)" ]
}

@test "a bad line fails with its number and is kept" {
	printf '{"a":1}\n{"a":}\n{"a":3}' >"$BATS_TEST_TMPDIR/in"
	try stamp --at 2026-01-02 --failed "$BATS_TEST_TMPDIR/f" t \
	    <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 2 ]
	[[ $stderr == 'stamp: line 2: InvalidJson: '* ]]
	[ "$(jq -r '."@metadata".raw' "$BATS_TEST_TMPDIR/f")" = '{"a":}' ]
	# Fed back it fails again, and does not grow.
	mv "$BATS_TEST_TMPDIR/f" "$BATS_TEST_TMPDIR/f.1"
	try stamp --failed "$BATS_TEST_TMPDIR/f" t <"$BATS_TEST_TMPDIR/f.1"
	[ "$status" -eq 1 ]
	[ "$(jq -cS '."@metadata".raw' "$BATS_TEST_TMPDIR/f")" = '"{\"a\":}"' ]
}

@test "blank lines are skipped, CR LF is dropped, the last line needs no LF" {
	printf '\n{"a":1}\r\n  \n{"a":2}' >"$BATS_TEST_TMPDIR/in"
	try stamp --at 2026-01-02 t <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = '{"a":1,"t":"2026-01-02T00:00:00.000Z"}' ]
	[ "${lines[1]}" = '{"a":2,"t":"2026-01-02T00:00:00.000Z"}' ]
}

@test "a line past --max-line fails alone" {
	{
		echo '{"a":1}'
		printf '{"b":"%050000d"}\n' 0
		echo '{"a":3}'
	} >"$BATS_TEST_TMPDIR/in"
	try stamp --max-line 10000 --failed "$BATS_TEST_TMPDIR/f" t \
	    <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 2 ]
	[[ $stderr == *'line 2: LineTooLong'* ]]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/f")" -eq 1 ]
}

@test "a line of 1 MiB passes" {
	printf '{"b":"%01048576d"}\n' 0 >"$BATS_TEST_TMPDIR/in"
	stamp t <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	[ "$(wc -c <"$BATS_TEST_TMPDIR/out")" -eq $((1048576 + 9 + 31)) ]
}

@test "output comes line by line where input does" {
	mkfifo "$BATS_TEST_TMPDIR/p"
	stamp --at 2026-01-02 t <"$BATS_TEST_TMPDIR/p" \
	    >"$BATS_TEST_TMPDIR/out" 3>&- &
	exec 9>"$BATS_TEST_TMPDIR/p"
	echo '{"a":1}' >&9
	until_true lines_of "$BATS_TEST_TMPDIR/out" 1
	grep -q '"a":1' "$BATS_TEST_TMPDIR/out"
	exec 9>&-
	wait
}

@test "the same file as --failed and as stdin or stdout is refused" {
	echo '{}' >"$BATS_TEST_TMPDIR/x"
	try stamp --failed "$BATS_TEST_TMPDIR/x" t <"$BATS_TEST_TMPDIR/x"
	[ "$status" -eq 2 ]
	[[ $stderr == *stdin* ]]
}

@test "the metadata is no field to stamp" {
	try stamp @metadata <<<'{"a":1}'
	[ "$status" -eq 2 ]
	[[ $stderr == *@metadata* ]]
}

@test "a full disk is 1" {
	run --separate-stderr bash -c 'echo {} | stamp t >/dev/full'
	[ "$status" -eq 1 ]
}

@test "a second signal kills" {
	local sink=(stamp t)
	contract_second_signal
}
