load cases

@test "forms in, XML out, and paths, by our cases" {
	cases "$(program lunad_wire)" "$BATS_TEST_DIRNAME/cases/lunad_wire"
}
