load cases

@test "options are taken as tables say: every case in test/cases/opt" {
	cases "$(program opt)" "$BATS_TEST_DIRNAME/cases/opt"
}
