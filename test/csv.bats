load cases

@test "rows are found as RFC 4180 says, whole or byte by byte: every case in test/cases/csv" {
	cases "$(program csv)" "$BATS_TEST_DIRNAME/cases/csv"
}
