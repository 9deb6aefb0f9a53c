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
	t=table$BATS_TEST_NUMBER
	table "$t" n:N
	sink=(ddb-put "$t")
	action=dynamodb:BatchWriteItem
}

teardown() {
	lunad_fault
}

good() {
	records "$1"
}

# items [TABLE]: what is in a table, sorted.
items() {
	ddb-query "${1:-$t}" | gojq -c 'del(."@metadata")' | sort
}

@test "help and usage" {
	contract_help
	contract_usage
	try ddb-put --ttl 5 "$t" </dev/null
	[ "$status" -eq 2 ]
	[[ $stderr == *FIELD=SECONDS* ]]
}

@test "records go in, come out in order, and are in the table" {
	contract_happy
	[ "$(items)" = "$(records 12 | sort)" ]
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
	[ "$(items | wc -l)" -eq 20 ]
}

@test "unprocessed items are sent again, and come out once and in order" {
	lunad_fault dynamodb:BatchWriteItem=partial:0.4:x12
	give "$(records 200)"$'\n' -v
	lunad_fault
	[ "$status" -eq 0 ]
	diff <(jq -c .n <<<"$output") <(seq 200)
	[ "$(items | wc -l)" -eq 200 ]
	# More calls than full ones would have needed: the fault was there.
	[ "$(grep -c BatchWriteItem <<<"$stderr")" -gt 8 ]
}

@test "a call refused for one item's content is halved until it is alone" {
	{
		records 10
		printf '{"n":11,"x":{"a":%s1%s}}\n' \
		    "$(printf '{"a":%.0s' {1..40})" "$(printf '}%.0s' {1..40})"
		echo '{"n":12}'
	} >"$BATS_TEST_TMPDIR/in"
	try ddb-put "$t" --failed "$BATS_TEST_TMPDIR/failed" \
	    <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 1 ]
	[ "$(out_count)" -eq 11 ]
	[ "$(jq .n "$BATS_TEST_TMPDIR/failed")" = 11 ]
	[ "$(items | wc -l)" -eq 11 ]
}

@test "denied is 2; garbage is 75; away is 75 and the file delivers" {
	contract_denied
	contract_garbage
	contract_away
	[ "$(items | wc -l)" -eq 30 ]
}

@test "stdout full is 1, no credentials is 2" {
	contract_full
	contract_no_credentials
}

@test "a table that does not exist is 2 and named" {
	try ddb-put nowhere <<<'{"n":1}'
	[ "$status" -eq 2 ]
	[[ $stderr == *nowhere* ]]
}

@test "numbers, NULs, nesting and empty things arrive as they were" {
	local line='{"n":2103807459595387724,"d":0.10,"s":"a\u0000b","l":[1,[],{}],"m":{"x":null,"y":true},"e":""}'
	give "$line"$'\n'
	[ "$status" -eq 0 ]
	run aws-call dynamodb GetItem "TableName=$t" \
	    Key:='{"n":{"N":"2103807459595387724"}}'
	echo "$output"
	[[ $output == *'"n":{"N":"2103807459595387724"}'* ]]
	[[ $output == *'"d":{"N":"0.1"}'* || $output == *'"d":{"N":"0.10"}'* ]]
	[[ $output == *'"s":{"S":"a\u0000b"}'* ]]
	[[ $output == *'"l":{"L":[{"N":"1"},{"L":[]},{"M":{}}]}'* ]]
	[[ $output == *'"m":{"M":{"x":{"NULL":true},"y":{"BOOL":true}}}'* ]]
	[[ $output == *'"e":{"S":""}'* ]]
}

@test "what DynamoDB would not take is refused with its place" {
	printf '%s\n' '{"n":1e400}' '{"n":123456789012345678901234567890123456789}' \
	    '{"x":1}' '{"n":"1"}' '{"n":1,"n":2}' '{"n":1,"s":"\ud800"}' \
	    "{\"n\":1,\"s\":\"$(printf '%0409600d' 0)\"}" >"$BATS_TEST_TMPDIR/in"
	try ddb-put "$t" --quiet <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 1 ]
	[[ $stderr == *'line 1: NumberOutOfRange'*'line 2: NumberTooLong'*'line 3: MissingKey'*'line 4: WrongKeyType'*'line 5: RepeatedMember'*'line 6: LoneSurrogate'*'line 7: TooLarge'* ]]
	[ -z "$(items)" ]
}

@test "of two records of one key the later wins, also 1 and 1.0" {
	printf '%s\n' '{"n":1,"v":"first"}' '{"n":1.0,"v":"second"}' \
	    '{"n":10e-1,"v":"third"}' >"$BATS_TEST_TMPDIR/in"
	lunad_fault dynamodb:BatchWriteItem=partial:0.5:x4
	try ddb-put "$t" <"$BATS_TEST_TMPDIR/in"
	lunad_fault
	[ "$status" -eq 0 ]
	[ "$(items)" = '{"n":1,"v":"third"}' ]
}

@test "--new leaves what is there, and says so" {
	try ddb-put --new "$t" <<<'{"n":1,"v":"first"}'
	[ "$(jq '."@metadata".to.ddb.Existed' <<<"$output")" = false ]
	try ddb-put --new "$t" <<<'{"n":1,"v":"second"}'
	[ "$status" -eq 0 ]
	[ "$(jq '."@metadata".to.ddb.Existed' <<<"$output")" = true ]
	[ "$(items)" = '{"n":1,"v":"first"}' ]
}

@test "--new: an item that an attempt with a lost reply put is our own" {
	lunad_fault dynamodb:PutItem=lost-reply:x15
	records 20 | ddb-put --new "$t" >"$BATS_TEST_TMPDIR/out"
	lunad_fault
	[ "$(jq -s 'map(."@metadata".to.ddb.Existed) | any' \
	    "$BATS_TEST_TMPDIR/out")" = false ]
	[ "$(items | wc -l)" -eq 20 ]
}

@test "--ttl adds the time of expiry, to a record that has none" {
	local at before after
	before=$(date +%s)
	give $'{"n":1}\n' --ttl expires=1h
	after=$(date +%s)
	at=$(ddb-query "$t" | jq .expires)
	[ "$at" -ge $((before + 3600)) ]
	[ "$at" -le $((after + 3600)) ]
	give $'{"n":2,"expires":1}\n' --ttl expires=1h
	[ "$status" -eq 1 ]
	[[ $stderr == *"line 1: RepeatedMember: "*expires* ]]
}

@test "a member twice is refused, in an object of many members too" {
	local many
	many=$(seq 500 | sed 's/.*/,"k&":1/' | tr -d '\n')
	give "{\"n\":1,\"m\":{\"a\":1,\"\\u0061\":2}}"$'\n'
	[ "$status" -eq 1 ]
	give "{\"n\":1$many,\"\\u006b7\":1}"$'\n'
	[ "$status" -eq 1 ]
	[[ $stderr == *RepeatedMember* ]]
	give "{\"n\":1$many}"$'\n'
	[ "$status" -eq 0 ]
}

@test "--typed takes DynamoDB JSON" {
	give $'{"n":{"N":"5"},"tags":{"SS":["a","b"]}}\n' --typed
	[ "$status" -eq 0 ]
	[ "$(items)" = '{"n":5,"tags":["a","b"]}' ]
	give $'{"n":5}\n' --typed
	[ "$status" -eq 1 ]
}

@test "a second signal kills" {
	contract_second_signal
}
