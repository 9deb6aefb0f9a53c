# lunad's clock, on services that are made up: test/unit/lunad_clock.c.
load cases

setup() {
	p=$(program lunad_clock)
}

# clock LINE…: what it prints; the file err has what it reports.
clock() {
	printf '%s\n' "$@" | timeout "${TRY_S:-60}" "$p" "$BATS_TEST_TMPDIR/d" \
	    2>"$BATS_TEST_TMPDIR/err"
}

@test "an advance runs all that is due in time, and stops at its end" {
	run clock 'steady 9' 'to 2500' 'to 4500'
	[ "$output" = 'to: steady 4, stuck never
to: steady 8, stuck never' ]
}

@test "a service whose event stays due is reported, and holds up no other" {
	run clock 'stand 1' 'steady 2' 'to 2500' 'to 2500'
	[ "$output" = 'ClockStands: steady 0, stuck often
to: steady 2, stuck never' ]
}

@test "so too while the clock runs by itself" {
	run clock 'to 9000' 'stand 1' 'steady 2' 'run 2'
	[ "${lines[1]}" = 'run: steady 2, stuck often' ]
	[ "$(grep -c 'what stuck has to do at .* stays due' \
	    "$BATS_TEST_TMPDIR/err")" = 1 ]
}
