#!/usr/bin/env bats

load helpers
load contract

setup_file() {
	lunad_start
	MAIL=$LUNAD_DIR/data/mail
	export MAIL
	verify from@example.org
	verify to@example.org
	[ -z "${LUNA_PEER-}" ] || return 0
	# Out of the sandbox, without limits: SES asks a person, lunad does not.
	aws-call --rest sesv2 POST /v2/email/account/details - >/dev/null <<'END'
{"MailType":"TRANSACTIONAL","WebsiteURL":"https://example.org","ProductionAccessEnabled":true,
"SendQuota":{"Max24HourSend":-1,"MaxSendRate":100000}}
END
}

teardown_file() {
	lunad_stop
}

setup() {
	to=to$BATS_TEST_NUMBER@example.org
	sink=(ses-send -f from@example.org -t "$to" -s 'n is {{n}}')
	action=ses:SendEmail
}

teardown() {
	lunad_fault
}

good() {
	records "$1"
}

# written: wait until mail that was accepted is in the mailboxes.
written() {
	lunad_clock 0s >/dev/null
}

# mails ADDRESS: how many it got, besides the one about its verification.
mails() {
	if [ -n "${LUNA_PEER-}" ]; then
		curl -sSf "$AWS_ENDPOINT_URL/moto-api/data.json" |
			jq --arg to "$1" '[.ses.Message[].destinations |
			    select(tostring | contains($to))] | length'
		return
	fi
	written
	[ -d "$MAIL/$1/new" ] || {
		echo 0
		return
	}
	grep -L 'Verification Request' "$MAIL/$1/new"/* | wc -l
}

# verify ADDRESS: make the identity and open the link in its mail.
verify() {
	aws-call --rest sesv2 POST /v2/email/identities "EmailIdentity=$1" \
	    >/dev/null
	[ -z "${LUNA_PEER-}" ] || return 0
	written
	curl -sSf -o /dev/null "$(grep -h "^$AWS_ENDPOINT_URL/" "$MAIL/$1/new"/* |
		tr -d '\r')"
}

@test "help and usage" {
	contract_help
	contract_usage
	local args
	for args in '-t a@b.c -s x' '-f a@b.c -s x' '-f a@b.c -t a@b.c' \
	    '-f a@b.c -t a@b.c -s x -b y -T z' \
	    '-f a@b.c -t a@b.c -s x -T z' \
	    '-f a@b.c -t a@b.c -s x --body-file /' \
	    '-f a@b.c -s x --to-file /' '-f a@b.c -s x --to-file /dev/null' \
	    '-f a@b.c -t a@b.c -s x --body-file /nowhere' \
	    '-f {{a -t a@b.c -s x'; do
		# shellcheck disable=SC2086 # several words
		try ses-send $args </dev/null
		[ "$status" -eq 2 ]
		[[ $stderr == 'ses-send: '* ]]
	done
}

@test "a mail a record, and the records come out in order" {
	contract_happy
	[ "$(mails "$to")" -eq 12 ]
	[[ $(jq -r '."@metadata".to.ses.MessageId' <<<"${lines[0]}") == *-* ]]
	lunad_only mailboxes
	grep -qx $'Subject: n is 7\r*' "$MAIL/$to/new"/*
}

@test "empty input, --quiet, --when, --dry-run, bad lines, bytes" {
	contract_empty
	contract_quiet
	contract_unless
	contract_dry_run
	contract_bad_line
	contract_not_kept
	contract_bytes
}

@test "several recipients, a list of them, and a file" {
	printf '# people\nf1%s\nf2%s\n' "$to" "$to" >"$BATS_TEST_TMPDIR/to"
	try ses-send -f from@example.org -t "a$to" -t '{{who}}' -s hi -b x \
	    <<<"{\"who\":[\"b$to\",\"Cé Dé <c$to>\"]}"
	[ "$status" -eq 0 ]
	[ "$(out_count)" -eq 1 ]
	[ "$(mails "a$to") $(mails "b$to") $(mails "c$to")" = '1 1 1' ]
	try ses-send -f from@example.org --to-file "$BATS_TEST_TMPDIR/to" \
	    -s hi -b x <<<'{}'
	[ "$(mails "f1$to") $(mails "f2$to")" = '1 1' ]
}

@test "subject, text, HTML and reply-to are filled; HTML is escaped" {
	try ses-send -f 'The Shop <from@example.org>' -t "$to" -s 'Grüße {{n}}' \
	    -b 'Dear {{who}}' --html '<b>{{who}}</b>' \
	    --reply-to 'reply@example.org' <<<'{"n":1,"who":"<A & B>"}'
	[ "$status" -eq 0 ]
	lunad_only mailboxes
	written
	python3 - "$MAIL/$to/new"/* <<'END'
import email, email.policy, sys
m = email.message_from_file(open(sys.argv[1]), policy=email.policy.default)
assert m["subject"] == "Grüße 1", m["subject"]
assert m["from"] == "The Shop <from@example.org>", m["from"]
assert m["reply-to"] == "reply@example.org"
assert m.get_body(("plain",)).get_content().strip() == "Dear <A & B>"
assert m.get_body(("html",)).get_content().strip() == "<b>&lt;A &amp; B&gt;</b>"
END
}

@test "one filled address is one address, and headers take no line breaks" {
	printf '%s\n' '{"a":"x@y.z, v@w.u"}' '{"a":"x@y.z\nBcc: v@w.u"}' \
	    '{"a":"no address"}' '{"a":""}' '{"a":null}' '{"a":["x@y.z",7]}' \
	    '{"a":[]}' "{\"a\":\"$to\"}" >"$BATS_TEST_TMPDIR/in"
	try ses-send -f from@example.org -t '{{a}}' -s hi -b x \
	    <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 1 ]
	[ "$(out_count)" -eq 1 ]
	[ "$(mails "$to")" -eq 1 ]
	for n in 1 2 3 4 5 6 7; do
		[[ $stderr == *"line $n: "* ]]
	done
	try ses-send -f from@example.org -t "$to" -s '{{s}}' -b x \
	    <<<'{"s":"a\r\nBcc: v@w.u"}'
	[ "$status" -eq 1 ]
	[ "$(mails "$to")" -eq 1 ]
}

@test "a template of SES is filled from the payload" {
	aws-call --rest sesv2 POST /v2/email/templates - >/dev/null <<'END'
{"TemplateName":"order","TemplateContent":{"Subject":"Order {{id}}","Text":"Dear {{name}}, {{#if big}}big{{else}}small{{/if}}"}}
END
	try ses-send -f from@example.org -t "$to" -T order \
	    <<<'{"id":7,"name":"Ann","big":true}'
	[ "$status" -eq 0 ]
	lunad_only mailboxes
	written
	grep -q 'Subject: Order 7' "$MAIL/$to/new"/*
	grep -q 'Dear Ann, big' "$MAIL/$to/new"/*
}

@test "throttled, denied, garbage, away, full, no credentials" {
	contract_throttle
	[ "$(mails "$to")" -eq 20 ]
	contract_denied
	contract_garbage
	local before
	before=$(mails "$to")
	contract_away
	[ "$(mails "$to")" -eq $((before + 30)) ]
	contract_full
	contract_no_credentials
}

@test "the account's rate is obeyed" {
	lunad_only 'account settings'
	aws-call --rest sesv2 POST /v2/email/account/details - >/dev/null <<'END'
{"MailType":"TRANSACTIONAL","WebsiteURL":"https://example.org","ProductionAccessEnabled":true,
"SendQuota":{"Max24HourSend":-1,"MaxSendRate":5}}
END
	local began
	began=$(date +%s%N)
	records 11 | ses-send -f from@example.org -t "$to" -s x -v --quiet \
	    2>"$BATS_TEST_TMPDIR/err"
	[ $((($(date +%s%N) - began) / 1000000)) -ge 1800 ]
	[ "$(mails "$to")" -eq 11 ]
}

@test "the sandbox: an unverified address is named with the remedy" {
	lunad_only sandbox
	local shared=$AWS_ENDPOINT_URL
	lunad_start # one of its own, in the sandbox
	MAIL=$LUNAD_DIR/data/mail
	verify from@example.org
	try ses-send -f from@example.org -t nobody@example.org -s x <<<'{"n":1}'
	[ "$status" -eq 1 ]
	[[ $stderr == *nobody@example.org*'verify it'* ]]
	verify nobody@example.org
	try ses-send -f from@example.org -t nobody@example.org -s x <<<'{"n":1}'
	[ "$status" -eq 0 ]
	lunad_fault
	lunad_stop
	AWS_ENDPOINT_URL=$shared # of teardown
}

@test "a second signal kills" {
	contract_second_signal
}
