load cases

@test "delays and tokens: every case in test/cases/retry" {
	cases "$(program retry)" "$BATS_TEST_DIRNAME/cases/retry"
}
