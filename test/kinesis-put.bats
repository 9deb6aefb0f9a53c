#!/usr/bin/env bats

load helpers
load contract
load streams

setup_file() {
	lunad_start
}

teardown_file() {
	lunad_stop
}

setup() {
	s=s$BATS_TEST_NUMBER
	stream "$s" 2
	sink=(kinesis-put -k '{{n}}' "$s")
	action=kinesis:PutRecords
}

teardown() {
	lunad_fault
}

good() {
	records "$1"
}

@test "help and usage" {
	contract_help
	contract_usage
	local args
	for args in '' '-k k' 's' '-k {{n s' '-k k a/b' \
	    '-k k arn:aws:sqs:us-east-1:000000000000:s'; do
		# shellcheck disable=SC2086 # words
		try kinesis-put $args </dev/null
		[ "$status" -eq 2 ]
		[ -n "$stderr" ]
	done
}

@test "records go in, come out in order, and are on the stream once" {
	contract_happy
	[ "$(stream_data "$s" | sort)" = "$(records 12 | sort)" ]
}

@test "a stream by its ARN" {
	local arn
	arn=$(aws-call kinesis DescribeStreamSummary "StreamName=$s" |
		jq -r .StreamDescriptionSummary.StreamARN)
	try kinesis-put -k '{{n}}' "$arn" <<<'{"n":7}'
	[ "$status" -eq 0 ]
	[ "$(stream_data "$s")" = '{"n":7}' ]
}

@test "the reply's SequenceNumber and ShardId go into the metadata" {
	give $'{"n":1}\n'
	local shard
	shard=$(jq -r '."@metadata".to.kinesis.ShardId' <<<"$output")
	[ "$(stream_shard "$s" "$shard" | jq -r .SequenceNumber)" = \
	    "$(jq -r '."@metadata".to.kinesis.SequenceNumber' <<<"$output")" ]
}

@test "the key decides the shard: one key, one shard" {
	give "$(records 40 | jq -c '{n: (.n % 5), i: .n}')"
	[ "$status" -eq 0 ]
	jq -r '"\(.n) \(."@metadata".to.kinesis.ShardId)"' <<<"$output" |
		sort -u >"$BATS_TEST_TMPDIR/pairs"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/pairs")" -eq 5 ]
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
	[[ $(stream_data "$s") == *'"a":2103807459595387724,"b":0.10,"c":"\u00e9\/"}' ]]
}

@test "a throttled call is sent again and its records come out once" {
	contract_throttle
	[ "$(stream_data "$s" | sort)" = "$(records 20 | sort)" ]
}

@test "entries refused for now are sent again, they alone, and arrive once" {
	lunad_fault kinesis:PutRecords=partial:0.4:x12
	give "$(records 1500)"
	lunad_fault
	[ "$status" -eq 0 ]
	diff <(jq -c .n <<<"$output") <(seq 1500)
	[ "$(stream_data "$s" | sort)" = "$(records 1500 | sort)" ]
}

# in_order FILE: each key's records come with rising i.
in_order() {
	jq -s 'group_by(.n) | all(.[]; map(.i) as $i | $i == ($i | sort))' <"$1"
}

@test "--strict keeps each key's order under partial failures" {
	records 1200 | jq -c '{n: (.n % 197), i: .n}' >"$BATS_TEST_TMPDIR/in"
	lunad_fault kinesis:PutRecords=partial:0.4:x12
	try "${sink[@]}" --strict <"$BATS_TEST_TMPDIR/in"
	lunad_fault
	[ "$status" -eq 0 ]
	stream_data "$s" >"$BATS_TEST_TMPDIR/got"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/got")" -eq 1200 ]
	[ "$(in_order "$BATS_TEST_TMPDIR/got")" = true ]
}

@test "a shard's limit is waited for, and nothing is lost" {
	lunad_fault 'kinesis:PutRecords=throttle:x3'
	give "$(records 600)"
	[ "$status" -eq 0 ]
	[ "$(stream_data "$s" | wc -l)" -eq 600 ]
}

@test "an empty key, a long one and a missing one fail their records" {
	local long
	long=$(printf '%0257d' 0)
	printf '%s\n' '{"n":""}' "{\"n\":\"$long\"}" '{"m":1}' \
	    "{\"n\":\"${long:1}\"}" >"$BATS_TEST_TMPDIR/in"
	try "${sink[@]}" <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 1 ]
	[[ $stderr == *'line 1: BadKey'*'line 2: BadKey'*"line 3: "*n* ]]
	[ "$(out_count)" -eq 1 ]
	[ "$(stream_data "$s" | wc -l)" -eq 1 ]
}

@test "a record that is too large for the stream fails, its neighbours do not" {
	{
		records 1
		printf '{"n":2,"big":"%01048600d"}\n' 0
		echo '{"n":3}'
	} >"$BATS_TEST_TMPDIR/in"
	try "${sink[@]}" --failed "$BATS_TEST_TMPDIR/failed" \
	    <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 1 ]
	[[ $stderr == *'line 2: '* ]]
	[ "$(jq .n <<<"$output" | xargs)" = '1 3' ]
	[ "$(stream_data "$s" | sort | xargs)" = '{n:1} {n:3}' ]
}

@test "denied is 2 and calls no more; garbage is 75" {
	contract_denied
	contract_garbage
}

@test "a reply without an entry is no success" {
	lunad_fault kinesis:PutRecords=missing-entry
	give "$(records 3)" --patience 1
	[ "$status" -eq 75 ]
	[ -z "$output" ]
}

@test "the service away: 75, all kept, and the file delivers them" {
	contract_away
	[ "$(stream_data "$s" | wc -l)" -eq 30 ]
}

@test "away from the first call on: 75, all kept, and the file delivers them" {
	contract_down
	[ "$(stream_data "$s" | wc -l)" -eq 30 ]
}

@test "the service comes back within --patience: nothing fails" {
	contract_back
	[ "$(stream_data "$s" | wc -l)" -eq 30 ]
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

@test "--rate holds, with --linger 0 too; --memory 1 lets all through" {
	contract_rate
	contract_small_memory
}

@test "stdout full is 1, no credentials is 2" {
	contract_full
	contract_no_credentials
}

@test "a stream that does not exist is 2 and named" {
	try kinesis-put -k '{{n}}' nowhere <<<'{"n":1}'
	[ "$status" -eq 2 ]
	[[ $stderr == *nowhere* ]]
}

@test "text that was received goes on as text" {
	queue "q$BATS_TEST_NUMBER"
	sqs-send "q$BATS_TEST_NUMBER" -m 'plain {{n}}' --quiet <<<'{"n":1}'
	sqs-recv -w 0 "q$BATS_TEST_NUMBER" | kinesis-put -k k "$s" |
		sqs-ack --quiet
	[ "$(stream_data "$s")" = 'plain 1' ]
}
