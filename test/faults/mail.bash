# shellcheck shell=bash
# SES for the proofs: `load mail`, and mail_start once lunad runs.

# mail_start: out of the sandbox and without limits, so that rates are those
# of a test; shop@example.org may send.
mail_start() {
	aws-call --rest sesv2 POST /v2/email/account/details - >/dev/null <<'END'
{"MailType":"TRANSACTIONAL","WebsiteURL":"https://example.org","ProductionAccessEnabled":true,
"SendQuota":{"Max24HourSend":-1,"MaxSendRate":100000}}
END
	aws-call --rest sesv2 POST /v2/email/identities \
	    EmailIdentity=shop@example.org >/dev/null
	lunad_clock 0s >/dev/null
	curl -sSf -o /dev/null "$(grep -hr "^$AWS_ENDPOINT_URL/" \
	    "$LUNAD_DIR/data/mail/shop@example.org/new" | tr -d '\r')"
}

# mail_subjects ADDRESS: of each mail that came since it was asked last.
mail_subjects() {
	local box=$LUNAD_DIR/data/mail/$1/new
	lunad_clock 0s >/dev/null # all that was accepted is written then
	[ -d "$box" ] || return 0
	find "$box" -type f -exec sed -n 's/\r$//;s/^Subject: //p' {} + | sort
	find "$box" -type f -delete
}
