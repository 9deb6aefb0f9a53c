load cases

@test "entries are put together and sent in order: every case in test/cases/batch" {
	cases "$(program batch)" "$BATS_TEST_DIRNAME/cases/batch"
}
