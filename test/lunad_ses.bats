# SES of lunad by plain signed requests: the sandbox, its links, its quotas,
# and what reaches a mailbox. Every operation through another's client:
# test/interop/boto3_ses.py.
load helpers

setup() {
	lunad_start
}

teardown() {
	lunad_stop
}

ses() {
	aws-call --rest sesv2 "$@"
}

identity() {
	ses POST /v2/email/identities EmailIdentity="$1" >/dev/null
}

domain() {
	identity "$1"
	ses PUT "/v2/email/identities/$1/dkim/signing" \
	    SigningAttributesOrigin=AWS_SES >/dev/null
}

# quota 24H RATE: leave the sandbox, with limits of one's own.
quota() {
	ses POST /v2/email/account/details MailType=TRANSACTIONAL \
	    WebsiteURL=https://example.com ProductionAccessEnabled:=true \
	    SendQuota:="{\"Max24HourSend\":$1,\"MaxSendRate\":$2}" >/dev/null
}

# send FROM TO [TEXT]
send() {
	ses POST /v2/email/outbound-emails FromEmailAddress="$1" \
	    Destination:="{\"ToAddresses\":[\"$2\"]}" \
	    Content:="{\"Simple\":{\"Subject\":{\"Data\":\"s\"},
	    \"Body\":{\"Text\":{\"Data\":\"${3-text}\"}}}}"
}

mails() {
	find "$LUNAD_DIR/data/mail/$1/new" -type f 2>/dev/null | sort -t. -k2n
}

@test "an address is verified by opening the link in its mail, for good" {
	identity ada@example.com
	lunad_clock 1s
	run ses GET /v2/email/identities/ada%40example.com
	[[ $output = *'"VerificationStatus":"PENDING"'* ]]
	link=$(grep -o 'http://[^ ]*' "$(mails ada@example.com)")
	run curl -sS "${link%?}"
	[[ $output = *'The link is wrong'* ]]
	curl -sSf "$link"
	run ses GET /v2/email/identities/ada%40example.com
	[[ $output = *'"VerificationStatus":"SUCCESS"'* ]]
	kill -9 "$LUNAD_PID"
	wait "$LUNAD_PID" || true
	data=$LUNAD_DIR/data
	LUNAD_PID=
	run --separate-stderr lunad -d "$data" -- aws-call --rest sesv2 GET \
	    /v2/email/identities/ada%40example.com
	[[ $output = *'"VerificationStatus":"SUCCESS"'* ]]
}

@test "the sandbox names who is not verified" {
	domain shop.example
	run send orders@shop.example bob@example.com
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output = *'MessageRejected'*'Email address is not verified. The following identities failed the check in region US-EAST-1: bob@example.com'* ]]
	lunad_clock 1s
	[ -z "$(mails bob@example.com)" ]
	send orders@shop.example ada@shop.example
}

@test "the rate is the account's, and so is the day's quota" {
	domain shop.example
	quota 200 0.001
	send a@shop.example b@shop.example
	AWS_MAX_ATTEMPTS=1 run send a@shop.example b@shop.example
	[[ $output = *TooManyRequests*'Maximum sending rate exceeded'* ]]
	lunad_clock 1000s
	send a@shop.example b@shop.example
	quota 3 -1
	send a@shop.example b@shop.example
	AWS_MAX_ATTEMPTS=1 run send a@shop.example b@shop.example
	[[ $output = *TooManyRequests*'Daily message quota exceeded'* ]]
	run ses GET /v2/email/account
	[[ $output = *'"Max24HourSend":3.0,"MaxSendRate":-1.0,"SentLast24Hours":3.0'* ]]
	lunad_clock 25h
	send a@shop.example b@shop.example
}

@test "a mail is in its Maildir, whole, with the headers of a mail" {
	domain shop.example
	quota -1 -1
	run send 'Shop <a@shop.example>' 'Ada <ada@example.org>' 'Grüße\nzwei'
	id=$(jq -r .MessageId <<<"$output")
	lunad_clock 1s
	file=$(mails ada@example.org)
	cat "$file"
	grep -qx 'From: Shop <a@shop.example>' "$file"
	grep -qx 'To: Ada <ada@example.org>' "$file"
	grep -qx 'Delivered-To: ada@example.org' "$file"
	grep -qx "Message-ID: <$id@email.amazonses.com>" "$file"
	grep -qx 'MIME-Version: 1.0' "$file"
	grep -q '^Date: ...,' "$file"
	grep -qx 'Gr=C3=BC=C3=9Fe' "$file"
	[ -d "${file%/new/*}/cur" ]
	[ -z "$(ls "${file%/new/*}/tmp")" ]
}

@test "a template without its data is accepted, not delivered, and said" {
	domain shop.example
	quota -1 -1
	ses POST /v2/email/outbound-emails FromEmailAddress=a@shop.example \
	    Destination:='{"ToAddresses":["ada@example.org"]}' \
	    Content:='{"Template":{"TemplateContent":{"Subject":"{{a}}",
	    "Text":"t"},"TemplateData":"{}"}}'
	lunad_clock 1s
	[ -z "$(mails ada@example.org)" ]
	grep -q "rendering failure: Attribute 'a' is not present" "$LUNAD_DIR/err"
}

@test "regions have accounts of their own" {
	domain shop.example
	quota -1 -1
	AWS_REGION=eu-west-1 run ses GET /v2/email/account
	[[ $output = *'"ProductionAccessEnabled":false'* ]]
	AWS_REGION=eu-west-1 run send a@shop.example b@shop.example
	[[ $output = *'in region EU-WEST-1: a@shop.example, b@shop.example'* ]]
}

@test "an unknown operation is refused as such" {
	run ses GET /v2/email/contact-lists
	[ "$status" -ne 0 ]
	[[ $output = *UnknownOperation* ]]
}

@test "--fault partial and refuse are of a bulk mail's entry" {
	domain example.com
	quota -1 -1
	bulk() {
		ses POST /v2/email/outbound-bulk-emails \
		    FromEmailAddress=a@example.com \
		    DefaultContent:='{"Template":{"TemplateContent":
			{"Subject":"s","Text":"t"},"TemplateData":"{}"}}' \
		    BulkEmailEntries:='[
			{"Destination":{"ToAddresses":["b@example.com"]}},
			{"Destination":{"ToAddresses":["c@example.com"]}}]'
	}
	lunad_fault 'ses:SendBulkEmail=partial:1'
	bulk | jq -e '.BulkEmailEntryResults |
	    map(.Status) == ["ACCOUNT_THROTTLED", "ACCOUNT_THROTTLED"]'
	lunad_fault 'ses:SendBulkEmail=refuse:c@'
	bulk | jq -e '.BulkEmailEntryResults |
	    map(.Status) == ["SUCCESS", "MESSAGE_REJECTED"]'
}
