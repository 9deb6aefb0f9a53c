#!/usr/bin/env bats

load helpers
load contract
load contract
load servers

setup() {
	AWS_REGION=eu-west-1
	export AWS_REGION
}

teardown() {
	scripted_stop
}

# slack SCRIPT: a webhook that answers so; a file holds its URL.
slack() {
	scripted_start
	echo "$SCRIPTED_URL/services/T000/B000/not-a-secret" \
	    >"$BATS_TEST_TMPDIR/webhook"
	export SLACK_WEBHOOK_URL
	SLACK_WEBHOOK_URL=$(cat "$BATS_TEST_TMPDIR/webhook")
}

said() { # the bodies posted, decoded
	scripted_log .body | jq -c .
}

ok='>> 200 repeat=inf

ok'

alarm() {
	jq -nc '{AlarmName: "cpu <low>", OldStateValue: "OK",
	    NewStateValue: "ALARM",
	    AlarmArn: "arn:aws:cloudwatch:eu-west-1:000000000000:alarm:cpu",
	    NewStateReason: "Threshold Crossed: 1 datapoint [0.50 (20/11/26 22:00:00)] was less than or equal to the threshold (1.0).",
	    StateChangeTime: "2026-11-20T22:00:00.000+0000",
	    Region: "EU (Ireland)", Trigger: {MetricName: "CPUUtilization",
	    Namespace: "AWS/EC2", Statistic: "AVERAGE", Period: 300,
	    EvaluationPeriods: 2, Threshold: 1.0,
	    ComparisonOperator: "LessThanOrEqualToThreshold"}}'
}

@test "help and usage" {
	try slack-notify --help
	[ "$status" -eq 0 ]
	try slack-notify --no-such-option </dev/null
	[ "$status" -eq 2 ]
	try slack-notify operand </dev/null
	[ "$status" -eq 2 ]
}

@test "no webhook, or one that is no https URL, is 2 and not printed" {
	unset SLACK_WEBHOOK_URL
	try slack-notify <<<'{"a":1}'
	[ "$status" -eq 2 ]
	[[ $stderr == *SLACK_WEBHOOK_URL* ]]
	SLACK_WEBHOOK_URL=http://example.org/canary try slack-notify <<<'{"a":1}'
	[ "$status" -eq 2 ]
	[[ $output$stderr != *canary* ]]
	# Its host only begins like this machine's.
	SLACK_WEBHOOK_URL=http://127.canary.example/ \
	    try slack-notify --patience 0 <<<'{"a":1}'
	[ "$status" -eq 2 ]
	[[ $output$stderr != *canary* ]]
	try slack-notify --webhook-file "$BATS_TEST_TMPDIR/none" <<<'{"a":1}'
	[ "$status" -eq 2 ]
	[[ $stderr == *none* ]]
}

@test "a record is posted as its payload, text as text, escaped" {
	slack <<<"$ok"
	printf '{"a":"<b>"}\nhello & <you>\n' >"$BATS_TEST_TMPDIR/in"
	try slack-notify -v <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = '{"a":"<b>","@metadata":{"to":{"slack":{}}}}' ]
	[ "${lines[1]}" = 'hello & <you>' ]
	[ "$(said | jq -r .text | sed -n 1p)" = '{"a":"&lt;b&gt;"}' ]
	[ "$(said | jq -r .text | sed -n 2p)" = 'hello &amp; &lt;you&gt;' ]
	# Neither option has the secret in its diagnostics.
	[[ $stderr != *not-a-secret* ]]
}

@test "--text is filled, and --webhook-file read" {
	slack <<<"$ok"
	unset SLACK_WEBHOOK_URL
	try slack-notify --webhook-file "$BATS_TEST_TMPDIR/webhook" \
	    --text '*{{n}}* & more' <<<'{"n":"a<b"}'
	[ "$status" -eq 0 ]
	[ "$(said | jq -r .text)" = '*a&lt;b* & more' ]
}

@test "an alarm is drawn, bare, in an envelope, and in a Lambda event" {
	slack <<<"$ok"
	{
		alarm
		alarm | jq -c '{Type: "Notification", TopicArn: "arn:x",
		    Message: tojson}'
		alarm | jq -c '{Records: [{Sns: {Message: tojson}},
		    {Sns: {Subject: "Hi", Message: "no alarm"}}]}'
	} >"$BATS_TEST_TMPDIR/in"
	try slack-notify --quiet <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 0 ]
	said >"$BATS_TEST_TMPDIR/said"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/said")" -eq 4 ]
	[ "$(head -n 3 "$BATS_TEST_TMPDIR/said" | sort -u | wc -l)" -eq 1 ]
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/said" | jq -r .text)" = $'Hi\nno alarm' ]
	head -n 1 "$BATS_TEST_TMPDIR/said" | jq -e '
	    .text == "cpu &lt;low&gt;: OK → ALARM" and
	    (.attachments[0] | .color == "#d13212" and
	    (.blocks[0].text.text | contains("OK → *ALARM*") and
	    contains("Threshold Crossed") and
	    contains("https://eu-west-1.console.aws.amazon.com/")) and
	    ([.blocks[1].fields[].text] | any(contains("0.5 against ≤ 1")) and
	    any(contains("eu-west-1")) and any(contains("2026-11-20T22"))))'
}

