#!/usr/bin/env bats

# A file named done is no end of a loop.
# shellcheck disable=SC1010

load helpers
load streams

setup_file() {
	lunad_start
}

teardown_file() {
	lunad_stop
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	s=s$BATS_TEST_NUMBER
	stream "$s" 2
}

teardown() {
	lunad_fault
}

# fill FROM TO: put {"n":FROM} … on the stream.
fill() {
	seq "$1" "$2" | sed 's/.*/{"n":&}/' | kinesis-put -k '{{n}}' "$s" --quiet
}

ns() {
	jq .n | sort -n | xargs
}

origin() {
	jq -c '."@metadata".from.kinesis'
}

@test "help and usage" {
	try kinesis-get --help
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == 'usage: kinesis-get '* ]]
	local args
	for args in '' '--from soon s' '-n 0 s' 'a/b' 's t'; do
		# shellcheck disable=SC2086 # words
		try kinesis-get $args
		[ "$status" -eq 2 ]
		[ -n "$stderr" ]
	done
}

@test "an empty stream: no output, 0" {
	try kinesis-get "$s"
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

@test "all shards are read, each in its order" {
	fill 1 3000
	kinesis-get "$s" >out
	[ "$(jq .n out | sort -n | uniq | wc -l)" -eq 3000 ]
	[ "$(wc -l <out)" -eq 3000 ]
	[ "$(origin <out | jq -r .ShardId | sort -u | wc -l)" -eq 2 ]
	local shard
	for shard in $(shards "$s"); do
		diff <(stream_shard "$s" "$shard" | jq -r .SequenceNumber) \
		    <(origin <out | jq -r --arg d "$shard" \
			'select(.ShardId == $d) | .SequenceNumber')
	done
}

@test "a record says where it is from, the first one which shards are read" {
	fill 7 7
	try kinesis-get "$s"
	[ "$status" -eq 0 ]
	origin <<<"$output" >from
	[ "$(jq -r '[.StreamName, .PartitionKey] | join(" ")' from)" = "$s 7" ]
	[[ $(jq -r .ApproximateArrivalTimestamp from) =~ ^20.*T.*\.[0-9]{3}Z$ ]]
	[ "$(jq -c '.Shards | keys' from)" = "$(shards "$s" | jq -Rnc '[inputs]')" ]
	fill 8 8
	[ "$(kinesis-get "$s" --from 1h | origin | jq -c 'select(.Shards)' |
		head -n 1 | jq -r '.Shards[].Timestamp' | wc -l)" -eq 2 ]
}

@test "by its ARN, too" {
	fill 1 1
	try kinesis-get "$(aws-call kinesis DescribeStreamSummary "StreamName=$s" |
		jq -r .StreamDescriptionSummary.StreamARN)"
	[ "$status" -eq 0 ]
	[ "$(jq -r '."@metadata".from.kinesis.StreamName' <<<"$output")" = "$s" ]
}

@test "-n ends it, and no more are printed" {
	fill 1 100
	try kinesis-get -n 7 "$s"
	[ "$status" -eq 0 ]
	[ "$(wc -l <<<"$output")" -eq 7 ]
}

@test "--from: a time, or what comes from now on" {
	lunad_only clock
	fill 1 3
	lunad_clock 1h
	local at
	at=$(curl -sS "$AWS_ENDPOINT_URL/_luna/clock" | jq -r .now)
	lunad_clock 1h
	fill 4 6
	[ "$(kinesis-get "$s" --from "$at" | ns)" = '4 5 6' ]
	[ "$(kinesis-get "$s" --from horizon | ns)" = '1 2 3 4 5 6' ]
	[ -z "$(kinesis-get "$s" --from latest)" ]
}

# comes N: out has so many records.
comes() {
	lines_of out "$1"
}

@test "-f prints what comes, and ends well at a signal" {
	kinesis-get -f --from latest "$s" -v >out 2>err 3>&- &
	local pid=$!
	until_true grep -q 'GetRecords 200' err
	until_true asked_all
	fill 1 5
	until_true comes 5
	fill 6 9
	until_true comes 9
	kill -TERM "$pid"
	reap "$pid"
	[ "$status" -eq 0 ]
	[ "$(ns <out)" = '1 2 3 4 5 6 7 8 9' ]
}

