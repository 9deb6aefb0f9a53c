# A test is a subshell, and scripts in single quotes are meant so.
# shellcheck disable=SC2016
load helpers

setup_file() {
	lunad_start --seed 7
}

teardown_file() {
	lunad_stop
}

setup() {
	lunad_fault
	name=q$BATS_TEST_NUMBER
	url=$(sqs CreateQueue "{\"QueueName\":\"$name\"}" | jq -r .QueueUrl)
}

# sqs OPERATION BODY [CURL OPTION…]: the reply, signed by curl.
sqs() {
	local operation=$1 body=$2
	shift 2
	curl -sS --aws-sigv4 aws:amz:us-east-1:sqs \
		--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
		-H 'Content-Type: application/x-amz-json-1.0' \
		-H "X-Amz-Target: AmazonSQS.$operation" -d "$body" "$@" \
		"$AWS_ENDPOINT_URL/"
}

# send [TEXT] [CURL OPTION…]
send() {
	local text=${1-hello}
	shift || true
	sqs SendMessage "{\"QueueUrl\":\"$url\",\"MessageBody\":\"$text\"}" "$@"
}

# batch TEXT…: ids are 1, 2, ….
batch() {
	sqs SendMessageBatch "$(printf '%s\n' "$@" | jq -Rnc --arg url "$url" \
		'{QueueUrl: $url, Entries: [inputs] | to_entries
		| map({Id: "\(.key + 1)", MessageBody: .value})}')"
}

waiting() {
	sqs GetQueueAttributes "{\"QueueUrl\":\"$url\",
		\"AttributeNames\":[\"ApproximateNumberOfMessages\"]}" |
		jq -r .Attributes.ApproximateNumberOfMessages
}

@test "throttle, 500, 503, denied and expire answer as AWS does" {
	lunad_fault 'sqs:SendMessage=throttle'
	[ "$(send x -w '%{http_code}' | tail -c 3)" = 403 ]
	send x | jq -e '.__type | endswith("#RequestThrottled")'
	lunad_fault 'sqs:SendMessage=500'
	[ "$(send x -o /dev/null -w '%{http_code}')" = 500 ]
	lunad_fault 'sqs:SendMessage=503'
	[ "$(send x -o /dev/null -w '%{http_code}')" = 503 ]
	lunad_fault 'sqs:SendMessage=denied'
	send x | jq -e '.__type | endswith("#AccessDeniedException")'
	send x | jq -e '.message | contains("perform: sqs:SendMessage")'
	lunad_fault 'sqs:SendMessage=expire'
	send x | jq -e '.__type | endswith("#ExpiredTokenException")'
	lunad_fault
	[ "$(waiting)" = 0 ]
	send x | jq -e .MessageId
}

@test "a fault is of its operation, or of all with *" {
	lunad_fault 'sqs:ReceiveMessage=500'
	send x | jq -e .MessageId
	lunad_fault 'sqs:*=500'
	send x | jq -e '.MessageId == null'
	lunad_fault '*:*=500'
	send x | jq -e '.MessageId == null'
	lunad_fault 'sns:*=500'
	send x | jq -e .MessageId
}

@test "x2 is the next two calls, 0.5 about half of them" {
	lunad_fault 'sqs:SendMessage=throttle:x2'
	send 1 | jq -e '.MessageId == null'
	send 2 | jq -e '.MessageId == null'
	send 3 | jq -e .MessageId
	lunad_fault 'sqs:SendMessage=500:0.5'
	count=0
	for i in {1..60}; do
		[ "$(send "$i" -o /dev/null -w '%{http_code}')" = 200 ] ||
			count=$((count + 1))
	done
	echo "refused: $count of 60"
	[ "$count" -ge 12 ]
	[ "$count" -le 48 ]
}

@test "reset is before anything was done, lost-reply after" {
	lunad_fault 'sqs:SendMessage=reset'
	run send x
	[ "$status" -eq 56 ]
	lunad_fault
	[ "$(waiting)" = 0 ]
	lunad_fault 'sqs:SendMessage=lost-reply'
	run send x
	[ "$status" -eq 56 ]
	lunad_fault
	[ "$(waiting)" = 1 ]
}

@test "truncate closes in the middle, garbage is no JSON" {
	lunad_fault 'sqs:SendMessage=truncate'
	run send x
	[ "$status" -eq 18 ]
	[[ $output == *'{"'* ]]
	lunad_fault 'sqs:SendMessage=garbage'
	run -0 send x
	run ! jq . <<<"$output"
}

