load cases

@test "templates, fields and tests: every case in test/cases/template" {
	cases "$(program template)" "$BATS_TEST_DIRNAME/cases/template"
}
