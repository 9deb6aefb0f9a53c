load cases

@test "forms written and read: every case in test/cases/query" {
	cases "$(program query)" "$BATS_TEST_DIRNAME/cases/query"
}
