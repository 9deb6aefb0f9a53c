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
	sink=(ddb-del "$t")
	action=dynamodb:BatchWriteItem
}

teardown() {
	lunad_fault
}

good() {
	records "$1"
}

@test "help, usage, empty input, --when, --quiet, --dry-run, bad lines" {
	contract_help
	contract_usage
	contract_empty
	contract_unless
	contract_quiet
	contract_dry_run
	contract_bad_line
	contract_not_kept
}

@test "items are deleted by key, others stay" {
	records 30 | ddb-put "$t" --quiet
	records 30 | grep -v 7 | jq -c '.more = 1' >"$BATS_TEST_TMPDIR/in"
	try ddb-del "$t" <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 0 ]
	[ "$(out_count)" -eq 27 ]
	[ "$(ddb-query "$t" | jq .n | sort -n | paste -sd ' ')" = '7 17 27' ]
}

@test "deleting what is not there is fine" {
	contract_happy
	contract_bytes
}

@test "unprocessed deletes are sent again" {
	records 100 | ddb-put "$t" --quiet
	lunad_fault dynamodb:BatchWriteItem=partial:0.4:x6
	give "$(records 100)"$'\n'
	lunad_fault
	[ "$status" -eq 0 ]
	diff <(jq -c .n <<<"$output") <(seq 100)
	[ -z "$(ddb-query "$t")" ]
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
	try ddb-del "$t" <<<'{"m":1}'
	[ "$status" -eq 1 ]
	[[ $stderr == *"MissingKey"*"'n'"* ]]
}

@test "a second signal kills" {
	contract_second_signal
}
