#!/usr/bin/env bats

load helpers
load contract

setup_file() {
	lunad_start
	queue shared VisibilityTimeout=43200
	take shared 100 >"$BATS_FILE_TMPDIR/shared"
}

teardown_file() {
	lunad_stop
}

setup() {
	q=q$BATS_TEST_NUMBER
	out=$BATS_TEST_TMPDIR/out
	sink=(sqs-ack)
	action=sqs:DeleteMessageBatch
}

teardown() {
	lunad_fault
}

# Records of a queue that many tests may acknowledge again: on a standard
# queue the same handle is good for it as often as one likes. ElasticMQ takes
# each once, and gets others.
good() {
	local other
	[ "${LUNA_PEER-}" = elasticmq ] || {
		head -n "$1" "$BATS_FILE_TMPDIR/shared"
		return
	}
	other=other-$(date +%s%N)
	queue "$other" VisibilityTimeout=43200
	take "$other" "$1"
}

# take QUEUE N: send {"n":1} to {"n":N}, receive them all, print their records
# as sqs-recv would, in order; nobody holds their leases.
take() {
	local i
	records "$2" | sqs-send --quiet "$1"
	for ((i = 0; i < $2; i += 10)); do
		aws-call sqs ReceiveMessage QueueUrl="$(queue_url "$1")" \
		    MaxNumberOfMessages:=10 MessageSystemAttributeNames:='["All"]'
	done | jq -c --arg q "$(queue_url "$1")" '.Messages[] |
	    {n: .Body | fromjson.n, "@metadata": {from: {sqs: {QueueUrl: $q,
	    MessageId, ReceiptHandle}}}}' | jq -sc 'sort_by(.n)[]'
}

@test "help and usage" {
	contract_help
	contract_usage
	try sqs-ack operand </dev/null
	[ "$status" -eq 2 ]
	try sqs-ack --delay 5 </dev/null
	[ "$status" -eq 2 ]
	[[ $stderr == *--nack* ]]
	try sqs-ack --nack --delay 43201 </dev/null
	[ "$status" -eq 2 ]
}

@test "messages are deleted, ten in a call, and their records printed" {
	queue "$q"
	take "$q" 25 >"$out"
	is_depth "$q" 0 25
	try sqs-ack -v <"$out"
	[ "$status" -eq 0 ]
	[ "$(grep -c DeleteMessageBatch <<<"$stderr")" -eq 3 ]
	diff <(jq -c .n <<<"$output") <(seq 25)
	[ "$(jq -sc 'map(."@metadata".to) | unique' <<<"$output")" = \
	    '[{"sqs_ack":{}}]' ]
	is_depth "$q" 0 0
}

@test "empty input, --quiet, --when, --dry-run" {
	contract_empty
	contract_quiet
	contract_unless
	contract_dry_run
}

@test "bad lines fail alone, and are counted when not kept" {
	contract_bad_line
	contract_not_kept
}

@test "a record that came from no queue fails, and says so" {
	local line
	for line in '{"n":1}' '{"@metadata":{"from":{"sqs":{}}}}' \
	    '{"@metadata":{"from":{"sqs":{"QueueUrl":"q","MessageId":"m"}}}}' \
	    '{"@metadata":{"from":{"sqs":{"QueueUrl":"q","ReceiptHandle":"h"}}}}' \
	    '{"@metadata":{"from":{"sqs":{"QueueUrl":1,"MessageId":"m","ReceiptHandle":"h"}}}}'; do
		give "$line"
		[ "$status" -eq 1 ]
		[[ $stderr == *'line 1: NotReceived: '*sqs-recv* ]]
		[ -z "$output" ]
	done
}

@test "bytes pass as they are" {
	local line
	line=$(good 1 | sed 's/^{/{ "a":2103807459595387724,"b":0.10,"e":1e400,"c":"\\u0000\\\/",/')
	give "$line"$'\r\n'
	[ "$status" -eq 0 ]
	[ "$output" = "${line%\}\}}"',"to":{"sqs_ack":{}}}}' ]
}

@test "a throttled call is sent again" {
	contract_throttle
}

@test "entries refused for now are sent again" {
	queue "$q"
	take "$q" 40 >"$out"
	lunad_fault sqs:DeleteMessageBatch=partial:0.4:x12
	try sqs-ack -v <"$out"
	lunad_fault
	[ "$status" -eq 0 ]
	diff <(jq -c .n <<<"$output") <(seq 40)
	# The fault happened: more than four calls.
	[ "$(grep -c DeleteMessageBatch <<<"$stderr")" -gt 4 ]
	is_depth "$q" 0 0
}

@test "a handle that is none fails, its neighbours do not" {
	queue "$q"
	take "$q" 12 >"$out"
	jq -c 'if .n == 5 then
	    ."@metadata".from.sqs.ReceiptHandle = "no-handle" else . end' \
	    "$out" >"$BATS_TEST_TMPDIR/in"
	try sqs-ack --failed "$BATS_TEST_TMPDIR/failed" \
	    <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 1 ]
	[[ $stderr == *'line 5: ReceiptHandleIsInvalid: '* ]]
	diff <(jq -c .n <<<"$output") <(seq 12 | grep -vx 5)
	[ "$(jq .n "$BATS_TEST_TMPDIR/failed")" = 5 ]
	is_depth "$q" 0 1
}

