load cases

setup() {
	p=$(program lunad_store)
}

@test "what fails is undone, to where it began, and nothing else" {
	printf '%s\n' Put PutAndFail PutAround PutWrong PutMiscounted Put Walk |
		"$p" "$BATS_TEST_TMPDIR/d" 2>"$BATS_TEST_TMPDIR/err" |
		tee "$BATS_TEST_TMPDIR/got"
	diff - "$BATS_TEST_TMPDIR/got" <<-'END'
	Put: 0 {} | 1
	PutAndFail: 400 No | 1 (undone)
	PutAround: 0 {"inner":400,"code":"No"} | 1 10 11 (undone)
	PutWrong: 500 InternalFailure | 1 10 11 (undone)
	PutMiscounted: 500 InternalFailure | 1 10 11 (undone)
	Put: 0 {} | 1 10 11 1
	Walk: 0 {"pairs":16} | 1 10 11 1
	END
}

@test "a transaction that SQLite rolled back is answered as lost, all of it" {
	printf '%s\n' Put PutAroundLost PutLost Put |
		"$p" "$BATS_TEST_TMPDIR/d" 2>"$BATS_TEST_TMPDIR/err" |
		tee "$BATS_TEST_TMPDIR/got"
	diff - "$BATS_TEST_TMPDIR/got" <<-'END'
	Put: 0 {} | 1
	PutAroundLost: 500 InternalFailure lost | 1 (undone)
	PutLost: 500 InternalFailure lost | 1 (undone)
	Put: 0 {} | 1 1
	END
}

@test "SQL that fails, or is never ended, is reported with its text" {
	printf '%s\n' Put PutWrong PutMiscounted Walk |
		"$p" "$BATS_TEST_TMPDIR/d" 2>&1 >/dev/null |
		tee "$BATS_TEST_TMPDIR/err"
	grep -q 'NOT NULL constraint failed: toy.n: INSERT INTO toy (n) VALUES (NULL)' \
		"$BATS_TEST_TMPDIR/err"
	grep -q 'column index out of range: INSERT INTO toy (n) VALUES (?)' \
		"$BATS_TEST_TMPDIR/err"
	grep -q 'never ended: SELECT n FROM toy' "$BATS_TEST_TMPDIR/err"
}

@test "what was committed is there the next time" {
	echo Put | "$p" "$BATS_TEST_TMPDIR/d"
	[ "$(echo Put | "$p" "$BATS_TEST_TMPDIR/d")" = 'Put: 0 {} | 1 1' ]
}
