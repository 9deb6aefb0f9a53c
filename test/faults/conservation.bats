#!/usr/bin/env bats
# Every line that goes in comes out exactly once, on stdout or in --failed, in
# order; and the service has what it accepted exactly once. With
# LUNA_PROOF=full by 10,000 records a sink, else by 600.

load ../helpers

setup_file() {
	lunad_start
}

teardown_file() {
	lunad_stop
}

setup() {
	n=600
	[ "${LUNA_PROOF-}" != full ] || n=10000
	export TRY_S=300
	in=$BATS_TEST_TMPDIR/in
	out=$BATS_TEST_TMPDIR/out
	err=$BATS_TEST_TMPDIR/err
	failed=$BATS_TEST_TMPDIR/failed
	# Every 13th is refused for good: in calls of 10 and of 25, and however
	# they are put together, in every position.
	seq "$n" | awk '{
		print "{\"n\":" $1 ",\"id\":\"r" $1 "\"" \
		    ($1 % 13 == 0 ? ",\"never\":true" : "") "}"
	}' >"$in"
	grep -v never "$in" >"$BATS_TEST_TMPDIR/good"
	grep never "$in" >"$BATS_TEST_TMPDIR/bad"
}

teardown() {
	lunad_fault
}

# Metadata is last: what is left is the line as it was read.
payloads() {
	sed 's/,"@metadata":{.*/}/' "$@"
}

# conserve ACTION SIZE SINK…: with 40 % of the entries of a call (of SIZE)
# refused for now, and some for good.
conserve() {
	local action=$1 size=$2 calls
	shift 2
	lunad_fault "$action=partial:0.4" "$action=refuse:never"
	status=0
	timeout "$TRY_S" "$@" -v --patience inf --failed "$failed" \
	    <"$in" >"$out" 2>"$err" ||
		status=$?
	lunad_fault
	calls=$(grep -c "${action##*:} 200" "$err")
	echo "status $status, $(wc -l <"$out") printed," \
	    "$(wc -l <"$failed") failed, $calls calls"
	[ "$status" -eq 1 ]
	payloads "$out" | cmp - "$BATS_TEST_TMPDIR/good"
	payloads "$failed" | cmp - "$BATS_TEST_TMPDIR/bad"
	[ "$(jq -c '."@metadata".error.retryable' "$failed" | sort -u)" = false ]
	# The fault was there: two fifths of all entries went again, and again.
	[ "$calls" -gt $((n / size * 13 / 10)) ]
}

# away ACTION SINK…: the service is away: 75, all is kept; fed back it goes.
away() {
	local action=$1
	shift
	lunad_fault "$action=503"
	status=0
	timeout "$TRY_S" "$@" --failed "$failed" --patience 1 <"$in" >"$out" \
	    2>"$err" || status=$?
	lunad_fault
	[ "$status" -eq 75 ]
	[ ! -s "$out" ]
	payloads "$failed" | cmp - "$in"
	[ "$(jq -c '."@metadata".error.retryable' "$failed" | sort -u)" = true ]
	timeout "$TRY_S" "$@" <"$failed" >"$out"
	payloads "$out" | cmp - "$in"
	[ "$(grep -c '"error"' "$out")" -eq 0 ]
}

# drained QUEUE: the payloads of a queue, in the order of n, all of them.
drained() {
	sqs-recv -w 0 "$1" | tee "$BATS_TEST_TMPDIR/received" | sqs-ack --quiet
	payloads "$BATS_TEST_TMPDIR/received" | sort -t: -k 2n
}

fan_out() { # fan_out TOPIC QUEUE: messages of one are in the other
	queue "$2"
	topic "$1"
	aws-call sns Subscribe Protocol=sqs \
	    "TopicArn=arn:aws:sns:$AWS_REGION:$AWS_ACCOUNT_ID:$1" \
	    "Endpoint=arn:aws:sqs:$AWS_REGION:$AWS_ACCOUNT_ID:$2" >/dev/null
}