@test "slow drips, delay waits; neither holds up another" {
	# A byte a second: it would take minutes.
	lunad_fault 'sqs:SendMessage=slow:1s:x1'
	send x -N >"$BATS_TEST_TMPDIR/slow" 3>&- &
	dripping=$!
	until_true grep -q '{' "$BATS_TEST_TMPDIR/slow"
	send y | jq -e .MessageId
	! grep -q '}' "$BATS_TEST_TMPDIR/slow" || return 1
	kill "$dripping"
	lunad_fault 'sqs:SendMessage=slow:5ms:x1'
	send x -w '\n%{time_starttransfer} %{time_total}\n' \
		>"$BATS_TEST_TMPDIR/slow"
	jq -e .MessageId <<<"$(head -n 1 "$BATS_TEST_TMPDIR/slow")"
	read -r first total <<<"$(tail -n 1 "$BATS_TEST_TMPDIR/slow")"
	echo "first byte after $first s, last after $total s"
	awk -v a="$first" -v b="$total" 'BEGIN { exit !(b - a > 0.3) }'
	lunad_fault 'sqs:SendMessage=delay:300ms:x1'
	send x -o /dev/null -w '%{time_starttransfer}\n' |
		awk '{ exit !($1 >= 0.3) }'
}

@test "skew refuses a right clock and shows a wrong one" {
	lunad_fault 'sqs:SendMessage=skew:10m'
	before=$(date +%s)
	send x -D "$BATS_TEST_TMPDIR/h" |
		jq -e '.message | startswith("Signature expired")'
	date=$(sed -n 's/^[Dd]ate: //p' "$BATS_TEST_TMPDIR/h" | tr -d '\r')
	date=$(date -d "$date" +%s)
	[ "$date" -ge $((before + 600)) ]
	[ "$date" -le $(($(date +%s) + 600)) ]
	[ "$(grep -ci '^date:' "$BATS_TEST_TMPDIR/h")" = 1 ]
	lunad_fault 'sqs:SendMessage=skew:-10m'
	send x | jq -e '.message | startswith("Signature not yet current")'
}

@test "partial refuses entries for now, refuse for good by their text" {
	lunad_fault 'sqs:SendMessageBatch=partial:1'
	batch a b | jq -e '(.Failed | length) == 2 and
		(.Failed | all(.SenderFault == false))'
	[ "$(waiting)" = 0 ]
	lunad_fault 'sqs:SendMessageBatch=refuse:bad'
	batch good 'a bad one' good | jq -e '(.Successful | map(.Id)) == ["1", "3"]
		and .Failed[0].Id == "2" and .Failed[0].SenderFault'
	[ "$(waiting)" = 2 ]
}

@test "missing-entry and wrong-md5 spoil the reply only" {
	lunad_fault 'sqs:SendMessageBatch=missing-entry'
	batch a b c | jq -e '(.Successful | map(.Id)) == ["1", "2"]'
	lunad_fault 'sqs:SendMessage=wrong-md5'
	send hello | jq -e '.MD5OfMessageBody |
		. != "5d41402abc4b2a76b9719d911017c592" and
		endswith("d41402abc4b2a76b9719d911017c592")'
	[ "$(waiting)" = 4 ]
}

@test "a fault that is none is refused with what to write" {
	for spec in sqs 'sqs:x' 'sqs:x=none' 'sqs:x=500:2' 'sqs:x=slow:never' \
		'sqs:x=refuse' 'sqs:x=partial:x'; do
		run lunad -d "$BATS_TEST_TMPDIR/d" --fault "$spec"
		[ "$status" -eq 2 ]
		[[ $output == "lunad: --fault $spec: write SERVICE:OPERATION=KIND"* ]]
		curl -sS -d "[\"$spec\"]" "$AWS_ENDPOINT_URL/_luna/fault" |
			jq -e '.message | startswith("--fault")'
	done
	[ "$(curl -sS "$AWS_ENDPOINT_URL/_luna/fault")" = '[]' ]
}

@test "the same seed draws the same" {
	for i in 1 2; do
		lunad --seed 5 --fault 'sts:*=500:0.5' -- bash -c '
			for i in {1..20}; do
				curl -s -o /dev/null -w "%{http_code} " \
				--aws-sigv4 aws:amz:us-east-1:sts \
				--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
				-d "Action=GetCallerIdentity&Version=2011-06-15" \
				"$AWS_ENDPOINT_URL/"
			done' >"$BATS_TEST_TMPDIR/$i"
	done
	cat "$BATS_TEST_TMPDIR/1"
	cmp "$BATS_TEST_TMPDIR/1" "$BATS_TEST_TMPDIR/2"
	grep -q 500 "$BATS_TEST_TMPDIR/1"
	grep -q 200 "$BATS_TEST_TMPDIR/1"
}