@test "a lost answer is asked for again" {
	queue "$q"
	take "$q" 10 >"$out"
	lunad_fault sqs:DeleteMessageBatch=lost-reply:x1
	try sqs-ack <"$out"
	[ "$status" -eq 0 ]
	[ "$(out_count)" -eq 10 ]
	is_depth "$q" 0 0
}

@test "denied is 2 and calls no more; garbage is 75" {
	contract_denied
	contract_garbage
}

@test "the service away: 75, all kept, and the file delivers them" {
	contract_away
	contract_down
}

@test "stdout, stdin, signals" {
	contract_full
	contract_unprinted
	contract_no_stdin
	contract_signal
}

@test "it reads on after a signal, and a second one kills" {
	contract_reads_on
	contract_second_signal
}

@test "no credentials is 2" {
	contract_no_credentials
}

@test "an acknowledgement goes out though none follows" {
	contract_live
}

@test "records of several queues may come mixed" {
	queue "$q-a"
	queue "$q-b"
	paste -d '\n' <(take "$q-a" 15) <(take "$q-b" 15) >"$out"
	try sqs-ack -v <"$out"
	[ "$status" -eq 0 ]
	diff <(jq -c .n <<<"$output") <(jq -c .n "$out")
	is_depth "$q-a" 0 0
	is_depth "$q-b" 0 0
}

@test "--nack makes messages visible again, at once or later" {
	queue "$q"
	take "$q" 12 >"$out"
	try sqs-ack --nack -v <"$out"
	[ "$status" -eq 0 ]
	[[ $stderr == *ChangeMessageVisibilityBatch* ]]
	[[ $stderr != *DeleteMessage* ]]
	[ "$(out_count)" -eq 12 ]
	is_depth "$q" 12 0
	take "$q" 0
	aws-call sqs ReceiveMessage QueueUrl="$(queue_url "$q")" | jq -c --arg q "$(queue_url "$q")" '.Messages[] |
	    {"@metadata": {from: {sqs: {QueueUrl: $q, MessageId,
	    ReceiptHandle}}}}' >"$out"
	try sqs-ack --nack --delay 900 <"$out"
	[ "$status" -eq 0 ]
	is_depth "$q" 11 1
	lunad_clock 600s
	is_depth "$q" 11 1
	lunad_clock 301s
	is_depth "$q" 12 0
}

@test "past HoldUntil a message is not acknowledged" {
	queue "$q"
	take "$q" 2 | jq -c 'if .n == 1 then
	    ."@metadata".from.sqs.HoldUntil = "2026-01-01T00:00:00.000Z" else
	    ."@metadata".from.sqs.HoldUntil = "2999-01-01T00:00:00.000Z" end' \
	    >"$out"
	try sqs-ack <"$out"
	[ "$status" -eq 75 ]
	[[ $stderr == *'line 1: LeaseExpired: '* ]]
	[ "$(jq .n <<<"$output")" = 2 ]
	is_depth "$q" 0 1
}

@test "a hold that ends while the service is away ends the message, too" {
	queue "$q" VisibilityTimeout=600
	take "$q" 1 | jq -c '."@metadata".from.sqs.HoldUntil =
	    (now + 2 | todate[:-1] + ".500Z")' >"$out"
	lunad_fault sqs:DeleteMessageBatch=503
	try sqs-ack --patience 25 <"$out"
	lunad_fault
	[ "$status" -eq 75 ]
	[[ $stderr == *'line 1: LeaseExpired: '* ]]
	is_depth "$q" 0 1
}

@test "in a FIFO queue a handle whose visibility has ended is refused" {
	queue "$q.fifo" FifoQueue=true
	sqs-send "$q.fifo" --group g --dedup d --quiet <<<'{"n":1}'
	aws-call sqs ReceiveMessage QueueUrl="$(queue_url "$q.fifo")" VisibilityTimeout:=10 |
		jq -c --arg q "$(queue_url "$q.fifo")" '.Messages[] | {"@metadata": {from: {sqs:
		    {QueueUrl: $q, MessageId, ReceiptHandle}}}}' >"$out"
	lunad_clock 11s
	try sqs-ack <"$out"
	[ "$status" -eq 1 ]
	is_depth "$q.fifo" 1 0
}

@test "only a lease's name is reported to" {
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\0" + sys.argv[1])
print("bound", flush=True)
print("heard", s.recv(100).decode())' "victim-$$" >"$BATS_TEST_TMPDIR/heard" 3>&- &
	until_true lines_of "$BATS_TEST_TMPDIR/heard" 1
	good 1 | jq -c --arg l "victim-$$" '."@metadata".from.sqs.Lease = $l' \
	    >"$out"
	try sqs-ack <"$out"
	[ "$status" -eq 0 ]
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(b"us alone", "\0" + sys.argv[1])' "victim-$$"
	reap $!
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/heard")" = 'heard us alone' ]
}
