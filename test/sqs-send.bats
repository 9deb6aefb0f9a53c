#!/usr/bin/env bats

load helpers
load contract

setup_file() {
	lunad_start
}

teardown_file() {
	lunad_stop
}

setup() {
	q=q$BATS_TEST_NUMBER
	queue "$q"
	sink=(sqs-send "$q")
	action=sqs:SendMessageBatch
}

teardown() {
	lunad_fault
}

good() {
	records "$1"
}

# bodies [QUEUE]: what is in a queue, one body a line; it is empty then.
bodies() {
	sqs-recv -w 0 --raw "${1:-$q}" | tee "$BATS_TEST_TMPDIR/received" |
		sqs-ack --quiet
	gojq -c 'del(."@metadata")' "$BATS_TEST_TMPDIR/received"
}

@test "help and usage" {
	contract_help
	contract_usage
	try sqs-send
	[ "$status" -eq 2 ]
	[[ $stderr == *operand* ]]
	local args
	for args in '--delay 901 q' '-a x q' '-a =x q' '-a a:Binary=x q' \
	    '-a a:Numbers=x q' '-a a/b=x q' '-a a={{ q' '-m {{x q' 'q.fifo' \
	    '--delay 1 --group g q.fifo'; do
		# shellcheck disable=SC2086 # words
		try sqs-send $args </dev/null
		[ "$status" -eq 2 ]
		[ -n "$stderr" ]
	done
}

@test "records go in, come out in order, and are in the queue once" {
	contract_happy
	[ "$(bodies | sort)" = "$(records 12 | sort)" ]
}

@test "the reply's MessageId goes into the metadata" {
	give $'{"n":1}\n'
	[[ $(jq -r '."@metadata".to.sqs.MessageId' <<<"$output") =~ ^[0-9a-f-]{36}$ ]]
}

@test "empty input, --quiet, --when, --dry-run" {
	contract_empty
	contract_quiet
	contract_unless
	contract_dry_run
}

@test "a line that is no record fails alone, with its place" {
	contract_bad_line
}

@test "what failed and was not kept is counted" {
	contract_not_kept
}

@test "bytes pass as they are" {
	contract_bytes
}

@test "a throttled call is sent again and its records come out once" {
	contract_throttle
	[ "$(bodies | sort)" = "$(records 20 | sort)" ]
}

@test "entries refused for now are sent again and arrive once" {
	lunad_fault sqs:SendMessageBatch=partial:0.4:x12
	give "$(records 100)"$'\n'
	lunad_fault
	[ "$status" -eq 0 ]
	diff <(jq -c .n <<<"$output") <(seq 100)
	[ "$(bodies | sort)" = "$(records 100 | sort)" ]
}

@test "an entry refused for good fails, its neighbours do not" {
	lunad_fault 'sqs:SendMessageBatch=refuse:"n":7}'
	give "$(records 12)"$'\n' --failed "$BATS_TEST_TMPDIR/failed"
	lunad_fault
	[ "$status" -eq 1 ]
	diff <(jq -c .n <<<"$output") <(seq 12 | grep -vx 7)
	[ "$(jq -c .n "$BATS_TEST_TMPDIR/failed")" = 7 ]
	[ "$(jq '."@metadata".error.retryable' "$BATS_TEST_TMPDIR/failed")" = \
	    false ]
}

@test "a reply without an entry, or with a wrong MD5, is no success" {
	lunad_fault sqs:SendMessageBatch=missing-entry
	give "$(records 1)"$'\n' --patience 1
	[ "$status" -eq 75 ]
	lunad_fault sqs:SendMessageBatch=wrong-md5
	give "$(records 1)"$'\n'
	[ "$status" -eq 75 ]
	[[ $stderr == *WrongDigest* ]]
}

@test "denied is 2 and calls no more; garbage is 75" {
	contract_denied
	contract_garbage
}

@test "the service away: 75, all kept, and the file delivers them" {
	contract_away
	[ "$(bodies | wc -l)" -eq 30 ]
}

@test "away from the first call on: 75, all kept, and the file delivers them" {
	contract_down
	[ "$(bodies | wc -l)" -eq 30 ]
}

@test "the service comes back within --patience: nothing fails" {
	contract_back
	[ "$(bodies | wc -l)" -eq 30 ]
}

@test "what stdout did not take is kept" {
	contract_unprinted
}

@test "stdin that cannot be read is 2, --failed that is full is told" {
	contract_no_stdin
	contract_file_full
}

@test "a signal: 5 s for what was sent, all else is kept" {
	contract_signal
}

@test "after a signal stdin is read to its end" {
	contract_reads_on
}

@test "a second signal kills" {
	contract_second_signal
}

@test "a record goes out though none follows; then the tool sleeps" {
	contract_live
}

@test "--rate holds, with --linger 0 too" {
	contract_rate
}

@test "--memory 1 lets all through" {
	contract_small_memory
}

