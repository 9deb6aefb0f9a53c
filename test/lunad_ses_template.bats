# Mail templates of SES (lunad/ses_template.c).
load cases

@test "mail templates: every case in test/cases/lunad_ses_template" {
	cases "$(program lunad_ses_template)" "$BATS_TEST_DIRNAME/cases/lunad_ses_template"
}
