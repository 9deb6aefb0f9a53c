# SNS of lunad, and what it delivers: across restarts, to mailboxes, by SMTP.
# Every operation through another's client: test/interop/boto3_sns.py.
load helpers

setup() {
	lunad_start
	sns CreateTopic Name=t >/dev/null
	t=arn:aws:sns:us-east-1:000000000000:t
}

teardown() {
	lunad_stop
	[ -z "${SMTP_PID-}" ] || kill "$SMTP_PID"
}

sns() {
	aws-call sns "$@"
}

queue_subscribed() {
	queue "$1"
	sns Subscribe TopicArn="$t" Protocol=sqs \
	    Endpoint="arn:aws:sqs:us-east-1:000000000000:$1" \
	    Attributes:='{"RawMessageDelivery":"true"}' >/dev/null
}

# bodies QUEUE: what is in it, removed.
bodies() {
	sqs-recv --raw "$1" | sqs-ack | jq -r .body
}

# mails ADDRESS: the files of its mails, oldest first.
mails() {
	find "$LUNAD_DIR/data/mail/$1/new" -type f 2>/dev/null | sort -t. -k2n
}

# mail ADDRESS [N]: the text of its N-th mail, once it is there.
mail() {
	local n=${2:-1} i
	for i in $(seq 100); do
		[ "$(mails "$1" | wc -l)" -lt "$n" ] || break
		lunad_clock 1s >/dev/null
	done
	cat "$(mails "$1" | sed -n "${n}p")"
}

# confirm ADDRESS: open the link in its first mail.
confirm() {
	curl -sSf "$(mail "$1" | grep -m1 -o 'http://[^ ]*')"
}

email() {
	sns Subscribe TopicArn="$t" Protocol=email Endpoint="$1" >/dev/null
}

smtp_start() {
	mkdir "$BATS_TEST_TMPDIR/smtp"
	mkfifo "$BATS_TEST_TMPDIR/url"
	python3 "$BATS_TEST_DIRNAME/servers/smtp.py" "$BATS_TEST_TMPDIR/smtp" \
	    >"$BATS_TEST_TMPDIR/url" 3>&- &
	SMTP_PID=$!
	read -r SMTP_URL <"$BATS_TEST_TMPDIR/url"
}

