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

# payloads: records without their metadata.
payloads() {
	gojq -c 'del(."@metadata")'
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
	diff <(payloads <<<"$output") <(good 12 | payloads)
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
	lunad_fault "$action=throttle:x3"
	give "$(good 20)"$'\n'
	lunad_fault
	[ "$status" -eq 0 ]
	[ "$(out_count)" -eq 20 ]
	diff <(payloads <<<"$output") <(good 20 | payloads)
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
	diff <(payloads <<<"$output") <(good 30 | payloads)
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
	diff <(echo "$output") "$BATS_TEST_TMPDIR/in"
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

# kept N: --failed has N lines, each of which may be tried again.
kept() {
	[ "$(failed_count)" -eq "$1" ]
	[ "$(jq -r '."@metadata".error.retryable' "$BATS_TEST_TMPDIR/failed" |
		sort -u)" = true ]
}

# The service is away from the first call on, that of the set-up: nothing is
# lost, and feeding the file back delivers it.
contract_down() {
	rm -f "$BATS_TEST_TMPDIR/failed"
	give "$(good 30)" --failed "$BATS_TEST_TMPDIR/failed" --patience 1 \
	    --endpoint-url http://127.0.0.1:9
	[ "$status" -eq 75 ]
	[ -z "$output" ]
	kept 30
	try "${sink[@]}" <"$BATS_TEST_TMPDIR/failed"
	[ "$status" -eq 0 ]
	[ "$(out_count)" -eq 30 ]
}

# The service comes back within --patience: nothing is told, nothing fails.
contract_back() {
	lunad_fault "$action=503:x5"
	give "$(good 30)"
	lunad_fault
	[ "$status" -eq 0 ]
	[ "$(out_count)" -eq 30 ]
	[ -z "$stderr" ]
}

# piped STDOUT ARG…: the sink with good 30 on stdin, its stdout as said.
piped() {
	local to=$1
	shift
	good 30 >"$BATS_TEST_TMPDIR/in"
	run --separate-stderr timeout 30 bash -c '"$@" '"$to" - "${sink[@]}" \
	    "$@" <"$BATS_TEST_TMPDIR/in"
	echo "status $status: $stderr"
}

# What stdout did not take is kept, in order, and can be fed back.
contract_unprinted() {
	local to
	rm -f "$BATS_TEST_TMPDIR/unread"
	mkfifo "$BATS_TEST_TMPDIR/unread"
	exec 7<>"$BATS_TEST_TMPDIR/unread"
	exec 8>"$BATS_TEST_TMPDIR/unread" 7<&-
	for to in '>/dev/full' '>&-' '>&8 8>&-'; do
		rm -f "$BATS_TEST_TMPDIR/failed"
		piped "$to" --failed "$BATS_TEST_TMPDIR/failed"
		[ "$status" -eq 1 ]
		[[ $stderr == *stdout* ]]
		kept 30
		diff <(payloads <"$BATS_TEST_TMPDIR/failed") \
		    <(good 30 | payloads)
	done
	exec 8>&-
	# At the end of a pipe nobody needs to read.
	piped '>&-' --quiet
	[ "$status" -eq 0 ]
}

contract_no_stdin() {
	run --separate-stderr timeout 30 bash -c '"$@" <&-' - "${sink[@]}"
	[ "$status" -eq 2 ]
	[[ $stderr == *stdin:* ]]
	run --separate-stderr timeout 30 bash -c '"$@" </' - "${sink[@]}"
	[ "$status" -eq 2 ]
	[[ $stderr == *stdin:* ]]
}

# A full disk under --failed is told, and what is not kept is counted.
contract_file_full() {
	give $'no record\n'"$(good 2)" --failed /dev/full
	[ "$status" -eq 1 ]
	[[ $stderr == *"--failed /dev/full: "* ]]
	[[ $stderr == *'1 of 3 records failed and were not kept' ]]
	[ "$(out_count)" -eq 2 ]
}

# A signal: what was sent is waited for up to 5 s, all else is kept.
contract_signal() {
	local began=$SECONDS pid
	rm -f "$BATS_TEST_TMPDIR/failed"
	mkfifo "$BATS_TEST_TMPDIR/p"
	lunad_fault "$action=delay:60s"
	"${sink[@]}" --failed "$BATS_TEST_TMPDIR/failed" -v \
	    <"$BATS_TEST_TMPDIR/p" >"$BATS_TEST_TMPDIR/out" \
	    2>"$BATS_TEST_TMPDIR/err" 3>&- &
	pid=$!
	exec 9>"$BATS_TEST_TMPDIR/p"
	# Two more than may be unsettled wait in the pipe: they are not read.
	good 30 >&9
	printf '{"half' >&9
	until_true drained "$pid"
	kill -TERM "$pid"
	reap "$pid"
	exec 9>&-
	lunad_fault
	cat "$BATS_TEST_TMPDIR/err"
	[ $((SECONDS - began)) -lt 60 ]
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
	grep -q Interrupted "$BATS_TEST_TMPDIR/err"
	[ "$(failed_count)" -eq 31 ]
	[ "$(jq -c 'select(."@metadata".error.retryable)' \
	    "$BATS_TEST_TMPDIR/failed" | wc -l)" -eq 30 ]
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/failed" |
		jq -r '."@metadata".raw')" = '{"half' ]
	[ "$status" -eq 1 ] # for the half of a record
}

