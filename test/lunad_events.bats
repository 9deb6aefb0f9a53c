# EventBridge of lunad, by plain signed requests. Every operation through
# another's client: test/interop/boto3_events.py.
load helpers
load cases

setup_file() { lunad_start; }
teardown_file() { lunad_stop; }

setup() {
	load signed
	reply=$BATS_TEST_TMPDIR/reply
	n=t$BATS_TEST_NUMBER
	queue=arn:aws:sqs:us-east-1:000000000000:$n
}

teardown() {
	own_stop
}

events() {
	json events 1.1 "AWSEvents.$1" "$2"
}

sqs() {
	json sqs 1.0 "AmazonSQS.$1" "$2"
}

# rule EXPRESSION: one of the test's name, to a queue of its name.
rule() {
	sqs CreateQueue "{\"QueueName\":\"$n\"}" >/dev/null
	events PutRule "{\"Name\":\"$n\",\"ScheduleExpression\":\"$1\"}" \
	    >/dev/null
	events PutTargets "{\"Rule\":\"$n\",\"Targets\":[{\"Id\":\"t\",
	    \"Arn\":\"$queue\"}]}" >/dev/null
}

# times: when the events in the queue say they are of, each taken out.
times() {
	while sqs ReceiveMessage \
	    "{\"QueueUrl\":\"$n\",\"MaxNumberOfMessages\":10}" >/dev/null &&
	    [ "$(jq '.Messages | length' "$reply")" -gt 0 ]; do
		jq -r '.Messages[].Body | fromjson | .time' "$reply"
		sqs DeleteMessageBatch "$(jq -c --arg q "$n" '{QueueUrl: $q,
		    Entries: [.Messages[] | {Id: .MessageId,
		    ReceiptHandle: .ReceiptHandle}]}' "$reply")" >/dev/null
	done | sort
}

@test "schedules: every case in test/cases/schedule" {
	cases "$(program lunad_schedule)" "$BATS_TEST_DIRNAME/cases/schedule"
}

@test "event patterns: every case in test/cases/pattern" {
	cases "$(program lunad_pattern)" "$BATS_TEST_DIRNAME/cases/pattern"
}

