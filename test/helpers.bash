# shellcheck shell=bash
# What the tests of tools share. `load helpers`, then run tools by name: they
# are those of $BUILD/bin (build/bin by default).
#
#	setup_file() { lunad_start; }
#	teardown_file() { lunad_stop; }
#
# gives all tests of a file one lunad of their own, with AWS's environment
# pointing at it. Names of queues and tables should then differ by test.

bats_require_minimum_version 1.5.0

top=$(cd "${BATS_TEST_DIRNAME:?}" && until [ -e Makefile ]; do cd ..; done && pwd)
case ${BUILD:-build} in
/*) PATH=${BUILD}/bin:$PATH ;;
*) PATH=$top/${BUILD:-build}/bin:$PATH ;;
esac
export PATH top

# With LUNA_PEER set, the name of another server, the tests run there: at
# LUNA_PEER_URL with LUNA_PEER_KEY, _SECRET and _ACCOUNT. What it does not have
# is skipped by name.

# lunad_only WHAT: this test, or file, needs something that only lunad has.
lunad_only() {
	[ -z "${LUNA_PEER-}" ] || skip "needs lunad's $1"
}

# lunad_start [OPTION…]: start one on a free port and wait until it listens.
lunad_start() {
	local line name
	LUNAD_DIR=$(mktemp -d "${BATS_FILE_TMPDIR:?}/lunad.XXXXXX")
	LUNAD_PID=
	if [ -n "${LUNA_PEER-}" ]; then
		line=$LUNA_PEER_URL
	else
		mkfifo "$LUNAD_DIR/says"
		lunad -d "$LUNAD_DIR/data" -l 127.0.0.1:0 "$@" \
		    >"$LUNAD_DIR/says" 2>"$LUNAD_DIR/err" 3>&- &
		LUNAD_PID=$!
		read -r line <"$LUNAD_DIR/says" || {
			cat "$LUNAD_DIR/err" >&2
			return 1
		}
	fi
	for name in $(compgen -e AWS_); do
		unset "$name"
	done
	export AWS_ENDPOINT_URL=${line##* } AWS_REGION=us-east-1 \
	    AWS_DEFAULT_REGION=us-east-1 \
	    AWS_ACCOUNT_ID="${LUNA_PEER_ACCOUNT:-000000000000}" \
	    AWS_ACCESS_KEY_ID="${LUNA_PEER_KEY:-AKIALUNADEXAMPLE0000}" \
	    AWS_SECRET_ACCESS_KEY="${LUNA_PEER_SECRET:-lunad-example-secret-not-a-key}" \
	    AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null \
	    AWS_EC2_METADATA_DISABLED=true NO_PROXY=127.0.0.1,localhost
	export LUNAD_PID LUNAD_DIR
}

# lunad_again [OPTION…]: kill it with -9 and start it once more on what it
# kept, on any free port. In a test whose lunad is its own: others of the file
# would not find it again.
lunad_again() {
	local line
	kill -9 "$LUNAD_PID"
	wait "$LUNAD_PID" 2>/dev/null || true
	while [ -e "/proc/$LUNAD_PID/exe" ]; do
		sleep 0.02
	done
	lunad -d "$LUNAD_DIR/data" -l 127.0.0.1:0 "$@" >"$LUNAD_DIR/says" \
	    2>>"$LUNAD_DIR/err" 3>&- &
	LUNAD_PID=$!
	read -r line <"$LUNAD_DIR/says" || {
		cat "$LUNAD_DIR/err" >&2
		return 1
	}
	export AWS_ENDPOINT_URL=${line##* } LUNAD_PID
}

lunad_stop() {
	[ -n "${LUNAD_PID-}" ] || return 0
	kill "$LUNAD_PID" 2>/dev/null || true
	wait "$LUNAD_PID" 2>/dev/null || true
	cat "$LUNAD_DIR/err" >&2
	LUNAD_PID=
}

# lunad_clock 5m: move virtual time on; all that is due has happened then.
lunad_clock() {
	lunad_only clock
	curl -sSf -d "{\"advance\":\"$1\"}" "$AWS_ENDPOINT_URL/_luna/clock"
}

# lunad_minute: move virtual time to the start of a minute, so that nearly all
# of it is left. Not the next minute, which may begin before the clock is told.
lunad_minute() {
	lunad_only clock
	curl -sSf "$AWS_ENDPOINT_URL/_luna/clock" |
		jq -c '{to: ((.now[0:16] + ":00Z" | fromdate) + 120 | todate)}' |
		curl -sSf -d @- "$AWS_ENDPOINT_URL/_luna/clock" >/dev/null
}

# lunad_fault SPEC…: these faults from now on; none without an argument.
lunad_fault() {
	[ -z "${LUNA_PEER-}" ] || [ $# -gt 0 ] || return 0
	lunad_only faults
	printf '%s\n' "$@" | jq -Rnc '[inputs | select(. != "")]' |
		curl -sSf -d @- "$AWS_ENDPOINT_URL/_luna/fault" >/dev/null
}

# try TOOL ARG…: run it within a time, show all of it should the test fail.
# $status, $output and $stderr are then set.
try() {
	run --separate-stderr timeout "${TRY_S:-30}" "$@"
	echo "\$ $*"
	echo "status $status"
	echo "stdout: $output"
	echo "stderr: ${stderr-}"
}

# queue NAME [ATTRIBUTE=VALUE…]: make a queue.
queue() {
	local name=$1
	shift
	printf '%s\n' "$@" | jq -Rnc --arg n "$name" '{QueueName: $n,
	    Attributes: ([inputs | select(. != "") | split("=") |
	    {(.[0]): (.[1:] | join("="))}] | add // {})}' |
		aws-call sqs CreateQueue - >/dev/null
}

# queue_url NAME: as this server names it.
queue_url() {
	echo "$AWS_ENDPOINT_URL/$AWS_ACCOUNT_ID/$1"
}

# depths QUEUE: how many messages are visible, and how many in flight.
depths() {
	aws-call sqs GetQueueAttributes QueueUrl="$(queue_url "$1")" \
	    AttributeNames:='["ApproximateNumberOfMessages","ApproximateNumberOfMessagesNotVisible"]' |
		jq -r '.Attributes | .ApproximateNumberOfMessages + " " +
		    .ApproximateNumberOfMessagesNotVisible'
}

# is_depth QUEUE VISIBLE IN-FLIGHT: now; at other servers, whose counts are as
# approximate as AWS's, soon.
is_depth() {
	[ "$(depths "$1")" != "$2 $3" ] || return 0
	[ -n "${LUNA_PEER-}" ] && until_true depth_was "$@"
}

depth_was() {
	[ "$(depths "$1")" = "$2 $3" ]
}

# topic NAME: make a topic.
topic() {
	aws-call sns CreateTopic "Name=$1" >/dev/null
}

# table NAME KEY:TYPE [RANGE:TYPE]: make a table.
table() {
	local name=$1
	shift
	printf '%s\n' "$@" | jq -Rnc --arg n "$name" '[inputs | split(":")] as $k |
	    {TableName: $n, BillingMode: "PAY_PER_REQUEST",
	    AttributeDefinitions: [$k[] | {AttributeName: .[0],
	    AttributeType: .[1]}],
	    KeySchema: [$k | to_entries[] | {AttributeName: .value[0],
	    KeyType: (if .key == 0 then "HASH" else "RANGE" end)}]}' |
		aws-call dynamodb CreateTable - >/dev/null
}

# records N: {"n":1} to {"n":N}.
records() {
	seq "$1" | sed 's/.*/{"n":&}/'
}

