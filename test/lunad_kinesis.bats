# Kinesis of lunad, by plain signed requests. Every operation through another's
# client: test/interop/boto3_kinesis.py.
load helpers
load cases

setup_file() { lunad_start; }
teardown_file() { lunad_stop; }

setup() {
	s=s$BATS_TEST_NUMBER
	reply=$BATS_TEST_TMPDIR/reply
}

# kinesis OPERATION JSON: prints the reply; $? is 1 when it is an error.
kinesis() {
	local status
	printf '%s' "$2" >"$BATS_TEST_TMPDIR/body"
	status=$(curl -sS --aws-sigv4 aws:amz:us-east-1:kinesis \
	    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    -H 'Content-Type: application/x-amz-json-1.1' \
	    -H "X-Amz-Target: Kinesis_20131202.$1" -o "$reply" \
	    -w '%{http_code}' --data-binary "@$BATS_TEST_TMPDIR/body" \
	    "$AWS_ENDPOINT_URL/")
	cat "$reply"
	[ "$status" = 200 ]
}

# make_stream [SHARDS [NAME]]
make_stream() {
	kinesis CreateStream \
	    "{\"StreamName\":\"${2:-$s}\",\"ShardCount\":${1:-1}}" >/dev/null
}

# records FROM TO [KEY]: a PutRecords body of the numbers as data.
records() {
	seq "$1" "$2" | jq -Rnc --arg s "$s" --arg k "${3-}" '{StreamName: $s,
	    Records: [inputs | {Data: @base64,
		PartitionKey: (if $k == "" then . else $k end)}]}'
}

# put FROM TO [KEY]: the numbers, in one call.
put() {
	kinesis PutRecords "$(records "$@")" >/dev/null
}

# iterator TYPE [MORE [SHARD]]
iterator() {
	kinesis GetShardIterator "{\"StreamName\":\"$s\",\"ShardId\":\"shardId-${3:-000000000000}\",\"ShardIteratorType\":\"$1\"${2:+,$2}}" \
	    >/dev/null && jq -r .ShardIterator "$reply"
}

# get ITERATOR [MORE]: the data, a line each.
get() {
	kinesis GetRecords "{\"ShardIterator\":\"$1\"${2:+,$2}}" |
		jq -r '.Records[] | .Data | @base64d'
}

# read TYPE [MORE [SHARD]]: what an iterator of that kind finds.
read_from() {
	get "$(iterator "$@")"
}

number() { # number N: the sequence number of record N of the last PutRecords
	jq -r ".Records[$1].SequenceNumber" <"$BATS_TEST_TMPDIR/put"
}

# refused CODE [TEXT]: the last reply was just this error.
refused() {
	cat "$reply"
	[ "$(jq -r .__type <"$reply")" = "$1" ]
	[ -z "${2-}" ] || [[ $(jq -r .message <"$reply") == *"$2"* ]]
}

now() {
	curl -sSf "$AWS_ENDPOINT_URL/_luna/clock" | jq -r .now
}

@test "hash keys and sequence numbers: every case in test/cases/kinesis" {
	cases "$(program lunad_kinesis)" "$BATS_TEST_DIRNAME/cases/kinesis"
}

@test "what is put is got back, in order, with key, number and time" {
	make_stream
	kinesis PutRecords "$(records 1 3)" >"$BATS_TEST_TMPDIR/put"
	jq -e '.FailedRecordCount == 0 and (.Records | length) == 3' \
	    "$BATS_TEST_TMPDIR/put"
	kinesis PutRecord "{\"StreamName\":\"$s\",\"Data\":\"$(base64 <<<é)\",\"PartitionKey\":\"k\\u00e9\\\"\\\\\"}"
	jq -r .SequenceNumber "$reply" >>"$BATS_TEST_TMPDIR/last"
	kinesis GetRecords "{\"ShardIterator\":\"$(iterator TRIM_HORIZON)\"}"
	[ "$(jq -c '[.Records[] | .PartitionKey]' "$reply")" = \
	    '["1","2","3","ké\"\\"]' ]
	[ "$(jq -r '.Records[3].Data | @base64d' "$reply")" = é ]
	{
		jq -r '.Records[].SequenceNumber' "$BATS_TEST_TMPDIR/put"
		cat "$BATS_TEST_TMPDIR/last"
	} >"$BATS_TEST_TMPDIR/said"
	jq -r '.Records[].SequenceNumber' "$reply" |
		diff "$BATS_TEST_TMPDIR/said" -
	sort -c "$BATS_TEST_TMPDIR/said"
	run ! grep -vE '^[0-9]{56}$' "$BATS_TEST_TMPDIR/said"
	jq -e '.MillisBehindLatest == 0 and .NextShardIterator' "$reply"
	jq -e '(now - .Records[0].ApproximateArrivalTimestamp | fabs) < 3600' \
	    "$reply"
}

