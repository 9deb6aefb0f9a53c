load cases

@test "parts are as small as memory wants and as large as S3 demands" {
	cases "$(program upload)" "$BATS_TEST_DIRNAME/cases/upload"
}
