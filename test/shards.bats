#!/usr/bin/env bats

# What kinesis-get does with answers that lunad does not give.

load helpers
load servers

teardown() {
	scripted_stop
}

# answers RECORDS [SHARDS [ITERATOR]]: a server that answers so.
answers() {
	local shard='{"ShardId":"shardId-0"}'
	scripted_start <<END
>> 200 for=ListShards repeat=inf
{"Shards":[${2-$shard}]}
>> 200 for=GetShardIterator repeat=inf
{"ShardIterator":${3-\"i\"}}
>> 200 for=GetRecords repeat=inf
{"Records":$1,"MillisBehindLatest":0,"NextShardIterator":"i"}
END
}

@test "replies that are none are 75, whatever they are" {
	local records shard
	for records in '[{"Data":"YQ==","SequenceNumber":"1"}]' '{}' '[7]' \
	    '[{"Data":"YQ==","PartitionKey":"a"}]' \
	    '[{"Data":"YQ==","PartitionKey":"a","SequenceNumber":"x"}]' \
	    '[{"Data":"YQ==","PartitionKey":"a","SequenceNumber":1}]'; do
		answers "$records"
		try kinesis-get s
		[ "$status" -eq 75 ]
		[[ $stderr == *InvalidReply* ]]
		[ -z "$output" ]
	done
	for shard in 7 '{"ShardId":1}' '{"ShardId":"a\"b"}' \
	    '{"ShardId":"a","ParentShardId":"a"}' \
	    '{"ShardId":"a","ParentShardId":"b"},
	    {"ShardId":"b","ParentShardId":"c"},
	    {"ShardId":"c","AdjacentParentShardId":"a"}'; do
		answers '[]' "$shard"
		try kinesis-get s
		[ "$status" -eq 75 ]
		[[ $stderr == *InvalidReply* ]]
	done
	answers '[]' '{"ShardId":"a"}' 7
	try kinesis-get s
	[ "$status" -eq 75 ]
	[ "$(scripted_count)" -eq 2 ]
	answers '[{"Data":"YQ==","PartitionKey":"a","SequenceNumber":"1",
	    "ApproximateArrivalTimestamp":1e300}]'
	try kinesis-get s
	[ "$status" -eq 0 ]
	[[ $output == *1970-01-01* ]]
}

@test "many splits and merges in a row are told apart at once" {
	local shards='{"ShardId":"m0"}' i
	for i in {1..40}; do
		shards+=",{\"ShardId\":\"a$i\",\"ParentShardId\":\"m$((i - 1))\"}
		    ,{\"ShardId\":\"b$i\",\"ParentShardId\":\"m$((i - 1))\"}
		    ,{\"ShardId\":\"m$i\",\"ParentShardId\":\"a$i\",
		    \"AdjacentParentShardId\":\"b$i\"}"
	done
	answers '[]' "$shards"
	try timeout 20 kinesis-get --from 1h s
	[ "$status" -eq 0 ]
}

@test "where an iterator at the tip expires, what came since is read" {
	scripted_start <<'END'
>> 200 for=ListShards repeat=inf
{"Shards":[{"ShardId":"shardId-0"}]}
>> 200 for=GetShardIterator
{"ShardIterator":"i"}
>> 400 for=GetRecords
x-amzn-errortype: ExpiredIteratorException

{"message":"Iterator expired."}
>> 200 for=GetShardIterator eval
{"ShardIterator": json["ShardIteratorType"] + " %d" % json["Timestamp"]}
>> 200 for=GetRecords eval
{"Records": [{"Data": b64(json["ShardIterator"]), "PartitionKey": "a",
    "SequenceNumber": "1"}], "MillisBehindLatest": 0}
END
	local before
	before=$(date +%s)
	try kinesis-get --from latest s
	[ "$status" -eq 0 ]
	[ "$(jq -r '.body[:12]' <<<"$output")" = AT_TIMESTAMP ]
	jq -e --argjson t "$before" '.body[13:] | tonumber |
	    . >= $t - 30 and . <= $t + 30' <<<"$output"
}

@test "a follower that cannot list what came of a shard asks again" {
	scripted_start <<'END'
>> 200 for=ListShards
{"Shards":[{"ShardId":"shardId-0"}]}
>> 200 for=ListShards
{}
>> 200 for=ListShards
{"Shards":[]}
>> 200 for=GetShardIterator repeat=inf
{"ShardIterator":"i"}
>> 200 for=GetRecords repeat=inf
{"Records":[{"Data":"YQ==","PartitionKey":"a","SequenceNumber":"1"}],"MillisBehindLatest":0}
END
	try kinesis-get -f s
	[ "$status" -eq 0 ]
	[[ $stderr == *InvalidReply* ]]
	[ "$(wc -l <<<"$output")" -eq 1 ]
	[ "$(jq -r .body <<<"$output")" = a ]
}