@test "sqs-send conserves records under partial failures" {
	queue s1
	conserve sqs:SendMessageBatch 10 sqs-send s1
	drained s1 | cmp - "$BATS_TEST_TMPDIR/good"
}

@test "sqs-send conserves groups and their order in a FIFO queue" {
	queue s2.fifo FifoQueue=true ContentBasedDeduplication=true
	jq -c '.g = (.n % 97)' "$in" >"$in.g"
	mv "$in.g" "$in"
	grep -v never "$in" >"$BATS_TEST_TMPDIR/good"
	grep never "$in" >"$BATS_TEST_TMPDIR/bad"
	conserve sqs:SendMessageBatch 10 sqs-send --group 'g{{g}}' s2.fifo
	sqs-recv -w 0 s2.fifo | tee "$BATS_TEST_TMPDIR/received" |
		sqs-ack --quiet
	# A stable sort by group: inside a group n must ascend by itself.
	cmp <(payloads "$BATS_TEST_TMPDIR/received" | sort -s -t: -k 4n) \
	    <(sort -s -t: -k 4n "$BATS_TEST_TMPDIR/good")
}

@test "sqs-send keeps all while the service is away, and delivers it later" {
	queue s3
	away sqs:SendMessageBatch sqs-send s3
	drained s3 | cmp - "$in"
}

@test "sns-pub conserves records under partial failures" {
	fan_out p1 p1
	conserve sns:PublishBatch 10 sns-pub p1
	drained p1 | cmp - "$BATS_TEST_TMPDIR/good"
}

@test "sns-pub keeps all while the service is away, and delivers it later" {
	fan_out p2 p2
	away sns:PublishBatch sns-pub p2
	drained p2 | cmp - "$in"
}

@test "ddb-put conserves records under partial failures" {
	table put1 id:S
	lunad_fault dynamodb:BatchWriteItem=partial:0.4
	status=0
	timeout "$TRY_S" ddb-put -v put1 --patience inf --failed "$failed" <"$in" >"$out" \
	    2>"$err" || status=$?
	lunad_fault
	[ "$status" -eq 0 ]
	payloads "$out" | cmp - "$in"
	[ ! -s "$failed" ]
	[ "$(grep -c 'BatchWriteItem 200' "$err")" -gt $((n / 25 * 13 / 10)) ]
	ddb-query put1 | jq -c '{n, id} + if .never then {never} else
	    {} end' | sort -t: -k 2n | cmp - "$in"
}

@test "ddb-put keeps all while the service is away, and delivers it later" {
	table put2 id:S
	away dynamodb:BatchWriteItem ddb-put put2
	[ "$(ddb-query put2 | wc -l)" -eq "$n" ]
}

# A call of entries refused for good as a whole is halved (DynamoDB has no
# refusal of one entry): an item without its key stands in each 13th place.
@test "ddb-put fails what the table cannot take, wherever it stands" {
	table put3 id:S
	jq -c 'if .never then .id = 1 else . end' "$in" >"$in.k"
	status=0
	timeout "$TRY_S" ddb-put put3 --failed "$failed" <"$in.k" >"$out" \
	    2>"$err" || status=$?
	[ "$status" -eq 1 ]
	payloads "$out" | cmp - "$BATS_TEST_TMPDIR/good"
	[ "$(wc -l <"$failed")" -eq "$(wc -l <"$BATS_TEST_TMPDIR/bad")" ]
	[ "$(ddb-query put3 | wc -l)" -eq "$(wc -l <"$BATS_TEST_TMPDIR/good")" ]
}

@test "sqs-ack conserves acknowledgements under partial failures" {
	queue a1
	sqs-send --quiet a1 <"$in"
	lunad_fault sqs:DeleteMessageBatch=partial:0.4
	sqs-recv -w 0 --inflight 100 a1 | sqs-ack -v --patience inf >"$out" 2>"$err"
	lunad_fault
	payloads "$out" | sort -t: -k 2n | cmp - "$in"
	[ "$(grep -c 'DeleteMessageBatch 200' "$err")" -gt $((n * 13 / 100)) ]
	[ -z "$(sqs-recv -w 0 a1)" ]
}