# Each of the two shards has had its LATEST.
asked_all() {
	[ "$(grep -c 'GetShardIterator 200' err)" -ge 2 ]
}

@test "with --state it goes on behind what was marked, and loses nothing" {
	fill 1 500
	local i
	for i in 1 2 3 4 5 6; do
		kinesis-get -n 100 --state pos "$s" | kinesis-mark pos
	done >out
	[ "$(ns <out)" = "$(seq 500 | xargs)" ]
	fill 501 503
	[ "$(kinesis-get --state pos "$s" | kinesis-mark pos | ns)" = \
	    '501 502 503' ]
}

@test "what was printed and not marked comes again" {
	fill 1 10
	kinesis-get --state pos "$s" | head -n 4 | kinesis-mark pos >first
	[ "$(wc -l <first)" -eq 4 ]
	kinesis-get --state pos "$s" >rest
	[ "$(cat first rest | ns)" = "$(seq 10 | xargs)" ]
}

@test "a state of another stream, or none at all, is 2" {
	fill 1 1
	kinesis-get --state pos "$s" | kinesis-mark --quiet pos
	stream "other$s"
	try kinesis-get --state pos "other$s"
	[ "$status" -eq 2 ]
	[[ $stderr == *"of stream '$s'"* ]]
	echo nonsense >pos
	try kinesis-get --state pos "$s"
	[ "$status" -eq 2 ]
}