@test "an alarm's texts are escaped, and it has no link without a region" {
	slack <<<"$ok"
	jq -nc '{AlarmName: "a", OldStateValue: "<!channel>",
	    NewStateValue: "<!here>", Region: "x|<!everyone>"},
	    {AlarmName: "b", NewStateValue: "ALARM"}' >"$BATS_TEST_TMPDIR/in"
	try slack-notify --quiet --rate 100 <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 0 ]
	said >"$BATS_TEST_TMPDIR/said"
	run ! grep -E '<!|console' "$BATS_TEST_TMPDIR/said"
	# Slack refuses a section without fields.
	tail -n 1 "$BATS_TEST_TMPDIR/said" |
		jq -e '.text == "b: ALARM" and
		    (.attachments[0].blocks | length) == 1'
}

@test "one message a second, in order, none dropped" {
	slack <<<"$ok"
	local began=$SECONDS
	records 4 | slack-notify >"$BATS_TEST_TMPDIR/out"
	[ $((SECONDS - began)) -ge 2 ]
	[ "$(jq .n "$BATS_TEST_TMPDIR/out" | paste -sd ' ')" = '1 2 3 4' ]
	[ "$(said | jq -r '.text | fromjson | .n' | paste -sd ' ')" = '1 2 3 4' ]
}

@test "429 is obeyed: the message comes again after Retry-After" {
	slack <<'END'
>> 429
Retry-After: 2

rate_limited
>> 200 repeat=inf

ok
END
	local began
	began=$(date +%s%N)
	try slack-notify <<<'{"a":1}'
	[ "$status" -eq 0 ]
	[ $((($(date +%s%N) - began) / 1000000)) -ge 1900 ]
	[ "$(scripted_count)" -eq 2 ]
}

@test "refused for its content: 1; webhook gone: 2; away: 75" {
	slack <<'END'
>> 400

invalid_payload
>> 200 repeat=inf

ok
END
	records 2 >"$BATS_TEST_TMPDIR/in"
	try slack-notify --failed "$BATS_TEST_TMPDIR/f" <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 1 ]
	[ "$(jq .n "$BATS_TEST_TMPDIR/f")" = 1 ]
	[[ $stderr != *not-a-secret* ]]
	slack <<'END'
>> 404 repeat=inf

no_service
END
	try slack-notify <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 2 ]
	[[ $stderr != *not-a-secret* ]]
	slack <<'END'
>> 503 repeat=inf

busy
END
	rm -f "$BATS_TEST_TMPDIR/f"
	try slack-notify --patience 1 --failed "$BATS_TEST_TMPDIR/f" \
	    <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 75 ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/f")" -eq 2 ]
	SLACK_WEBHOOK_URL=http://127.0.0.1:9/not-a-secret \
	    try slack-notify --patience 1 <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 75 ]
	[[ $stderr != *not-a-secret* ]]
}

@test "what Slack would cut is refused, and an alarm's reason is cut" {
	slack <<<"$ok"
	jq -nc '("ü" * 39999) as $t | {t: ($t + "ü")}, {t: ($t + "😀")}' \
	    >"$BATS_TEST_TMPDIR/in"
	try slack-notify --text '{{t}}' --rate 100 <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 1 ]
	[[ $stderr == 'slack-notify: line 2: TooLarge: '*--text* ]]
	[ "$(out_count)" -eq 1 ]
	alarm | jq -c '.NewStateReason = "ü" * 3000' | slack-notify --quiet
	said | sed -n 1p | jq -e '.text | length == 40000 and endswith("ü")'
	said | sed -n 2p | jq -e '.attachments[0].blocks[0].text.text |
	    length < 3000 and endswith("ü…")'
}

@test "empty input, a full disk, dry run" {
	slack <<<"$ok"
	try slack-notify </dev/null
	[ "$status" -eq 0 ]
	run bash -c 'echo {} | slack-notify >/dev/full'
	[ "$status" -eq 1 ]
	unset SLACK_WEBHOOK_URL
	try slack-notify --dry-run <<<'{"a":1}'
	[ "$status" -eq 0 ]
	[ "$(jq -r .parameters.text <<<"$output")" = '{"a":1}' ]
}

@test "a second signal kills" {
	local sink=(slack-notify)
	slack <<<"$ok"
	contract_second_signal
}