@test "stdout full is 1, no credentials is 2" {
	contract_full
	contract_no_credentials
}

@test "a queue that does not exist is 2 and named" {
	try sqs-send nowhere <<<'{"n":1}'
	[ "$status" -eq 2 ]
	[[ $stderr == *nowhere* ]]
	# With --failed what came is kept.
	try sqs-send nowhere --failed "$BATS_TEST_TMPDIR/failed" <<<'{"n":1}'
	[ "$status" -eq 2 ]
	[ "$(jq .n "$BATS_TEST_TMPDIR/failed")" = 1 ]
}

@test "--message, --attr and --delay fill a message" {
	give $'{"n":1,"who":"a&b"}\n' -m 'hello {{who}}' -a who='{{who}}' \
	    -a n:Number='{{n}}'
	[ "$status" -eq 0 ]
	sqs-recv -w 0 "$q" | tee "$BATS_TEST_TMPDIR/r" | sqs-ack --quiet
	[ "$(jq -r .body "$BATS_TEST_TMPDIR/r")" = 'hello a&b' ]
	[ "$(jq -cS '."@metadata".from.sqs.MessageAttributes.n' \
	    "$BATS_TEST_TMPDIR/r")" = '{"DataType":"Number","StringValue":"1"}' ]
}

@test "a missing field fails the record and names the field" {
	give $'{"n":1}\n' -m '{{who}}'
	[ "$status" -eq 1 ]
	[[ $stderr == *who* ]]
}

@test "a character that SQS does not take is refused with its place" {
	give $'{"t":"a\\u0001b"}\n' -m '{{t}}'
	[ "$status" -eq 1 ]
	[[ $stderr == *U+0001*byte\ 2* ]]
}

@test "a message of more than 1 MiB is refused, its neighbours go" {
	{
		records 1
		printf '{"big":"%01048600d"}\n' 0
		records 1
	} >"$BATS_TEST_TMPDIR/in"
	try sqs-send --quiet "$q" <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 1 ]
	[[ $stderr == *"line 2: TooLarge"* ]]
	[ "$(bodies | wc -l)" -eq 2 ]
}

@test "messages of a FIFO group keep their order under partial failures" {
	queue q.fifo FifoQueue=true ContentBasedDeduplication=true
	lunad_fault sqs:SendMessageBatch=partial:0.4:x12
	seq 60 | jq -c '{n: ., g: (. % 3)}' >"$BATS_TEST_TMPDIR/in"
	try sqs-send q.fifo --group 'g{{g}}' <"$BATS_TEST_TMPDIR/in"
	lunad_fault
	[ "$status" -eq 0 ]
	bodies q.fifo >"$BATS_TEST_TMPDIR/got"
	for g in 0 1 2; do
		diff <(jq -c "select(.g == $g) | .n" "$BATS_TEST_TMPDIR/got") \
		    <(jq -c "select(.g == $g) | .n" "$BATS_TEST_TMPDIR/in")
	done
}

# A call that is refused as a whole, for one entry without its group.
@test "a refused call is halved until the offender is alone, wherever it is" {
	queue h.fifo FifoQueue=true ContentBasedDeduplication=true
	local bad
	for bad in 1 2 3 4 5 6 7 8 9 10; do
		records 10 | jq -c --argjson bad "$bad" 'if .n == $bad then . else
		    ."@metadata" = {from: {sqs: {MessageGroupId: "g\(.n)"}}} end |
		    .run = $bad' >"$BATS_TEST_TMPDIR/in"
		rm -f "$BATS_TEST_TMPDIR/failed"
		try sqs-send h.fifo --as-received --jobs 1 -v \
		    --failed "$BATS_TEST_TMPDIR/failed" <"$BATS_TEST_TMPDIR/in"
		[ "$status" -eq 1 ]
		[[ $stderr == *"line $bad: InvalidParameterValue: "* ]]
		[ "$(grep -c 'SendMessageBatch 400' <<<"$stderr")" -ge 1 ]
		diff <(jq .n <<<"$output") <(seq 10 | grep -vx "$bad")
		[ "$(jq .n "$BATS_TEST_TMPDIR/failed")" = "$bad" ]
	done
	[ "$(bodies h.fifo | wc -l)" -eq 90 ]
}

@test "text that was received goes on as text, with what it had" {
	queue copy
	sqs-send "$q" --message 'plain {{x}}' -a k=v --quiet <<<'{"x":1}'
	sqs-recv -w 0 --raw "$q" | sqs-send copy --as-received | sqs-ack --quiet
	sqs-recv -w 0 copy | tee "$BATS_TEST_TMPDIR/r" | sqs-ack --quiet
	[ "$(jq -r .body "$BATS_TEST_TMPDIR/r")" = 'plain 1' ]
	[ "$(jq -r '."@metadata".from.sqs.MessageAttributes.k.StringValue' \
	    "$BATS_TEST_TMPDIR/r")" = v ]
}