# split SHARD: into two equal ones.
split() {
	local range
	range=$(aws-call kinesis ListShards "StreamName=$s" |
		jq -r --arg d "$1" '.Shards[] | select(.ShardId == $d) |
		.HashKeyRange | "\(.StartingHashKey) \(.EndingHashKey)"')
	aws-call kinesis SplitShard "StreamName=$s" "ShardToSplit=$1" \
	    "NewStartingHashKey=$(python3 -c 'import sys
a, b = map(int, sys.argv[1:])
print((a + b) // 2)' "${range% *}" "${range#* }")" >/dev/null
	until_true stream_is "$s" ACTIVE
}

merge() {
	aws-call kinesis MergeShards "StreamName=$s" "ShardToMerge=$1" \
	    "AdjacentShardToMerge=$2" >/dev/null
	until_true stream_is "$s" ACTIVE
}

@test "splits and merges are followed: a child begins after its parents" {
	local a=shardId-00000000000
	fill 1 200
	split ${a}0
	fill 201 400
	merge ${a}2 ${a}3
	fill 401 600
	kinesis-get "$s" >out
	[ "$(ns <out)" = "$(seq 600 | xargs)" ]
	# No record of a child stands before one of its parent.
	origin <out | jq -r .ShardId | uniq | grep -v "${a}1" | awk '!seen[$0]++' \
		>order
	[ "$(head -n 1 order)" = ${a}0 ]
	[ "$(tail -n 1 order)" = ${a}4 ]
	# Across runs, too.
	local i
	for i in $(seq 13); do
		kinesis-get -n 50 --state pos "$s" | kinesis-mark pos
	done >steps
	[ "$(ns <steps)" = "$(seq 600 | xargs)" ]
}

@test "a follower follows a split while it happens" {
	kinesis-get -f "$s" >out 3>&- &
	local pid=$!
	fill 1 50
	until_true comes 50
	split shardId-000000000000
	fill 51 100
	until_true comes 100
	kill -TERM "$pid"
	reap "$pid"
	[ "$status" -eq 0 ]
	[ "$(ns <out)" = "$(seq 100 | xargs)" ]
	[ "$(origin <out | jq -c 'select(.Shards) | .Shards | length' | xargs)" != 2 ]
}

@test "an expired iterator is asked for again behind what came" {
	kinesis-get -f "$s" -v >out 2>err 3>&- &
	local pid=$!
	fill 1 5
	until_true comes 5
	lunad_clock 6m
	fill 6 9
	until_true comes 9
	kill -TERM "$pid"
	reap "$pid"
	[ "$status" -eq 0 ]
	grep -q ExpiredIterator err
	[ "$(ns <out)" = '1 2 3 4 5 6 7 8 9' ]
}

@test "throttling slows it and loses nothing" {
	fill 1 50
	lunad_fault kinesis:GetRecords=throttle:x5
	try kinesis-get "$s"
	[ "$status" -eq 0 ]
	[ "$(ns <<<"$output")" = "$(seq 50 | xargs)" ]
}

@test "the service away is 75; a stream that is not there 2" {
	try kinesis-get "$s" --endpoint-url http://127.0.0.1:9
	[ "$status" -eq 75 ]
	lunad_fault kinesis:GetRecords=503
	try kinesis-get "$s"
	[ "$status" -eq 75 ]
	lunad_fault kinesis:GetRecords=garbage
	try kinesis-get "$s"
	[ "$status" -eq 75 ]
	lunad_fault kinesis:GetRecords=denied
	try kinesis-get "$s"
	[ "$status" -eq 2 ]
	lunad_fault
	try kinesis-get nowhere
	[ "$status" -eq 2 ]
	[[ $stderr == *nowhere* ]]
	run --separate-stderr env -u AWS_ACCESS_KEY_ID kinesis-get "$s"
	[ "$status" -eq 2 ]
}

@test "a follower outlives the service's absence" {
	lunad_fault kinesis:GetRecords=503:x12
	kinesis-get -f "$s" >out 2>err 3>&- &
	local pid=$!
	fill 1 5
	until_true comes 5
	kill -TERM "$pid"
	reap "$pid"
	[ "$status" -eq 0 ]
}

@test "stdout full is 1, a reader that has enough is none of its trouble" {
	fill 1 2000
	# shellcheck disable=SC2016 # the other shell's
	run --separate-stderr bash -c 'kinesis-get "$1" >/dev/full' - "$s"
	[ "$status" -eq 1 ]
	# shellcheck disable=SC2016
	run --separate-stderr bash -c 'kinesis-get "$1" | head -n 1
	    exit "${PIPESTATUS[0]}"' - "$s"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
}

# put_data KEY BASE64
put_data() {
	aws-call kinesis PutRecord "StreamName=$s" "PartitionKey=$1" \
	    "Data=$2" >/dev/null
}

@test "what a producer put together is opened, and gone on inside" {
	stream "one$s" 1
	s=one$s
	put_data a "$(aggregated a='{"n":1}' b='{"n":2}' a=text c='{"n":4}')"
	fill 5 5
	try kinesis-get "$s"
	[ "$status" -eq 0 ]
	[ "$(jq -c '.n // .body' <<<"$output" | xargs)" = '1 2 text 4 5' ]
	[ "$(origin <<<"$output" | jq -c '[.PartitionKey, .SubSequenceNumber]' |
		xargs)" = '[a,0] [b,1] [a,2] [c,3] [5,null]' ]
	kinesis-get -n 2 --state pos "$s" | kinesis-mark --quiet pos
	[ "$(kinesis-get --state pos "$s" | jq -c '.n // .body' | xargs)" = \
	    'text 4 5' ]
	kinesis-get -n 2 --state pos "$s" | kinesis-mark --quiet pos
	[ "$(kinesis-get --state pos "$s" | jq -c .n)" = 5 ]
}

@test "of those put together, other shards' are left out" {
	# MD5 of a begins with 0, of b with 9: the first shard, the second.
	put_data a "$(aggregated a='{"n":1}' b='{"n":2}')"
	put_data b "$(aggregated b='{"n":2}')"
	[ "$(kinesis-get "$s" | ns)" = '1 2' ]
}

@test "what only looks as if it were put together comes as it is" {
	put_data a "$(aggregated a=x | base64 -d | sed 's/x/y/' | base64 -w 0)"
	try kinesis-get "$s"
	[ "$status" -eq 0 ]
	[ "$(jq -r .body_base64 <<<"$output" | base64 -d | head -c 4 |
		od -An -tx1 | xargs)" = 'f3 89 9a c2' ]
}

# script TEXT: ./handle, to be run with records on its stdin.
script() {
	printf '#!/bin/bash\nset -euo pipefail\n%s\n' "$1" >handle
	chmod +x handle
}

@test "a COMMAND gets the records; exit 0 marks them" {
	fill 1 500
	script 'cat >>done'
	try kinesis-get --state pos "$s" -- ./handle
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	[ "$(ns <done)" = "$(seq 500 | xargs)" ]
	try kinesis-get --state pos "$s" -- ./handle
	[ "$(wc -l <done)" -eq 500 ]
	[ "$(kinesis-get --state pos "$s" | wc -l)" -eq 0 ]
}

@test "what a COMMAND fails on holds up its shard, the others go on" {
	fill 1 300
	script 'tee in | if grep -q "\"n\":150[,}]"; then exit 3; fi; cat in >>done'
	try kinesis-get --state pos "$s" -- ./handle
	[ "$status" -eq 1 ]
	[[ $stderr == *'exit 3'* ]]
	local shard other
	shard=$(kinesis-get "$s" | jq -r 'select(.n == 150) |
	    ."@metadata".from.kinesis.ShardId')
	other=$(shards "$s" | grep -v "$shard")
	# Of its shard all before it, of the other one all.
	kinesis-get "$s" | jq -r --arg d "$shard" 'select(
	    ."@metadata".from.kinesis.ShardId == $d) | .n' |
		sed '/^150$/,$d' >want
	kinesis-get "$s" | jq -r --arg d "$other" 'select(
	    ."@metadata".from.kinesis.ShardId == $d) | .n' >>want
	diff <(jq .n done | sort -n) <(sort -n want)
	[ "$(kinesis-get --state pos "$s" | jq .n | head -n 1)" = 150 ]
}

@test "with -f it is run again until it is well" {
	fill 1 50
	script '[ -e well ] || { touch tried; exit 1; }; cat >>done'
	kinesis-get -f --state pos "$s" -- ./handle 2>err 3>&- &
	local pid=$!
	until_true [ -e tried ]
	touch well
	until_true lines_of done 50
	kill -TERM "$pid"
	reap "$pid"
	[ "$(ns <done)" = "$(seq 50 | xargs)" ]
}

@test "a COMMAND that is not there is 2" {
	fill 1 1
	try kinesis-get "$s" -- ./nothing
	[ "$status" -eq 2 ]
	[[ $stderr == *nothing* ]]
}

@test "what came of a shard waits for the COMMANDs of its records" {
	s=$s-one
	stream "$s" 1
	fill 1 20
	split shardId-000000000000
	fill 21 60
	script 'tee in | if grep -q "\"n\":1[,}]"; then exit 3; fi; cat in >>done'
	try kinesis-get --state pos --jobs 4 "$s" -- ./handle
	[ "$status" -eq 1 ]
	[ ! -e done ]
	script 'cat >>done'
	try kinesis-get --state pos "$s" -- ./handle
	[ "$status" -eq 0 ]
	[ "$(ns <done)" = "$(seq 60 | xargs)" ]
	[ "$(head -n 20 done | ns)" = "$(seq 20 | xargs)" ]
}

# worked PID: hundredths of a second of processor time that it has used.
worked() {
	local stat
	read -ra stat <"/proc/$1/stat"
	echo $(((stat[13] + stat[14]) * 100 / $(getconf CLK_TCK)))
}

@test "while nobody reads what it prints, it sleeps" {
	seq 1200 | sed 's/.*/{"n":&,"x":"'"$(printf '%01000d' 0)"'"}/' |
		kinesis-put -k '{{n}}' "$s" --quiet
	mkfifo pipe
	kinesis-get "$s" >pipe 3>&- &
	local pid=$! line before
	exec 9<pipe
	read -r line <&9
	before=$(worked "$pid")
	sleep 1
	[ $(($(worked "$pid") - before)) -lt 15 ]
	{ echo "$line"; cat <&9; } >out
	exec 9<&-
	reap "$pid"
	[ "$status" -eq 0 ]
	[ "$(ns <out)" = "$(seq 1200 | xargs)" ]
}
