#!/usr/bin/env bats

load helpers

@test "help and usage" {
	try lotto-draw --help
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == 'usage: lotto-draw '* ]]
	try lotto-draw --count 0
	[ "$status" -eq 2 ]
	[[ $stderr == *--count* ]]
	try lotto-draw --at yesterday-ish
	[ "$status" -eq 2 ]
	try lotto-draw operand
	[ "$status" -eq 2 ]
}

@test "a draw is six numbers of 0 to 10 and one of 0 to 14" {
	try lotto-draw -n 2000
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2000 ]
	jq -se 'all(.numbers | length == 7 and (.[:6] | all(. >= 0 and . <= 10))
	    and .[6] >= 0 and .[6] <= 14)' <<<"$output"
	jq -se '([.[].numbers[:6][]] | unique) == [range(11)]' <<<"$output"
	jq -se '([.[].numbers[6]] | unique) == [range(15)]' <<<"$output"
	jq -se '([.[].id] | unique | length) == 2000' <<<"$output"
}

# 15 cells of 2,000 expected each, seeded: chi-square with 14 degrees of
# freedom is below 36.1 in 999 of 1,000 cases.
@test "the seventh number is uniform" {
	lotto-draw -n 30000 --seed 7 | jq -s '[.[].numbers[6]] | group_by(.) |
	    map(pow(length - 2000; 2) / 2000) | add' >"$BATS_TEST_TMPDIR/chi"
	echo "chi-square $(cat "$BATS_TEST_TMPDIR/chi")"
	jq -e '. < 36.1' "$BATS_TEST_TMPDIR/chi"
}

@test "the same seed gives the same numbers and ids, another one others" {
	lotto-draw -n 5 --seed 1 --at 2026-01-01 >"$BATS_TEST_TMPDIR/a"
	lotto-draw -n 5 --seed 1 --at 2026-01-01 >"$BATS_TEST_TMPDIR/b"
	lotto-draw -n 5 --seed 2 --at 2026-01-01 >"$BATS_TEST_TMPDIR/c"
	diff "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
	run ! diff -q "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/c"
}

@test "--at is the time of the draw" {
	try lotto-draw --at '2026-02-03 04:05:06 UTC'
	[ "$(jq -r .drawn_at <<<"$output")" = 2026-02-03T04:05:06.000Z ]
}

@test "--front-max and --back-max bound the numbers" {
	try lotto-draw -n 50 --front-max 0 --back-max 1
	jq -se 'all(.numbers[:6] == [0,0,0,0,0,0] and .numbers[6] <= 1)' \
	    <<<"$output"
}

@test "a full disk is 1, a reader that goes away is 0" {
	run --separate-stderr bash -c 'lotto-draw >/dev/full'
	[ "$status" -eq 1 ]
	[[ $stderr == *stdout* ]]
	# shellcheck disable=SC2016 # the inner shell's own
	run --separate-stderr bash -c \
	    'lotto-draw -n 1000000 | head -n 1 >/dev/null; echo "${PIPESTATUS[0]}"'
	[ "$output" = 0 ]
	[ -z "$stderr" ]
}

@test "a second signal kills, though nobody reads" {
	mkfifo "$BATS_TEST_TMPDIR/p"
	exec 9<>"$BATS_TEST_TMPDIR/p"
	hearing lotto-draw -n 1000000 >"$BATS_TEST_TMPDIR/p" 3>&- 9>&- &
	killed_by_second "$!" INT+TERM
	exec 9>&-
}