# Left out: what the reader of AWS's JSON says of a text that is none.
@test "patterns that AWS was recorded to refuse are refused in its words" {
	[ -d "${LUNA_VECTORS:-}/recorded/events" ] ||
		skip "LUNA_VECTORS does not name the published vectors"
	local program policy why run=0 bad=0
	program=$(program lunad_pattern)
	while IFS=$'\t' read -r policy why; do
		run=$((run + 1))
		got=$(printf 'pattern %s\n' "$policy" | "$program")
		[ "$got" = "refused $why" ] && continue
		echo "$policy: $got"
		echo "AWS: $why"
		bad=$((bad + 1))
	done < <(jq -r '.. | objects | select(.Error?) |
	    .Error | (.MessageRaw // .Message) // "" |
	    select(test("pattern is not valid. Reason: (?!Un(recog|expec)[a-z]+ (token|char))") and
	    test("Source: \\(String\\)")) |
	    gsub("<partition>"; "aws") | gsub("<region>"; "us-east-1") |
	    capture("Reason: (?<why>.*?\n at \\[Source: \\(String\\)\"(?<policy>.*?)\"; line: 1.*)$"; "m") |
	    "\(.policy)\t\(.why | gsub("\n"; "\\n"))"' \
	    "$LUNA_VECTORS/recorded/events/test_events_patterns.snapshot.json")
	echo "$run recorded, $bad differ"
	[ "$run" -gt 25 ] && [ "$bad" -eq 0 ]
}

@test "a rule fires at each of its times while the clock is moved" {
	rule 'rate(5 minutes)'
	lunad_clock 1h
	times >"$BATS_TEST_TMPDIR/times"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/times")" = 12 ]
	[ "$(sort -u "$BATS_TEST_TMPDIR/times" | wc -l)" = 12 ]
	# five minutes lie between each two of them
	run sh -c "while read -r t; do date -ud \"\$t\" +%s; done \
	    <'$BATS_TEST_TMPDIR/times' | awk 'NR > 1 && \$1 - last != 300 {
	    print \"bad\" } { last = \$1 }'"
	[ "$output" = "" ]
	events DisableRule "{\"Name\":\"$n\"}"
	lunad_clock 1h
	[ "$(times)" = "" ]
}

@test "an event of a schedule has AWS's members in AWS's order" {
	rule 'cron(0 * * * ? *)'
	lunad_clock 1h
	sqs ReceiveMessage "{\"QueueUrl\":\"$n\"}"
	body=$(jq -r '.Messages[0].Body' "$reply")
	[[ $body =~ ^'{"version":"0","id":"'[0-9a-f-]{36}'","detail-type":"Scheduled Event","source":"aws.events","account":"000000000000","time":"'[0-9T:-]+:00:00Z'","region":"us-east-1","resources":["arn:aws:events:us-east-1:000000000000:rule/'$n'"],"detail":{}}'$ ]]
	events DeleteRule "{\"Name\":\"$n\"}" && return 1
	refused 400 ValidationException
	events RemoveTargets "{\"Rule\":\"$n\",\"Ids\":[\"t\"]}"
	events DeleteRule "{\"Name\":\"$n\"}"
	events DescribeRule "{\"Name\":\"$n\"}" && return 1
	refused 400 ResourceNotFoundException
}

@test "a topic is a target, and gets the event as its message" {
	form sns 2010-03-31 CreateTopic "Name=$n"
	sqs CreateQueue "{\"QueueName\":\"$n\"}"
	form sns 2010-03-31 Subscribe Protocol=sqs "Endpoint=$queue" \
	    "TopicArn=arn:aws:sns:us-east-1:000000000000:$n" \
	    Attributes.entry.1.key=RawMessageDelivery \
	    Attributes.entry.1.value=true
	events PutRule "{\"Name\":\"$n\",
	    \"EventPattern\":\"{\\\"source\\\":[\\\"$n\\\"]}\"}"
	events PutTargets "{\"Rule\":\"$n\",\"Targets\":[{\"Id\":\"t\",
	    \"Arn\":\"arn:aws:sns:us-east-1:000000000000:$n\",
	    \"InputPath\":\"\$.detail\"}]}"
	events PutEvents "{\"Entries\":[{\"Source\":\"$n\",
	    \"DetailType\":\"d\",\"Detail\":\"{ \\\"a\\\": 0.10 }\"}]}"
	sqs ReceiveMessage "{\"QueueUrl\":\"$n\",\"WaitTimeSeconds\":5}"
	[ "$(jq -r '.Messages[0].Body' "$reply")" = '{"a":0.10}' ]
}

@test "rules survive a crash, and what they missed is not made up for" {
	own_start
	rule 'rate(5 minutes)'
	lunad_clock 15m
	[ "$(times | wc -l)" = 3 ]
	crash
	# An hour passes while it is down.
	sqlite3 "$LUNAD_DIR"/data/*.db \
	    'update core_clock set offset_ms = offset_ms + 3600000'
	own_again
	lunad_clock 0s
	[ "$(times)" = "" ]
	lunad_clock 10m
	[ "$(times | wc -l)" = 2 ]
}

@test "--fault partial and refuse are of an event's entry" {
	entry='{"Source":"s","DetailType":"d","Detail":"{}"}'
	lunad_fault 'events:PutEvents=partial:1'
	events PutEvents "{\"Entries\":[$entry,$entry]}"
	jq -e '.FailedEntryCount == 2 and
	    (.Entries | all(.ErrorCode == "InternalFailure"))' "$reply"
	lunad_fault 'events:PutEvents=refuse:bad'
	events PutEvents "{\"Entries\":[$entry,${entry/s\"/bad\"}]}"
	lunad_fault
	jq -e '.FailedEntryCount == 1 and .Entries[0].EventId and
	    .Entries[1].ErrorCode == "InvalidArgument"' "$reply"
}
