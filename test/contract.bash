# shellcheck shell=bash
# The contract of luna(7), as tests that every sink's file runs with its own
# command. It says what it is by three things:
#
#	sink=(sqs-send q)          the command
#	action=sqs:SendMessageBatch   the call it makes, for lunad_fault
#	good() { records "$1"; }   N good records
#
# and then: @test "it keeps the contract: …" { contract_…; }

# out_count, failed_count: lines of $output; lines of the failed file.
out_count() {
	printf '%s' "${output:+$output$'\n'}" | wc -l
}

failed_count() {
	wc -l <"$BATS_TEST_TMPDIR/failed"
}

# give TEXT ARG…: the sink with TEXT on stdin and more options.
give() {
	local text=$1
	shift
	printf '%s' "$text" >"$BATS_TEST_TMPDIR/in"
	try "${sink[@]}" "$@" <"$BATS_TEST_TMPDIR/in"
}

contract_help() {
	try "${sink[0]}" --help
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == "usage: ${sink[0]} "* ]]
	[ -z "$stderr" ]
}

contract_usage() {
	try "${sink[@]}" --no-such-option </dev/null
	[ "$status" -eq 2 ]
	[[ $stderr == "${sink[0]}: "*--no-such-option* ]]
}

contract_happy() {
	give "$(good 12)"$'\n'
	[ "$status" -eq 0 ]
	[ "$(out_count)" -eq 12 ]
	[ -z "$stderr" ]
	# The payload is what went in, in order.
	diff <(gojq -c 'del(."@metadata")' <<<"$output") <(good 12 | gojq -c .)
}

contract_quiet() {
	give "$(good 3)"$'\n' --quiet
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

contract_empty() {
	give ''
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

contract_bad_line() {
	rm -f "$BATS_TEST_TMPDIR/failed"
	give "$(good 1)"$'\n{"n":\n'"$(good 1)"$'\n' \
	    --failed "$BATS_TEST_TMPDIR/failed"
	[ "$status" -eq 1 ]
	[[ $stderr == "${sink[0]}: line 2: "* ]]
	[ "$(out_count)" -eq 2 ]
	[ "$(jq -r '."@metadata".raw' "$BATS_TEST_TMPDIR/failed")" = '{"n":' ]
	[ "$(jq -r '."@metadata".error.tool' "$BATS_TEST_TMPDIR/failed")" = \
	    "${sink[0]}" ]
}

contract_not_kept() {
	give $'no record\n'"$(good 2)"$'\n'
	[ "$status" -eq 1 ]
	[[ ${stderr##*$'\n'} == *'1 of 3 records failed and were not kept' ]]
}

contract_throttle() {
	lunad_fault "$action=throttle:0.4"
	give "$(good 20)"$'\n'
	lunad_fault
	[ "$status" -eq 0 ]
	[ "$(out_count)" -eq 20 ]
	diff <(gojq -c 'del(."@metadata")' <<<"$output") <(good 20 | gojq -c .)
}

contract_denied() {
	rm -f "$BATS_TEST_TMPDIR/failed"
	lunad_fault "$action=denied"
	give "$(good 3)"$'\n' --failed "$BATS_TEST_TMPDIR/failed"
	lunad_fault
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[ "$(failed_count)" -eq 3 ]
}

contract_garbage() {
	rm -f "$BATS_TEST_TMPDIR/failed"
	lunad_fault "$action=garbage"
	give "$(good 3)"$'\n' --failed "$BATS_TEST_TMPDIR/failed" --patience 1
	lunad_fault
	[ "$status" -eq 75 ]
	[ -z "$output" ]
	[ "$(failed_count)" -eq 3 ]
}

# The service goes away after the set-up: read records are failed, the rest
# is copied, and feeding the file back delivers them all.
contract_away() {
	rm -f "$BATS_TEST_TMPDIR/failed"
	lunad_fault "$action=503"
	give "$(good 30)"$'\n' --failed "$BATS_TEST_TMPDIR/failed" --patience 1
	lunad_fault
	[ "$status" -eq 75 ]
	[ -z "$output" ]
	[ "$(failed_count)" -eq 30 ]
	[ "$(jq -r '."@metadata".error.retryable' "$BATS_TEST_TMPDIR/failed" |
		sort -u)" = true ]
	try "${sink[@]}" <"$BATS_TEST_TMPDIR/failed"
	[ "$status" -eq 0 ]
	diff <(gojq -c 'del(."@metadata")' <<<"$output") <(good 30 | gojq -c .)
	[[ $output != *'"error"'* ]]
}

contract_full() {
	good 3 >"$BATS_TEST_TMPDIR/in"
	run --separate-stderr timeout 30 bash -c '"$@" >/dev/full' - \
	    "${sink[@]}" <"$BATS_TEST_TMPDIR/in"
	echo "status $status: $stderr"
	[ "$status" -eq 1 ]
	[[ $stderr == *stdout:* ]]
}

contract_no_credentials() {
	good 1 >"$BATS_TEST_TMPDIR/in"
	run --separate-stderr env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY \
	    "${sink[@]}" <"$BATS_TEST_TMPDIR/in"
	echo "status $status: $stderr"
	[ "$status" -eq 2 ]
	[[ $stderr == *NoCredentials* ]]
	run --separate-stderr env AWS_PROFILE=nobody "${sink[@]}" \
	    <"$BATS_TEST_TMPDIR/in"
	echo "status $status: $stderr"
	[ "$status" -eq 2 ]
	[[ $stderr == *NoProfile* ]]
}

contract_unless() {
	give "$(good 2)"$'\n' --when no_such_member
	[ "$status" -eq 0 ]
	diff <(echo "$output") <(good 2)
}

contract_dry_run() {
	give "$(good 2)"$'\n' --dry-run --endpoint-url http://127.0.0.1:9
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(jq -r .operation <<<"${lines[0]}")" = "${action##*:}" ]
}

# Numbers, escapes, NUL, CR LF and metadata pass as bytes.
contract_bytes() {
	local line
	line=$(good 1)
	line=${line%\}}
	line="$line,\"a\":2103807459595387724,\"b\":0.10,\"c\":\"\\u00e9\\/\"}"
	give "$line"$'\r\n'
	[ "$status" -eq 0 ]
	[[ $output == "${line%\}},\"@metadata\":"* ]]
}
