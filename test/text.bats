load cases

@test "encodings, times and sizes: every case in test/cases/text" {
	cases "$(program text)" "$BATS_TEST_DIRNAME/cases/text"
}
