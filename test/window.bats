load cases

@test "lines come, are held and go: every case in test/cases/window" {
	cases "$(program window)" "$BATS_TEST_DIRNAME/cases/window"
}

# 2,000 lines, some longer than a block, in pieces of any size, held for any
# time: they come out as they came in.
@test "lines do not depend on how they are read, nor on how long they are held" {
	local p seed
	p=$(program window)
	awk 'BEGIN {
		srand(7)
		for (x = "x"; length(x) < 400000; x = x x) {}
		for (i = 1; i <= 2000; i++) {
			n = rand() < 0.01 ? 400000 * rand() : 300 * rand()
			print "{\"n\":" i ",\"s\":\"" substr(x, 1, n) "\"}"
		}
	}' >"$BATS_TEST_TMPDIR/in"
	[ "$(wc -c <"$BATS_TEST_TMPDIR/in")" -gt 1000000 ]
	for seed in 1 2 3; do
		"$p" 50 2000000 16000000 "$seed" <"$BATS_TEST_TMPDIR/in" \
		    >"$BATS_TEST_TMPDIR/out"
		cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	done
	"$p" 1 1 16000000 4 <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}
