load cases

@test "checksums are those of their definitions, in runs of any length" {
	cases "$(program crc)" "$BATS_TEST_DIRNAME/cases/crc"
}
