load cases

@test "forms in, XML out, and paths, by our cases" {
	cases "$(program lunad_wire)" "$BATS_TEST_DIRNAME/cases/lunad_wire"
}

@test "a form of many parameters takes no longer than it is" {
	seq 400000 | sed 's/.*/k&=v/' | paste -sd'&' >"$BATS_TEST_TMPDIR/form"
	timeout "${TRY_S:-30}" "$(program lunad_wire)" in \
	    <"$BATS_TEST_TMPDIR/form" >"$BATS_TEST_TMPDIR/json"
	gojq -e 'length == 400000 and .k400000 == "v"' "$BATS_TEST_TMPDIR/json"
}
