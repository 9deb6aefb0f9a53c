#!/usr/bin/env bats

load helpers
load contract

setup_file() {
	lunad_start
}

teardown_file() {
	lunad_stop
}

# A topic and a queue of each test's own.
setup() {
	q=q$BATS_TEST_NUMBER
	t=t$BATS_TEST_NUMBER
	queue "$q"
	topic "$t"
	subscribe "$t" "$q"
	sink=(sns-pub "$t")
	action=sns:PublishBatch
}

teardown() {
	lunad_fault
}

arn() { # arn SERVICE NAME
	echo "arn:aws:$1:$AWS_REGION:$AWS_ACCOUNT_ID:$2"
}

subscribe() { # subscribe TOPIC QUEUE
	aws-call sns Subscribe "TopicArn=$(arn sns "$1")" Protocol=sqs \
	    "Endpoint=$(arn sqs "$2")" >/dev/null
}

good() {
	records "$1"
}

bodies() {
	sqs-recv "${1:-$q}" | tee "$BATS_TEST_TMPDIR/received" |
		sqs-ack --quiet
	gojq -c 'del(."@metadata")' "$BATS_TEST_TMPDIR/received"
}

@test "help and usage" {
	contract_help
	contract_usage
	local args
	for args in '' 'a b' '-a x t' '-a a:Binary=x t' 't.fifo' '-s {{ t'; do
		# shellcheck disable=SC2086 # words
		try sns-pub $args </dev/null
		[ "$status" -eq 2 ]
		[ -n "$stderr" ]
	done
}

@test "records go in, come out in order, and reach the queue once" {
	contract_happy
	[ "$(bodies | sort)" = "$(records 12 | sort)" ]
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

@test "bytes pass as they are" {
	contract_bytes
}

@test "a throttled call is sent again and its records come out once" {
	contract_throttle
	[ "$(bodies | sort)" = "$(records 20 | sort)" ]
}

@test "entries refused for now are sent again and arrive once" {
	lunad_fault sns:PublishBatch=partial:0.4:x12
	give "$(records 100)"$'\n'
	lunad_fault
	[ "$status" -eq 0 ]
	diff <(jq -c .n <<<"$output") <(seq 100)
	[ "$(bodies | sort)" = "$(records 100 | sort)" ]
}

@test "an entry refused for good fails, its neighbours do not" {
	lunad_fault 'sns:PublishBatch=refuse:"n":7}'
	give "$(records 12)"$'\n' --failed "$BATS_TEST_TMPDIR/failed"
	lunad_fault
	[ "$status" -eq 1 ]
	diff <(jq -c .n <<<"$output") <(seq 12 | grep -vx 7)
	[ "$(jq -c .n "$BATS_TEST_TMPDIR/failed")" = 7 ]
}

@test "a reply without an entry is no success" {
	lunad_fault sns:PublishBatch=missing-entry
	give $'{"n":1}\n' --patience 1
	[ "$status" -eq 75 ]
}

@test "denied is 2 and calls no more" {
	contract_denied
}

@test "garbage is 75" {
	contract_garbage
}

@test "the service away: 75, all kept, and the file delivers them" {
	contract_away
	[ "$(bodies | wc -l)" -eq 30 ]
}

@test "away from the first call on: 75, all kept, and the file delivers them" {
	unset AWS_ACCOUNT_ID # the set-up asks STS
	contract_down
	[ "$(bodies | wc -l)" -eq 30 ]
}

@test "the service comes back within --patience: nothing fails" {
	contract_back
	[ "$(bodies | wc -l)" -eq 30 ]
}

@test "stdout, stdin and a signal: what was read is kept" {
	contract_unprinted
	contract_no_stdin
	contract_signal
}

@test "a record goes out though none follows; then the tool sleeps" {
	contract_live
}

@test "stdout full is 1, no credentials is 2" {
	contract_full
	contract_no_credentials
}

@test "a topic that does not exist is 2 and named" {
	try sns-pub nowhere <<<'{"n":1}'
	[ "$status" -eq 2 ]
	[[ $stderr == *nowhere* || $stderr == *NotFound* ]]
}

@test "subject, attributes and message are filled from the record" {
	give $'{"n":5,"who":"x"}\n' -s 'Hello {{who}}' -a who='{{who}}' \
	    -a n:Number='{{n}}' -m 'n is {{n}}'
	[ "$status" -eq 0 ]
	bodies >/dev/null
	[ "$(jq -r .body "$BATS_TEST_TMPDIR/received")" = 'n is 5' ]
	[ "$(jq -r '."@metadata".from.sqs.sns.Subject' \
	    "$BATS_TEST_TMPDIR/received")" = 'Hello x' ]
	[ "$(jq -r '."@metadata".from.sqs.sns.MessageAttributes.n.Type' \
	    "$BATS_TEST_TMPDIR/received")" = Number ]
}

@test "a subject with a line break, or of 100 characters, fails the record" {
	give $'{"s":"a\\nb"}\n{"s":"'"$(printf '%0100d' 0)"$'"}\n{"s":"fine"}\n' \
	    -s '{{s}}'
	[ "$status" -eq 1 ]
	[ "$(out_count)" -eq 1 ]
	[[ $stderr == *'line 1: '*'line 2: InvalidSubject'* ]]
}

@test "a FIFO topic keeps the order of a group" {
	queue "f$q.fifo" FifoQueue=true ContentBasedDeduplication=true
	aws-call sns CreateTopic "Name=$t.fifo" Attributes:='{"FifoTopic":"true","ContentBasedDeduplication":"true"}' >/dev/null
	subscribe "$t.fifo" "f$q.fifo"
	lunad_fault sns:PublishBatch=partial:0.5:x3
	records 30 >"$BATS_TEST_TMPDIR/in"
	try sns-pub "$t.fifo" --group g <"$BATS_TEST_TMPDIR/in"
	lunad_fault
	[ "$status" -eq 0 ]
	diff <(bodies "f$q.fifo") "$BATS_TEST_TMPDIR/in"
}

@test "an ARN does as well as a name, and a record cannot choose the topic" {
	try sns-pub "$(arn sns "$t")" <<<'{"n":1}'
	[ "$status" -eq 0 ]
	try sns-pub '{{t}}' <<<"{\"t\":\"$t\"}"
	[ "$status" -eq 2 ]
}

@test "a second signal kills" {
	contract_second_signal
}
