# Mail templates of SES (lunad/ses_template.c).
load cases

@test "mail templates: every case in test/cases/ses_template" {
	cases "$(program ses_template)" "$BATS_TEST_DIRNAME/cases/ses_template"
}
