# Kinesis of a lunad that a test has for itself: one that is killed, and one
# that holds to AWS's rates.
load helpers

setup() {
	reply=$BATS_TEST_TMPDIR/reply
}

teardown() { lunad_stop; }

# kinesis OPERATION JSON: prints the reply; $? is 1 when it is an error.
kinesis() {
	local status
	status=$(curl -sS --aws-sigv4 aws:amz:us-east-1:kinesis \
	    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    -H 'Content-Type: application/x-amz-json-1.1' \
	    -H "X-Amz-Target: Kinesis_20131202.$1" -o "$reply" \
	    -w '%{http_code}' --data-binary "$2" "$AWS_ENDPOINT_URL/")
	cat "$reply"
	[ "$status" = 200 ]
}

# records FROM TO: a PutRecords body of the numbers as data and key.
records() {
	seq "$1" "$2" | jq -Rnc '{StreamName: "s",
	    Records: [inputs | {Data: @base64, PartitionKey: .}]}'
}

# read_all: the data of shard 0 from its begin.
read_all() {
	local it
	it=$(kinesis GetShardIterator '{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"}' |
		jq -r .ShardIterator)
	kinesis GetRecords "{\"ShardIterator\":\"$it\"}" |
		jq -r '.Records[] | .Data | @base64d'
}

@test "what was answered survives kill -9, and numbers go on from there" {
	lunad_only files
	lunad_start
	kinesis CreateStream '{"StreamName":"s","ShardCount":1}'
	kinesis PutRecords "$(records 1 10)" >"$BATS_TEST_TMPDIR/first"
	local it
	it=$(kinesis GetShardIterator '{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"LATEST"}' |
		jq -r .ShardIterator)
	lunad_again
	[ "$(read_all | tr '\n' ' ')" = '1 2 3 4 5 6 7 8 9 10 ' ]
	kinesis PutRecords "$(records 11 12)" >"$BATS_TEST_TMPDIR/second"
	[[ $(jq -r '.Records[0].SequenceNumber' "$BATS_TEST_TMPDIR/second") > \
	    $(jq -r '.Records[9].SequenceNumber' "$BATS_TEST_TMPDIR/first") ]]
	kinesis GetRecords "{\"ShardIterator\":\"$it\"}"
	[ "$(jq -r '.Records[] | .Data | @base64d' "$reply" | tr '\n' ' ')" = '11 12 ' ]
}

@test "what has expired while it was down is gone, and shards stay closed" {
	lunad_only files
	lunad_start
	kinesis CreateStream '{"StreamName":"s","ShardCount":1}'
	kinesis PutRecords "$(records 1 3)"
	kinesis SplitShard '{"StreamName":"s","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"77"}'
	lunad_again
	[ "$(read_all | tr '\n' ' ')" = '1 2 3 ' ]
	lunad_clock 25h
	lunad_again
	[ "$(kinesis ListShards '{"StreamName":"s"}' |
		jq -c '[.Shards[].ShardId[-1:]]')" = '["1","2"]' ]
}

# All records of a call come at one time, so this does not depend on how fast
# the test is. The rates over time: test/cases/kinesis/limit_*.
@test "--limits: of more than a second's share a shard takes the first" {
	lunad_only limits
	lunad_start --limits
	kinesis CreateStream '{"StreamName":"s","ShardCount":1}'
	head -c 524288 /dev/zero | base64 -w 0 >"$BATS_TEST_TMPDIR/data"
	jq -Rnc '[inputs] as [$d] | {StreamName: "s", Records: [range(4) |
	    {Data: $d, PartitionKey: "k"}]}' <"$BATS_TEST_TMPDIR/data" \
	    >"$BATS_TEST_TMPDIR/body"
	kinesis PutRecords "@$BATS_TEST_TMPDIR/body"
	jq -e '.FailedRecordCount == 3 and (.Records | length) == 4
	    and .Records[0].SequenceNumber and all(.Records[1:][];
	    .ErrorCode == "ProvisionedThroughputExceededException" and
	    .ErrorMessage == "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.")' "$reply"
	lunad_clock 1s
	kinesis PutRecords "@$BATS_TEST_TMPDIR/body"
	jq -e '.FailedRecordCount == 3' "$reply"
}
