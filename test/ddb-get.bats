#!/usr/bin/env bats

load helpers
load contract

setup_file() {
	lunad_start
	table people id:S
	printf '%s\n' '{"id":"a","name":"Ann","big":2103807459595387724}' \
	    '{"id":"b","name":"Bob"}' | ddb-put people --quiet
}

teardown_file() {
	lunad_stop
}

setup() {
	sink=(ddb-get --into item --miss keep people)
	action=dynamodb:BatchGetItem
}

teardown() {
	lunad_fault
}

good() {
	seq "$1" | sed 's/.*/{"id":"no&"}/'
}

@test "help and usage" {
	contract_help
	contract_usage
	try ddb-get --miss what people </dev/null
	[ "$status" -eq 2 ]
	[[ $stderr == *--miss* ]]
}

@test "empty input, --when, --dry-run, bad lines" {
	contract_empty
	contract_unless
	contract_dry_run
	contract_bad_line
	contract_not_kept
}

@test "an item is put into a member, with its numbers" {
	try ddb-get --into p people <<<'{"x":1,"id":"a"}'
	[ "$status" -eq 0 ]
	[ "$(gojq -c . <<<"$output")" = '{"id":"a","p":{"big":2103807459595387724,"id":"a","name":"Ann"},"x":1}' ]
	[[ $output == '{"x":1,"id":"a","p":{'* ]]
}

@test "without --into its members join the record's" {
	try ddb-get people <<<'{"x":1,"id":"b","@metadata":{"from":{"q":{}}}}'
	[ "$output" = '{"x":1,"id":"b","name":"Bob","@metadata":{"from":{"q":{}}}}' ]
}

@test "an item cannot bring metadata of its own" {
	jq -nc '{TableName: "people", Item: {id: {S: "evil"},
	    "@metadata": {M: {from: {S: "elsewhere"}}}}}' |
		aws-call dynamodb PutItem - >/dev/null
	try ddb-get people <<<'{"id":"evil","@metadata":{"from":{"q":{}}}}'
	[ "$status" -eq 1 ]
	[[ $stderr == *ForeignMetadata*--into* ]]
	try ddb-get --into p people <<<'{"id":"evil","@metadata":{"from":{"q":{}}}}'
	[ "$status" -eq 0 ]
	[ "$(jq -c '."@metadata".from' <<<"$output")" = '{"q":{}}' ]
	try ddb-get --into @metadata people </dev/null
	[ "$status" -eq 2 ]
}

@test "a record without an item is dropped, kept, or fails" {
	try ddb-get people <<<'{"id":"z"}'
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	try ddb-get --miss keep people <<<'{"id":"z"}'
	[ "$output" = '{"id":"z"}' ]
	try ddb-get --miss fail people <<<'{"id":"z"}'
	[ "$status" -eq 1 ]
	[[ $stderr == *NoItem* ]]
}

@test "many records of one key, in order" {
	yes '{"id":"a"}' | head -n 250 | jq -c '.n = input_line_number' \
	    >"$BATS_TEST_TMPDIR/in"
	try ddb-get people <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 0 ]
	diff <(jq .n <<<"$output") <(seq 250)
}

@test "unprocessed keys are asked again" {
	lunad_fault dynamodb:BatchGetItem=partial:0.5:x6
	good 300 >"$BATS_TEST_TMPDIR/in"
	try "${sink[@]}" -v <"$BATS_TEST_TMPDIR/in"
	lunad_fault
	[ "$status" -eq 0 ]
	diff <(jq -r .id <<<"$output") <(jq -r .id "$BATS_TEST_TMPDIR/in")
	[ "$(grep -c BatchGetItem <<<"$stderr")" -gt 3 ]
}

@test "throttled, denied, garbage, away, full, no credentials" {
	contract_throttle
	contract_denied
	contract_garbage
	contract_away
	contract_full
	contract_no_credentials
}

@test "a record without the key fails, and names it" {
	try ddb-get people <<<'{"name":"x"}'
	[ "$status" -eq 1 ]
	[[ $stderr == *"MissingKey"*"'id'"* ]]
}

@test "a second signal kills" {
	contract_second_signal
}
