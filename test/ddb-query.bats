#!/usr/bin/env bats

load helpers

setup_file() {
	lunad_start
	table events user:S time:N
	seq 50 | jq -c '{user: (if . % 2 == 0 then "even" else "odd" end),
	    time: ., size: (. * 10)}' | ddb-put events --quiet
}

teardown_file() {
	lunad_stop
}

teardown() {
	lunad_fault
}

times() {
	jq -r .time <<<"$output" | paste -sd ' '
}

@test "help and usage" {
	try ddb-query --help
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == 'usage: ddb-query '* ]]
	try ddb-query
	[ "$status" -eq 2 ]
	try ddb-query events 'user = :u'
	[ "$status" -eq 2 ]
	[[ $stderr == *:u* ]]
	try ddb-query events 'user = :u' u=even w=odd
	[ "$status" -eq 2 ]
	[[ $stderr == *w* ]]
	try ddb-query --segments 2 events 'user = :u' u=even
	[ "$status" -eq 2 ]
	try ddb-query --reverse events
	[ "$status" -eq 2 ]
	[[ $stderr == *--reverse* ]]
}

@test "without a condition it is a scan, also of several segments" {
	try ddb-query events
	[ "$status" -eq 0 ]
	[ "$(jq .time <<<"$output" | sort -n | paste -sd ' ')" = \
	    "$(seq -s ' ' 50)" ]
	try ddb-query --segments 5 events
	[ "$(jq .time <<<"$output" | sort -n | paste -sd ' ')" = \
	    "$(seq -s ' ' 50)" ]
}

@test "reserved words may be names, and values take the key's type" {
	try ddb-query events 'user = :u AND time BETWEEN :a AND :b' u=odd a=5 b=11
	[ "$status" -eq 0 ]
	[ "$(times)" = '5 7 9 11' ]
	try ddb-query events 'user = :u AND time > :t' u=odd t=x
	[ "$status" -eq 2 ]
	[[ $stderr == *number* ]]
}

@test "--reverse and -n" {
	try ddb-query --reverse -n 3 events 'user = :u' u=even
	[ "$(times)" = '50 48 46' ]
}

@test "--filter" {
	try ddb-query --filter 'size > :s' events 'user = :u' u=even s:=460
	[ "$(times)" = '48 50' ]
	try ddb-query --filter 'size > :s AND user = :u' events '' u=odd s:=460
	[ "$(jq .time <<<"$output" | sort -n | paste -sd ' ')" = '47 49' ]
}

@test "--typed prints DynamoDB JSON" {
	try ddb-query --typed -n 1 events 'user = :u' u=odd
	[ "$(jq -cS 'del(."@metadata")' <<<"$output")" = \
	    '{"size":{"N":"10"},"time":{"N":"1"},"user":{"S":"odd"}}' ]
}

@test "an index is queried by its own keys" {
	aws-call dynamodb UpdateTable - >/dev/null <<'END'
{"TableName":"events","AttributeDefinitions":[
{"AttributeName":"user","AttributeType":"S"},
{"AttributeName":"time","AttributeType":"N"},
{"AttributeName":"size","AttributeType":"N"}],
"GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"by-size",
"KeySchema":[{"AttributeName":"size","KeyType":"HASH"}],
"Projection":{"ProjectionType":"ALL"}}}]}
END
	until [ "$(aws-call dynamodb DescribeTable TableName=events | jq -r \
	    '.Table.GlobalSecondaryIndexes[0].IndexStatus')" = ACTIVE ]; do
		sleep 0.1
	done
	try ddb-query --index by-size events 'size = :s' s=70
	[ "$status" -eq 0 ]
	[ "$(times)" = 7 ]
}

@test "pages follow each other" {
	table pages id:S
	seq 30 | jq -c '{id: "i\(.)", pad: ("x" * 90000)}' |
		ddb-put pages --quiet
	ddb-query -v pages >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -eq 30 ]
	[ "$(grep -c Scan "$BATS_TEST_TMPDIR/err")" -ge 3 ]
}

@test "what comes out of one table goes into another" {
	table copy user:S time:N
	ddb-query events | ddb-put copy --quiet
	[ "$(ddb-query copy | wc -l)" -eq 50 ]
}

@test "throttled: goes on; denied: 2; away: 75; no such table: 2" {
	lunad_fault dynamodb:Scan=throttle:x2
	try ddb-query --segments 2 events
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 50 ]
	lunad_fault dynamodb:Scan=denied
	try ddb-query events
	[ "$status" -eq 2 ]
	lunad_fault dynamodb:Scan=503
	try ddb-query events
	[ "$status" -eq 75 ]
	lunad_fault
	try ddb-query nowhere
	[ "$status" -eq 2 ]
	[[ $stderr == *nowhere* ]]
}

@test "a full disk is 1, a closed reader is 0" {
	run bash -c 'ddb-query events >/dev/full'
	[ "$status" -eq 1 ]
	run bash -c 'ddb-query events | true; echo "${PIPESTATUS[0]}"'
	[ "$output" = 0 ]
}

@test "a second signal kills" {
	lunad_fault dynamodb:*=delay:60s
	hearing ddb-query -v events 'user = :u' u=odd \
	    >"$BATS_TEST_TMPDIR/out" 3>&- &
	killed_by_second "$!" INT+TERM
}