# until_true COMMAND…: wait until it succeeds, for at most TRY_S seconds.
until_true() {
	local end=$((SECONDS + ${TRY_S:-30}))
	until "$@"; do
		if [ "$SECONDS" -ge "$end" ]; then
			echo "never true: $*"
			return 1
		fi
		sleep 0.05
	done
}

# lines_of FILE N: it has at least N lines.
lines_of() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

# reap PID: wait for a background tool, not for ever; $status is its status.
reap() {
	until_true ended "$1" || kill -9 "$1"
	status=0
	wait "$1" || status=$?
}

ended() {
	! kill -0 "$1" 2>/dev/null
}

# hearing COMMAND…: run it so that it hears SIGINT, to which a background job
# of a script is deaf. For `hearing COMMAND… &` alone: it ends this shell.
hearing() {
	exec env --default-signal=INT "$@"
}

# killed_by_second PID FIRST:SECOND: the first signal is heard, the second
# kills. With INT+TERM both come before it can hear either; SIGINT is the first
# then, since the system delivers signals by their number.
killed_by_second() {
	[ "${SANITIZE-}" != valgrind ] || skip "valgrind catches signals itself"
	until_true catches "$1" 15
	if [ "$2" = INT+TERM ]; then
		kill -STOP "$1"
		until_true stands "$1"
		kill -INT "$1"
		kill -TERM "$1"
		kill -CONT "$1"
	else
		kill -"${2%:*}" "$1"
		until_true leaves "$1" 15
		kill -"${2#*:}" "$1"
	fi
	reap "$1"
	echo "$2: status $status"
	[ "$status" -eq $((128 + $(kill -l "${2##*[:+]}"))) ]
}

# catches PID SIGNAL: it has a handler for it. What is still the shell that was
# forked for it, and what that may have, does not count.
catches() {
	local mask
	case $(readlink "/proc/$1/exe") in
	*/bash | */env | '') return 1 ;;
	esac
	mask=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status")
	[ $(((0x$mask >> ($2 - 1)) & 1)) -eq 1 ]
}

leaves() { # leaves PID SIGNAL: not caught, or the process is gone
	! catches "$@"
}

stands() { # stands PID: stopped by a signal
	grep -q '^State:[[:space:]]*T' "/proc/$1/status"
}