# drained PID: it has read its stdin empty and sleeps.
drained() {
	python3 -c '
import fcntl, struct, sys, termios
with open(sys.argv[1]) as p:
    n = fcntl.ioctl(p, termios.FIONREAD, bytes(4))
sys.exit(struct.unpack("i", n)[0] != 0)' "/proc/$1/fd/0" &&
		grep -q '^State:[[:space:]]*S' "/proc/$1/status"
}

# A signal while the service answers: stdin is read to its end, all is well.
contract_reads_on() {
	local pid
	mkfifo "$BATS_TEST_TMPDIR/p"
	"${sink[@]}" <"$BATS_TEST_TMPDIR/p" >"$BATS_TEST_TMPDIR/out" \
	    2>"$BATS_TEST_TMPDIR/err" 3>&- &
	pid=$!
	exec 9>"$BATS_TEST_TMPDIR/p"
	good 5 >&9
	until_true lines_of "$BATS_TEST_TMPDIR/out" 5
	kill -INT "$pid" # ignored: a background job does not hear the keyboard
	kill -TERM "$pid"
	good 5 >&9
	until_true lines_of "$BATS_TEST_TMPDIR/out" 10
	exec 9>&-
	reap "$pid"
	[ "$status" -eq 0 ]
	[ ! -s "$BATS_TEST_TMPDIR/err" ]
}

# After the first signal it reads on, and is there still for the second.
contract_second_signal() {
	local pair
	for pair in TERM:TERM TERM:INT INT:INT INT+TERM; do
		rm -f "$BATS_TEST_TMPDIR/p"
		mkfifo "$BATS_TEST_TMPDIR/p"
		hearing "${sink[@]}" <"$BATS_TEST_TMPDIR/p" >/dev/null 3>&- &
		exec 9>"$BATS_TEST_TMPDIR/p"
		killed_by_second "$!" "$pair"
		exec 9>&-
	done
}

# A record goes out though no other follows, with and without linger.
contract_live() {
	local linger pid
	for linger in 50 0; do
		rm -f "$BATS_TEST_TMPDIR/p"
		mkfifo "$BATS_TEST_TMPDIR/p"
		"${sink[@]}" --linger "$linger" <"$BATS_TEST_TMPDIR/p" \
		    >"$BATS_TEST_TMPDIR/out" 3>&- &
		pid=$!
		exec 9>"$BATS_TEST_TMPDIR/p"
		good 1 >&9
		until_true lines_of "$BATS_TEST_TMPDIR/out" 1
		good 3 >&9
		until_true lines_of "$BATS_TEST_TMPDIR/out" 4
		# And then it sleeps.
		local before after
		before=$(switches "$pid")
		sleep 1
		after=$(switches "$pid")
		echo "woken $((after - before)) times in 1 s"
		[ $((after - before)) -le 5 ]
		exec 9>&-
		reap "$pid"
	done
}

# switches PID: how often it has gone to sleep.
switches() {
	sed -n 's/^voluntary_ctxt_switches:[[:space:]]*//p' "/proc/$1/status"
}

# 12 records at 10 a second take at least a second, whatever the linger.
contract_rate() {
	local linger began ms
	for linger in 100 0; do
		began=$(date +%s%3N)
		give "$(good 12)" --rate 10/s --linger "$linger"
		ms=$(($(date +%s%3N) - began))
		echo "$ms ms"
		[ "$status" -eq 0 ]
		[ "$(out_count)" -eq 12 ]
		[ "$ms" -ge 900 ]
	done
}

# With room for one block at a time all goes through, and in order.
contract_small_memory() {
	give "$(good 100)" --memory 1 --jobs 1
	[ "$status" -eq 0 ]
	diff <(payloads <<<"$output") <(good 100 | payloads)
}