@test "topics, subscriptions and what was published survive kill -9" {
	queue_subscribed q
	email ada@example.com
	confirm ada@example.com
	sns Publish TopicArn="$t" Message=before
	lunad_again
	sns Publish TopicArn="$t" Message=after
	run bodies q
	[ "$output" = "before
after" ]
	mail ada@example.com 3 >/dev/null
	mail ada@example.com 2 | grep -qx before
	mail ada@example.com 3 | grep -qx after
}

@test "a link in a mail outlives a restart" {
	email ada@example.com
	link=$(mail ada@example.com | grep -m1 -o 'http://[^ ]*')
	lunad_again
	run curl -sS "$AWS_ENDPOINT_URL/${link#http://*/}"
	[[ $output = *"<SubscriptionArn>$t:"* ]]
}

@test "an advance of the clock answers when the mail is written" {
	email ada@example.com
	confirm ada@example.com
	for i in 1 2 3 4 5; do
		sns Publish TopicArn="$t" "Message=m$i" >/dev/null
	done
	lunad_clock 1ms
	[ "$(mails ada@example.com | wc -l)" = 6 ]
}

@test "a mail is written once, however often lunad is killed" {
	email ada@example.com
	confirm ada@example.com
	for i in $(seq 20); do
		sns Publish TopicArn="$t" "Message=m$i" >/dev/null
		[ $((i % 5)) != 0 ] || lunad_again
	done
	lunad_clock 1s
	[ "$(mails ada@example.com | wc -l)" = 21 ]
}

@test "no address leaves the folder of mail" {
	for a in '../../etc@example.com' '/tmp/x@example.com' '.@example.com' \
	    '..@..' "$(printf 'x%.0s' {1..300})@example.com" '%2e%2e@example.com'; do
		sns Subscribe TopicArn="$t" Protocol=email "Endpoint=$a" || true
	done
	lunad_clock 1s
	find "$LUNAD_DIR" -name '*.lunad' -not -path "$LUNAD_DIR/data/mail/*/new/*"
	[ -z "$(find "$LUNAD_DIR" -name '*.lunad' \
	    -not -path "$LUNAD_DIR/data/mail/*/new/*")" ]
	[ -z "$(find "$LUNAD_DIR/data/mail" -mindepth 2 -maxdepth 2 \
	    -not -name tmp -not -name new -not -name cur)" ]
	[ -d "$LUNAD_DIR/data/mail/%2E.%2F..%2Fetc@example.com/new" ] ||
		[ -z "$(find "$LUNAD_DIR/data/mail" -name '*etc*')" ]
	[ -n "$(find "$LUNAD_DIR/data/mail" -name '%252e*')" ]
}

@test "a failed request sends nothing" {
	queue_subscribed q
	email ada@example.com
	confirm ada@example.com
	run sns PublishBatch TopicArn="$t" PublishBatchRequestEntries:='[
	    {"Id":"1","Message":"m"},{"Id":"2","Message":""}]'
	[ "$status" -ne 0 ]
	lunad_clock 1s
	[ "$(mails ada@example.com | wc -l)" = 1 ]
	run bodies q
	[ -z "$output" ]
}

@test "reset forgets topics and mail" {
	email ada@example.com
	mail ada@example.com >/dev/null
	curl -sSf -X POST "$AWS_ENDPOINT_URL/_luna/reset"
	run sns ListTopics
	echo "$output"
	[[ $output != *TopicArn* ]]
	[ ! -e "$LUNAD_DIR/data/mail/ada@example.com" ]
	sns CreateTopic Name=t >/dev/null
	email ada@example.com
	confirm ada@example.com
}

@test "the certificate of a notification has a name and checks it" {
	queue q
	sns Subscribe TopicArn="$t" Protocol=sqs \
	    Endpoint=arn:aws:sqs:us-east-1:000000000000:q >/dev/null
	sns Publish TopicArn="$t" Message=signed >/dev/null
	sqs-recv --raw q | sqs-ack >"$BATS_TEST_TMPDIR/r"
	jq -r '"Message\n\(.Message)\nMessageId\n\(.MessageId)\nTimestamp\n" +
	    "\(.Timestamp)\nTopicArn\n\(.TopicArn)\nType\n\(.Type)"' \
	    "$BATS_TEST_TMPDIR/r" >"$BATS_TEST_TMPDIR/text"
	jq -r .Signature "$BATS_TEST_TMPDIR/r" | base64 -d \
	    >"$BATS_TEST_TMPDIR/signature"
	curl -sSf "$(jq -r .SigningCertURL "$BATS_TEST_TMPDIR/r")" |
		openssl x509 -pubkey -noout >"$BATS_TEST_TMPDIR/key"
	openssl dgst -sha1 -verify "$BATS_TEST_TMPDIR/key" \
	    -signature "$BATS_TEST_TMPDIR/signature" "$BATS_TEST_TMPDIR/text"
	echo x >>"$BATS_TEST_TMPDIR/text"
	run openssl dgst -sha1 -verify "$BATS_TEST_TMPDIR/key" \
	    -signature "$BATS_TEST_TMPDIR/signature" "$BATS_TEST_TMPDIR/text"
	[ "$status" -ne 0 ]
}

@test "--smtp sends mail to a server, and again when it is not taken" {
	smtp_start
	echo '451 later' >"$BATS_TEST_TMPDIR/smtp/refuse"
	lunad_again --smtp "$SMTP_URL"
	email ada@example.com
	until grep -q 'will be tried again' "$LUNAD_DIR/err"; do
		read -rt 0.05 <>"$BATS_TEST_TMPDIR/url" || true
	done
	rm "$BATS_TEST_TMPDIR/smtp/refuse"
	until [ -s "$BATS_TEST_TMPDIR/smtp/1" ]; do
		lunad_clock 1s >/dev/null
	done
	cat "$BATS_TEST_TMPDIR/smtp/1"
	grep -q '^MAIL FROM:<no-reply@sns.amazonaws.com>' \
	    "$BATS_TEST_TMPDIR/smtp/1"
	grep -q '^RCPT TO:<ada@example.com>' "$BATS_TEST_TMPDIR/smtp/1"
	grep -q $'^To: ada@example.com\r$' "$BATS_TEST_TMPDIR/smtp/1"
	[ ! -e "$LUNAD_DIR/data/mail" ]
	curl -sSf "$(grep -m1 -o 'http://[^ ]*[0-9a-f]' \
	    "$BATS_TEST_TMPDIR/smtp/1")"
}

@test "--smtp gives up what the server refuses for good" {
	smtp_start
	echo '550 no such user' >"$BATS_TEST_TMPDIR/smtp/refuse"
	lunad_again --smtp "$SMTP_URL"
	email nobody@example.com
	until grep -q 'given up' "$LUNAD_DIR/err"; do
		read -rt 0.05 <>"$BATS_TEST_TMPDIR/url" || true
	done
	lunad_clock 20h
	[ "$(grep -c 'given up' "$LUNAD_DIR/err")" = 1 ]
}

@test "a content type that ends a header's line is refused" {
	local arn end policy
	arn=$(sns Subscribe TopicArn="$t" Protocol=http \
	    Endpoint=http://127.0.0.1:9/ ReturnSubscriptionArn=true |
		jq -r .SubscriptionArn)
	for end in 'text/plain\r\nX-A: b' 'text/plain\nX-A: b'; do
		policy="{\"requestPolicy\":{\"headerContentType\":\"$end\"}}"
		try aws-call sns SetSubscriptionAttributes \
		    SubscriptionArn="$arn" AttributeName=DeliveryPolicy \
		    AttributeValue="$policy"
		[ "$status" = 1 ]
		[[ $stderr == *InvalidParameter*DeliveryPolicy* ]]
		policy="{\"http\":{\"defaultRequestPolicy\":{\"headerContentType\":\"$end\"}}}"
		try aws-call sns SetTopicAttributes TopicArn="$t" \
		    AttributeName=DeliveryPolicy AttributeValue="$policy"
		[ "$status" = 1 ]
		[[ $stderr == *InvalidParameter*DeliveryPolicy* ]]
	done
}
