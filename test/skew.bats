load cases

@test "the clock is learnt and corrected: every case in test/cases/skew" {
	cases "$(program skew)" "$BATS_TEST_DIRNAME/cases/skew"
}