@test "a record's shard is that of its key's hash, or of the hash given" {
	make_stream 4
	kinesis PutRecords "{\"StreamName\":\"$s\",\"Records\":[
	    {\"Data\":\"\",\"PartitionKey\":\"a\"},
	    {\"Data\":\"\",\"PartitionKey\":\"2103807459595387724\"},
	    {\"Data\":\"\",\"PartitionKey\":\"user-541312140\"},
	    {\"Data\":\"\",\"PartitionKey\":\"a\",\"ExplicitHashKey\":\"170141183460469231731687303715884105728\"},
	    {\"Data\":\"\",\"PartitionKey\":\"a\",\"ExplicitHashKey\":\"170141183460469231731687303715884105727\"}]}"
	[ "$(jq -r '.Records[].ShardId | ltrimstr("shardId-00000000000")' \
	    "$reply" | tr '\n' ' ')" = '0 1 3 2 1 ' ]
}

@test "an iterator begins where its kind says" {
	make_stream
	put 1 3
	lunad_clock 10s
	kinesis PutRecords "$(records 4 6)" >"$BATS_TEST_TMPDIR/put"
	local at
	at=$(kinesis GetRecords "{\"ShardIterator\":\"$(iterator TRIM_HORIZON)\"}" |
		jq '.Records[3].ApproximateArrivalTimestamp')
	[ "$(read_from TRIM_HORIZON | tr '\n' ' ')" = '1 2 3 4 5 6 ' ]
	[ "$(read_from AT_SEQUENCE_NUMBER "\"StartingSequenceNumber\":\"$(number 1)\"" | tr '\n' ' ')" = '5 6 ' ]
	[ "$(read_from AFTER_SEQUENCE_NUMBER "\"StartingSequenceNumber\":\"$(number 1)\"")" = 6 ]
	[ -z "$(read_from AFTER_SEQUENCE_NUMBER "\"StartingSequenceNumber\":\"$(number 2)\"")" ]
	[ "$(read_from AT_TIMESTAMP "\"Timestamp\":$at" | tr '\n' ' ')" = '4 5 6 ' ]
	[ "$(read_from AT_TIMESTAMP "\"Timestamp\":$(jq -n "$at - 1")" | tr '\n' ' ')" = '4 5 6 ' ]
	[ "$(read_from AT_TIMESTAMP '"Timestamp":0' | head -n 1)" = 1 ]
	local latest
	latest=$(iterator LATEST)
	put 7 7
	[ "$(get "$latest")" = 7 ]
}

@test "times are found among many blocks" {
	make_stream
	local i at
	for i in 1 2 3 4 5 6 7; do
		put "${i}0" "${i}2"
		lunad_clock 1s >/dev/null
	done
	kinesis GetRecords "{\"ShardIterator\":\"$(iterator TRIM_HORIZON)\"}" \
	    >"$BATS_TEST_TMPDIR/all"
	for i in 0 1 2 3 4 5 6; do
		at=$(jq ".Records[$((i * 3))].ApproximateArrivalTimestamp" \
		    "$BATS_TEST_TMPDIR/all")
		[ "$(read_from AT_TIMESTAMP "\"Timestamp\":$at" | head -n 1)" = \
		    "$((i + 1))0" ]
		[ "$(read_from AT_TIMESTAMP "\"Timestamp\":$(jq -n "$at + 0.001")" |
			head -n 1)" = "$((i + 2))0" ] || [ "$i" = 6 ]
	done
}

@test "a sequence number of elsewhere is refused" {
	make_stream 2
	kinesis PutRecords "$(records 1 1)" >"$BATS_TEST_TMPDIR/put"
	local shard other
	shard=$(jq -r '.Records[0].ShardId' "$BATS_TEST_TMPDIR/put")
	other=$([ "$shard" = shardId-000000000000 ] && echo 000000000001 ||
		echo 000000000000)
	run ! iterator AT_SEQUENCE_NUMBER \
	    "\"StartingSequenceNumber\":\"$(number 0)\"" "$other"
	refused InvalidArgumentException "It encodes $shard"
	run ! iterator AFTER_SEQUENCE_NUMBER '"StartingSequenceNumber":"77"'
	refused InvalidArgumentException 'is invalid.'
	run ! iterator AT_SEQUENCE_NUMBER
	refused InvalidArgumentException 'no StartingSequenceNumber'
	run ! iterator LATEST "\"StartingSequenceNumber\":\"$(number 0)\""
	refused InvalidArgumentException 'also a StartingSequenceNumber'
	run ! iterator AT_TIMESTAMP '"Timestamp":99999999999'
	refused InvalidArgumentException 'cannot be greater than'
	run ! iterator SOMEWHERE
	refused ValidationException \
	    "at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set"
	run ! iterator TRIM_HORIZON '' 000000000009
	refused ResourceNotFoundException \
	    "Could not find shard shardId-000000000009 in stream $s under account 000000000000."
}

@test "an iterator lives for five minutes, and is not made up" {
	make_stream
	local it
	it=$(iterator TRIM_HORIZON)
	lunad_clock 200s
	kinesis GetRecords "{\"ShardIterator\":\"$it\"}"
	lunad_clock 101s
	run ! kinesis GetRecords "{\"ShardIterator\":\"$it\"}"
	refused ExpiredIteratorException 'tolerated delay of 300000 milliseconds'
	run ! kinesis GetRecords '{"ShardIterator":"AAAAAAAAAAE="}'
	refused InvalidArgumentException 'Invalid ShardIterator.'
	it=$(iterator TRIM_HORIZON)
	run ! kinesis GetRecords "{\"ShardIterator\":\"B${it#A}\"}"
	refused InvalidArgumentException 'Invalid ShardIterator.'
	kinesis DeleteStream "{\"StreamName\":\"$s\"}"
	make_stream
	run ! kinesis GetRecords "{\"ShardIterator\":\"$it\"}"
	refused ResourceNotFoundException 'does not exist'
}

@test "a page ends at its limit or at 10 MiB, and the next goes on" {
	make_stream
	put 1 5
	put 6 10
	local it all='' sizes=''
	it=$(iterator TRIM_HORIZON)
	while all+=$(get "$it" '"Limit":3' | tr '\n' ' '); do
		it=$(jq -r .NextShardIterator "$reply")
		sizes+=$(jq '.Records | length' "$reply")
		[ "${sizes: -1}" != 0 ] || break
	done
	[ "$sizes" = 33310 ]
	[ "$all" = '1 2 3 4 5 6 7 8 9 10 ' ]
	run ! kinesis GetRecords "{\"ShardIterator\":\"$it\",\"Limit\":10001}"
	refused ValidationException \
	    "Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"
	# 12 records of a million bytes each
	head -c 1000000 /dev/zero | base64 -w 0 >"$BATS_TEST_TMPDIR/data"
	local i
	for i in 1 2; do
		kinesis PutRecords "$(jq -Rnc --arg s "$s" \
		    '[inputs] as [$d] | {StreamName: $s, Records: [range(6) |
		    {Data: $d, PartitionKey: "k"}]}' \
		    <"$BATS_TEST_TMPDIR/data")" >/dev/null
	done
	kinesis GetRecords "{\"ShardIterator\":\"$it\"}" >/dev/null
	[ "$(jq '.Records | length' "$reply")" = 10 ]
	it=$(jq -r .NextShardIterator "$reply")
	kinesis GetRecords "{\"ShardIterator\":\"$it\"}" >/dev/null
	[ "$(jq '.Records | length' "$reply")" = 2 ]
}

@test "how far behind a reader is, by the time of its last record" {
	make_stream
	put 1 1
	lunad_clock 60s
	put 2 2
	lunad_clock 60s
	local behind
	kinesis GetRecords "{\"ShardIterator\":\"$(iterator TRIM_HORIZON)\",\"Limit\":1}"
	behind=$(jq .MillisBehindLatest "$reply")
	[ "$behind" -ge 120000 ] && [ "$behind" -lt 180000 ]
	kinesis GetRecords "{\"ShardIterator\":\"$(jq -r .NextShardIterator "$reply")\",\"Limit\":1}"
	[ "$(jq .MillisBehindLatest "$reply")" = 0 ]
}

@test "a split shard ends with its children, and they with what follows" {
	make_stream
	put 1 3
	kinesis SplitShard "{\"StreamName\":\"$s\",\"ShardToSplit\":\"shardId-000000000000\",\"NewStartingHashKey\":\"100000000000000000000000000000000000000\"}"
	put 4 9
	kinesis ListShards "{\"StreamName\":\"$s\"}" >"$BATS_TEST_TMPDIR/shards"
	jq -e '.Shards | length == 3
	    and .[0].SequenceNumberRange.EndingSequenceNumber
	    and .[1].ParentShardId == .[0].ShardId
	    and .[2].ParentShardId == .[0].ShardId
	    and .[1].HashKeyRange.EndingHashKey ==
	        "99999999999999999999999999999999999999"
	    and .[2].HashKeyRange.StartingHashKey ==
	        "100000000000000000000000000000000000000"
	    and .[1].SequenceNumberRange.StartingSequenceNumber >
	        .[0].SequenceNumberRange.EndingSequenceNumber' \
	    "$BATS_TEST_TMPDIR/shards"
	[ "$(read_from TRIM_HORIZON | tr '\n' ' ')" = '1 2 3 ' ]
	kinesis GetRecords "{\"ShardIterator\":\"$(jq -r .NextShardIterator "$reply")\"}"
	jq -e '.Records == [] and (has("NextShardIterator") | not)
	    and [.ChildShards[].ShardId] ==
	        ["shardId-000000000001", "shardId-000000000002"]
	    and .ChildShards[1].ParentShards == ["shardId-000000000000"]' "$reply"
	{
		read_from TRIM_HORIZON '' 000000000001
		read_from TRIM_HORIZON '' 000000000002
	} | sort | tr '\n' ' ' >"$BATS_TEST_TMPDIR/children"
	[ "$(cat "$BATS_TEST_TMPDIR/children")" = '4 5 6 7 8 9 ' ]
	run ! kinesis SplitShard "{\"StreamName\":\"$s\",\"ShardToSplit\":\"shardId-000000000000\",\"NewStartingHashKey\":\"7\"}"
	refused InvalidArgumentException 'has already been merged or split'
	run ! kinesis SplitShard "{\"StreamName\":\"$s\",\"ShardToSplit\":\"shardId-000000000001\",\"NewStartingHashKey\":\"1\"}"
	refused InvalidArgumentException 'is not both greater than one plus'
}

@test "two shards are merged, in either order, if they adjoin" {
	make_stream 3
	run ! kinesis MergeShards "{\"StreamName\":\"$s\",\"ShardToMerge\":\"shardId-000000000000\",\"AdjacentShardToMerge\":\"shardId-000000000002\"}"
	refused InvalidArgumentException 'are not an adjacent pair'
	kinesis MergeShards "{\"StreamName\":\"$s\",\"ShardToMerge\":\"shardId-000000000002\",\"AdjacentShardToMerge\":\"shardId-000000000001\"}"
	kinesis ListShards "{\"StreamName\":\"$s\",\"ShardFilter\":{\"Type\":\"AFTER_SHARD_ID\",\"ShardId\":\"shardId-000000000002\"}}"
	jq -e '.Shards | length == 1 and .[0].ShardId == "shardId-000000000003"
	    and .[0].ParentShardId == "shardId-000000000002"
	    and .[0].AdjacentParentShardId == "shardId-000000000001"
	    and .[0].HashKeyRange.EndingHashKey ==
	        "340282366920938463463374607431768211455"' "$reply"
}

# Open shards cover all hash keys, in as many equal ranges as there are.
equal_ranges() {
	kinesis ListShards "{\"StreamName\":\"$s\",\"ShardFilter\":{\"Type\":\"AT_LATEST\"}}" >/dev/null
	python3 - "$1" "$reply" <<-'END'
		import json, sys
		count = int(sys.argv[1])
		ranges = sorted((int(s["HashKeyRange"]["StartingHashKey"]),
		    int(s["HashKeyRange"]["EndingHashKey"]))
		    for s in json.load(open(sys.argv[2]))["Shards"])
		step = 2 ** 128 // count
		assert [r[0] for r in ranges] == [
		    i * step for i in range(count)], ranges
		assert [r[1] + 1 for r in ranges] == [
		    i * step for i in range(1, count)] + [2 ** 128], ranges
	END
}

@test "UpdateShardCount makes equal ranges of it, up and down" {
	make_stream 4
	put 1 50
	local n
	for n in 5 3 6 6 12 7; do
		kinesis UpdateShardCount "{\"StreamName\":\"$s\",\"TargetShardCount\":$n,\"ScalingType\":\"UNIFORM_SCALING\"}"
		equal_ranges "$n"
	done
	put 51 60
	run ! kinesis UpdateShardCount "{\"StreamName\":\"$s\",\"TargetShardCount\":15,\"ScalingType\":\"UNIFORM_SCALING\"}"
	refused LimitExceededException \
	    'UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: 7, Target shard count: 15'
	run ! kinesis UpdateShardCount "{\"StreamName\":\"$s\",\"TargetShardCount\":3,\"ScalingType\":\"UNIFORM_SCALING\"}"
	refused LimitExceededException 'down below half'
	# nothing is lost on the way: every shard there ever was
	kinesis ListShards "{\"StreamName\":\"$s\"}" >"$BATS_TEST_TMPDIR/shards"
	local id
	for id in $(jq -r '.Shards[].ShardId | ltrimstr("shardId-")' \
	    "$BATS_TEST_TMPDIR/shards"); do
		read_from TRIM_HORIZON '' "$id"
	done | sort -n | diff <(seq 60) -
}

@test "shards are listed by filter and by page" {
	make_stream 2
	lunad_clock 100s
	local before
	before=$(now | jq -R 'sub("\\.[0-9]*"; "") | fromdate')
	lunad_clock 100s
	kinesis SplitShard "{\"StreamName\":\"$s\",\"ShardToSplit\":\"shardId-000000000000\",\"NewStartingHashKey\":\"77\"}"
	lunad_clock 100s
	list() {
		kinesis ListShards "{\"StreamName\":\"$s\"${1:+,\"ShardFilter\":$1}}" |
			jq -r '[.Shards[].ShardId[-1:]] | join(" ")'
	}
	[ "$(list)" = '0 1 2 3' ]
	[ "$(list '{"Type":"AT_LATEST"}')" = '1 2 3' ]
	[ "$(list '{"Type":"AT_TRIM_HORIZON"}')" = '0 1' ]
	[ "$(list '{"Type":"FROM_TRIM_HORIZON"}')" = '0 1 2 3' ]
	[ "$(list "{\"Type\":\"AT_TIMESTAMP\",\"Timestamp\":$before}")" = '0 1' ]
	[ "$(list "{\"Type\":\"FROM_TIMESTAMP\",\"Timestamp\":$before}")" = '0 1 2 3' ]
	[ "$(list "{\"Type\":\"FROM_TIMESTAMP\",\"Timestamp\":$((before + 200))}")" = '1 2 3' ]
	[ "$(list '{"Type":"AFTER_SHARD_ID","ShardId":"shardId-000000000001"}')" = '2 3' ]
	kinesis ListShards "{\"StreamName\":\"$s\",\"MaxResults\":3}"
	[ "$(jq '.Shards | length' "$reply")" = 3 ]
	local token
	token=$(jq -r .NextToken "$reply")
	kinesis ListShards "{\"NextToken\":\"$token\"}"
	jq -e '[.Shards[].ShardId] == ["shardId-000000000003"]
	    and (has("NextToken") | not)' "$reply"
	run ! kinesis ListShards "{\"NextToken\":\"$token\",\"StreamName\":\"$s\"}"
	refused InvalidArgumentException \
	    'NextToken and StreamName cannot be provided together.'
	lunad_clock 301s
	run ! kinesis ListShards "{\"NextToken\":\"$token\"}"
	refused ExpiredNextTokenException
	run ! kinesis ListShards '{}'
	refused InvalidArgumentException \
	    'Either NextToken or StreamName should be provided.'
}

@test "records expire with time, and then the shards that were closed" {
	make_stream
	put 1 3
	lunad_clock 23h
	put 4 6
	kinesis SplitShard "{\"StreamName\":\"$s\",\"ShardToSplit\":\"shardId-000000000000\",\"NewStartingHashKey\":\"77\"}"
	[ "$(read_from TRIM_HORIZON | tr '\n' ' ')" = '1 2 3 4 5 6 ' ]
	lunad_clock 61m
	[ "$(read_from TRIM_HORIZON | tr '\n' ' ')" = '4 5 6 ' ]
	[ "$(read_from AT_TIMESTAMP '"Timestamp":0' | head -n 1)" = 4 ]
	lunad_clock 22h
	[ "$(read_from TRIM_HORIZON | tr '\n' ' ')" = '4 5 6 ' ]
	lunad_clock 1h
	run ! iterator TRIM_HORIZON
	refused ResourceNotFoundException 'Could not find shard'
	[ "$(kinesis ListShards "{\"StreamName\":\"$s\"}" |
		jq -c '[.Shards[].ShardId[-1:]]')" = '["1","2"]' ]
}

@test "what has expired goes from the disk, and positions go on" {
	lunad_only files
	make_stream
	kinesis PutRecords "$(records 1 3)" >"$BATS_TEST_TMPDIR/put"
	local last
	last=$(number 2)
	lunad_clock 25h
	[ "$(sqlite3 "$LUNAD_DIR/data/lunad.db" "SELECT count(*)
	    FROM kinesis_block JOIN kinesis_shard AS d ON kinesis_block.id >> 40
	    = d.id JOIN kinesis_stream AS s ON s.id = stream
	    WHERE name = '$s'")" = 0 ]
	kinesis PutRecords "$(records 4 4)" >"$BATS_TEST_TMPDIR/put"
	[[ $(number 0) > $last ]]
	[ "$(read_from AFTER_SEQUENCE_NUMBER "\"StartingSequenceNumber\":\"$last\"")" = 4 ]
}

@test "retention is lengthened and shortened, by the right call" {
	make_stream
	put 1 3
	run ! kinesis IncreaseStreamRetentionPeriod "{\"StreamName\":\"$s\",\"RetentionPeriodHours\":23}"
	refused InvalidArgumentException \
	    'Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short.'
	run ! kinesis IncreaseStreamRetentionPeriod "{\"StreamName\":\"$s\",\"RetentionPeriodHours\":8761}"
	refused InvalidArgumentException 'Maximum allowed retention period is 8760'
	kinesis IncreaseStreamRetentionPeriod "{\"StreamName\":\"$s\",\"RetentionPeriodHours\":48}"
	run ! kinesis IncreaseStreamRetentionPeriod "{\"StreamName\":\"$s\",\"RetentionPeriodHours\":36}"
	refused InvalidArgumentException \
	    "Requested retention period (36 hours) for stream $s can not be shorter than existing retention period (48 hours). Use DecreaseRetentionPeriod API."
	lunad_clock 47h
	[ "$(read_from TRIM_HORIZON | head -n 1)" = 1 ]
	kinesis DecreaseStreamRetentionPeriod "{\"StreamName\":\"$s\",\"RetentionPeriodHours\":24}"
	[ -z "$(read_from TRIM_HORIZON)" ]
	kinesis IncreaseStreamRetentionPeriod "{\"StreamName\":\"$s\",\"RetentionPeriodHours\":48}"
	[ -z "$(read_from TRIM_HORIZON)" ]
}

@test "one bad record refuses its call, and nothing of it is stored" {
	make_stream
	local bad
	for bad in '{"Data":"AAA","PartitionKey":"k"}' \
	    '{"Data":"AB==","PartitionKey":"k"}' '{"Data":7,"PartitionKey":"k"}'; do
		run ! kinesis PutRecords "$(records 1 2 |
			jq -c --argjson bad "$bad" '.Records += [$bad]')"
		refused SerializationException 'can not be converted to a Blob'
	done
	run ! kinesis PutRecords "$(records 1 2 |
		jq -c '.Records += [{"PartitionKey":"k"}]')"
	refused ValidationException \
	    "1 validation error detected: Value null at 'records.3.member.data' failed to satisfy constraint: Member must not be null"
	run ! kinesis PutRecords "$(records 1 2 |
		jq -c '.Records += [{"Data":"","PartitionKey":("é" * 257)}]')"
	refused ValidationException \
	    "at 'records.3.member.partitionKey' failed to satisfy constraint: Member must have length less than or equal to 256"
	run ! kinesis PutRecords "$(records 1 2 |
		jq -c '.Records += [{"Data":"","PartitionKey":""}]')"
	refused ValidationException 'Member must have length greater than or equal to 1'
	run ! kinesis PutRecords "$(records 1 2 |
		jq -c '.Records += [{"Data":"","PartitionKey":"k","ExplicitHashKey":"340282366920938463463374607431768211456"}]')"
	refused InvalidArgumentException 'Invalid ExplicitHashKey.'
	run ! kinesis PutRecords "$(records 1 501)"
	refused ValidationException \
	    "at 'records' failed to satisfy constraint: Member must have length less than or equal to 500"
	run ! kinesis PutRecords "{\"StreamName\":\"$s\",\"Records\":[]}"
	refused ValidationException 'Member must have length greater than or equal to 1'
	[ -z "$(read_from TRIM_HORIZON)" ]
	put 1 1 "$(jq -rn '"é" * 256')"
	[ "$(read_from TRIM_HORIZON)" = 1 ]
}

# of BYTES: as many, as base64.
of() {
	head -c "$1" /dev/zero | base64 -w 0
}

@test "a record is as large as the stream allows, a call 10 MiB" {
	make_stream
	one() {
		kinesis PutRecord "{\"StreamName\":\"$s\",\"PartitionKey\":\"k\",\"Data\":\"$(of "$1")\"}"
	}
	one 1048575
	run ! one 1048576
	refused ValidationException 'Member must have length less than or equal to 1048576'
	kinesis UpdateMaxRecordSize "{\"StreamARN\":\"arn:aws:kinesis:us-east-1:000000000000:stream/$s\",\"MaxRecordSizeInKiB\":2048}"
	one 1048576
	one 2097151
	run ! one 2097152
	refused ValidationException 'less than or equal to 2097152'
	of 1048576 >"$BATS_TEST_TMPDIR/data"
	many() {
		kinesis PutRecords "$(jq -Rnc --arg s "$s" --argjson n "$1" \
		    '[inputs] as [$d] | {StreamName: $s, Records: [range($n) |
		    {Data: $d, PartitionKey: "k"}]}' <"$BATS_TEST_TMPDIR/data")"
	}
	many 9 >/dev/null
	run ! many 10
	refused InvalidArgumentException 'Records size exceeds 10 MB limit'
}

@test "base64 with escapes, empty data and escaped keys arrive whole" {
	make_stream
	kinesis PutRecords "{\"StreamName\":\"$s\",\"Records\":[
	    {\"Data\":\"\\/\\/\\/\\/\",\"PartitionKey\":\"a\\/b\"},
	    {\"Data\":\"\",\"PartitionKey\":\"\\ud83d\\ude00\"},
	    {\"PartitionKey\":\"\\u0007\",\"Data\":\"+\\u002f8=\"}]}"
	kinesis GetRecords "{\"ShardIterator\":\"$(iterator TRIM_HORIZON)\"}"
	[ "$(jq -c '[.Records[] | [.Data, .PartitionKey]]' "$reply")" = \
	    '[["////","a/b"],["","😀"],["+/8=","\u0007"]]' ]
}

@test "a stream is meant by its name, by its ARN, or by both if they agree" {
	make_stream
	local arn=arn:aws:kinesis:us-east-1:000000000000:stream/$s
	kinesis DescribeStreamSummary "{\"StreamARN\":\"$arn\"}"
	[ "$(jq -r .StreamDescriptionSummary.StreamARN "$reply")" = "$arn" ]
	kinesis DescribeStreamSummary "{\"StreamARN\":\"$arn\",\"StreamName\":\"$s\"}"
	run ! kinesis DescribeStreamSummary "{\"StreamARN\":\"$arn\",\"StreamName\":\"x\"}"
	refused InvalidArgumentException
	run ! kinesis DescribeStreamSummary '{}'
	refused InvalidArgumentException
	run ! kinesis DescribeStreamSummary '{"StreamName":"wrong-stream-name"}'
	refused ResourceNotFoundException \
	    'Stream wrong-stream-name under account 000000000000 not found.'
	run ! kinesis DescribeStreamSummary '{"StreamName":"a b"}'
	refused ValidationException \
	    "Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
	run ! make_stream
	refused ResourceInUseException \
	    "Stream $s under account 000000000000 already exists."
}

@test "an on-demand stream has four shards and is not resharded" {
	kinesis CreateStream "{\"StreamName\":\"$s\"}"
	equal_ranges 4
	run ! kinesis UpdateShardCount "{\"StreamName\":\"$s\",\"TargetShardCount\":2,\"ScalingType\":\"UNIFORM_SCALING\"}"
	refused ValidationException \
	    "Request is invalid. Stream $s under account 000000000000 is in On-Demand mode."
	kinesis UpdateStreamMode "{\"StreamARN\":\"arn:aws:kinesis:us-east-1:000000000000:stream/$s\",\"StreamModeDetails\":{\"StreamMode\":\"PROVISIONED\"}}"
	kinesis UpdateShardCount "{\"StreamName\":\"$s\",\"TargetShardCount\":2,\"ScalingType\":\"UNIFORM_SCALING\"}"
	run ! kinesis CreateStream "{\"StreamName\":\"$s.b\",\"ShardCount\":1,\"StreamModeDetails\":{\"StreamMode\":\"ON_DEMAND\"}}"
	refused ValidationException
}

@test "--fault partial refuses entries for now, and only those" {
	make_stream
	lunad_fault kinesis:PutRecords=partial:0.5
	kinesis PutRecords "$(records 1 40)" >"$BATS_TEST_TMPDIR/put"
	lunad_fault
	local failed
	failed=$(jq .FailedRecordCount "$BATS_TEST_TMPDIR/put")
	[ "$failed" -gt 0 ] && [ "$failed" -lt 40 ]
	[ "$(jq '[.Records[] | select(.ErrorCode)] | length' \
	    "$BATS_TEST_TMPDIR/put")" = "$failed" ]
	jq -e 'all(.Records[] | select(.ErrorCode);
	    (has("SequenceNumber") | not) and .ErrorMessage and
	    (.ErrorCode | IN("ProvisionedThroughputExceededException",
	        "InternalFailure")))' "$BATS_TEST_TMPDIR/put"
	jq -r '.Records | to_entries[] | select(.value.ErrorCode | not) |
	    .key + 1' "$BATS_TEST_TMPDIR/put" >"$BATS_TEST_TMPDIR/stored"
	read_from TRIM_HORIZON | diff "$BATS_TEST_TMPDIR/stored" -
	jq -r '.Records[].SequenceNumber // empty' "$BATS_TEST_TMPDIR/put" \
	    >"$BATS_TEST_TMPDIR/numbers"
	kinesis GetRecords "{\"ShardIterator\":\"$(iterator TRIM_HORIZON)\"}" |
		jq -r '.Records[].SequenceNumber' |
		diff "$BATS_TEST_TMPDIR/numbers" -
}

@test "--fault partial makes pages empty, and the next one goes on from there" {
	make_stream
	put 1 3
	lunad_clock 10s
	local it
	it=$(iterator TRIM_HORIZON)
	lunad_fault kinesis:GetRecords=partial:1
	kinesis GetRecords "{\"ShardIterator\":\"$it\"}"
	lunad_fault
	jq -e '.Records == [] and .MillisBehindLatest >= 10000' "$reply"
	[ "$(get "$(jq -r .NextShardIterator "$reply")" | tr '\n' ' ')" = \
	    '1 2 3 ' ]
	# at the tip there is nothing to hold back
	lunad_fault kinesis:GetRecords=partial:1
	kinesis GetRecords "{\"ShardIterator\":\"$(iterator LATEST)\"}"
	lunad_fault
	jq -e '.MillisBehindLatest == 0' "$reply"
}

@test "--fault refuse finds a record by its data and refuses its call" {
	make_stream
	lunad_fault kinesis:PutRecords=refuse:17
	run ! kinesis PutRecords "$(records 10 20)"
	refused InvalidArgumentException
	put 1 9
	lunad_fault
	[ "$(read_from TRIM_HORIZON | wc -l)" = 9 ]
}

@test "streams are listed by name, page by page" {
	local name
	for name in a b c d e; do
		make_stream 1 "list.$name"
	done
	kinesis ListStreams '{"ExclusiveStartStreamName":"list.","Limit":3}'
	jq -e '.StreamNames == ["list.a","list.b","list.c"] and .HasMoreStreams
	    and [.StreamSummaries[].StreamName] == .StreamNames' "$reply"
	kinesis ListStreams "{\"NextToken\":\"$(jq -r .NextToken "$reply")\",\"Limit\":2}"
	jq -e '.StreamNames == ["list.d","list.e"]' "$reply"
}

@test "a deleted stream is gone, and another of its name is empty" {
	make_stream
	put 1 3
	kinesis DeleteStream "{\"StreamName\":\"$s\"}"
	run ! kinesis PutRecords "$(records 1 1)"
	refused ResourceNotFoundException
	make_stream
	[ -z "$(read_from TRIM_HORIZON)" ]
}

# metric NAME: its sum over the day, of this stream.
metric() {
	curl -sSf --aws-sigv4 aws:amz:us-east-1:monitoring \
	    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    -H 'Content-Type: application/x-amz-json-1.0' \
	    -H 'X-Amz-Target: GraniteServiceVersion20100801.GetMetricStatistics' \
	    -d "{\"Namespace\":\"AWS/Kinesis\",\"MetricName\":\"$1\",\"Period\":86400,\"Statistics\":[\"Sum\"],\"StartTime\":$(($(now | jq -R 'sub("\\.[0-9]*"; "") | fromdate') - 3600)),\"EndTime\":$(($(now | jq -R 'sub("\\.[0-9]*"; "") | fromdate') + 3600)),\"Dimensions\":[{\"Name\":\"StreamName\",\"Value\":\"$s\"}${2:+,{\"Name\":\"ShardId\",\"Value\":\"$2\"\}}]}" \
	    "$AWS_ENDPOINT_URL/" | jq '[.Datapoints[].Sum] | add // "none"'
}

@test "AWS/Kinesis measures what goes in and out, a minute later" {
	make_stream 2
	kinesis EnableEnhancedMonitoring "{\"StreamName\":\"$s\",\"ShardLevelMetrics\":[\"IncomingRecords\"]}"
	jq -e '.DesiredShardLevelMetrics == ["IncomingRecords"]' "$reply"
	put 10 19 a
	put 20 24 a
	kinesis PutRecord "{\"StreamName\":\"$s\",\"Data\":\"AAAA\",\"PartitionKey\":\"a\"}"
	read_from TRIM_HORIZON
	lunad_clock 2m
	[ "$(metric IncomingRecords)" = 16 ]
	[ "$(metric IncomingBytes)" = 33 ]
	[ "$(metric PutRecords.TotalRecords)" = 15 ]
	[ "$(metric PutRecord.Success)" = 1 ]
	[ "$(metric GetRecords.Records)" = 16 ]
	[ "$(metric WriteProvisionedThroughputExceeded)" = 0 ]
	[ "$(metric IncomingRecords shardId-000000000000)" = 16 ]
	[ "$(metric IncomingBytes shardId-000000000000)" = '"none"' ]
}

@test "a rule of EventBridge puts its events on a stream" {
	make_stream
	events() {
		curl -sSf --aws-sigv4 aws:amz:us-east-1:events \
		    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
		    -H 'Content-Type: application/x-amz-json-1.1' \
		    -H "X-Amz-Target: AWSEvents.$1" -d "$2" "$AWS_ENDPOINT_URL/"
	}
	events PutRule "{\"Name\":\"$s\",\"EventPattern\":\"{\\\"source\\\":[\\\"$s\\\"]}\"}"
	events PutTargets "{\"Rule\":\"$s\",\"Targets\":[{\"Id\":\"1\",\"Arn\":\"arn:aws:kinesis:us-east-1:000000000000:stream/$s\",\"RoleArn\":\"arn:aws:iam::000000000000:role/r\",\"InputPath\":\"$.detail\",\"KinesisParameters\":{\"PartitionKeyPath\":\"$.detail.user\"}}]}"
	events PutEvents "{\"Entries\":[{\"Source\":\"$s\",\"DetailType\":\"t\",\"Detail\":\"{\\\"user\\\":\\\"u7\\\"}\"}]}"
	until_true read_event
	[ "$(jq -r '.Records[0].PartitionKey' "$reply")" = u7 ]
}

read_event() {
	[ "$(read_from TRIM_HORIZON)" = '{"user":"u7"}' ]
}
