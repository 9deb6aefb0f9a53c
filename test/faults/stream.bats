#!/usr/bin/env bats
# Windows of a stream survive kill -9: one stage of the pipe, or all of it, is
# killed at random moments; what came onto the second stream is then, repeats
# aside, what an undisturbed run gives. LUNA_PROOF=full kills 200 times.

load ../helpers
load ../streams

setup_file() {
	lunad_start
}

teardown_file() {
	lunad_stop
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	kills=10 hits=0 rounds=0
	[ "${LUNA_PROOF-}" != full ] || kills=200
	RANDOM=13
	# 12,000 events of 200 minutes, 40 users.
	python3 -c '
import random
random.seed(13)
for n in range(12000):
    print("{\"n\":%d,\"t\":%d,\"user_id\":%d}" % (n, 1700000000 + n,
        random.randrange(40)))' >events
	tumble -e 1m -t t -b user_id n=count s=sum:n <events | jq -cS . |
		sort >want
}

# fresh: the events on a new stream, nothing on another, nothing marked.
fresh() {
	rounds=$((rounds + 1))
	in=in$BATS_TEST_NUMBER-$rounds out=out$BATS_TEST_NUMBER-$rounds
	stream "$in" 3
	stream "$out" 1
	rm -f pos
	kinesis-put -k '{{user_id}}' --jobs 1 --quiet "$in" <events
}

# pipe [OPTION]: the windows of $in onto $out.
pipe() {
	kinesis-get --state pos "$in" |
		tumble -e 1m -t t -b user_id "$@" n=count s=sum:n |
		kinesis-put -k '{{user_id}}' --patience inf "$out" |
		kinesis-mark --quiet pos
}

# stages PID: the programs of the pipe that a subshell started.
stages() {
	pgrep -P "$1" || true
}

# undisturbed: the last run; then every window is there as it should be.
undisturbed() {
	pipe --complete
	stream_data "$out" | jq -cS . >>got.all
	stream_data "$out" | jq -cS . | sort -u >once
	diff want once
}

# moment: wait up to 0.3 s.
moment() {
	sleep "0.$(printf '%03d' $((RANDOM % 300)))"
}

# one: kill a stage; all: kill every one. false: there was none left.
one() {
	[ $# -gt 1 ] && kill -9 "${@:2 + RANDOM % ($# - 1):1}"
}

all() {
	[ $# -gt 1 ] && kill -9 "$@"
}

# killed one|all: until it has hit a pipe at work as often as is wanted; a pipe
# that came to its end makes room for the next round.
killed() {
	local pid victims
	while [ "$hits" -lt "$kills" ]; do
		fresh
		while :; do
			pipe 2>/dev/null 3>&- &
			pid=$!
			moment
			mapfile -t victims < <(stages "$pid")
			"$1" "$pid" "${victims[@]}" 2>/dev/null || break
			hits=$((hits + 1))
			wait "$pid" 2>/dev/null || true
		done
		wait "$pid" 2>/dev/null || true
		undisturbed
	done
	echo "# $hits kills in $rounds rounds of $(wc -l <want) windows," \
	    "of which $(wc -l <got.all) came" >&3
}

@test "one stage killed at random moments: the windows are those of an undisturbed run" {
	killed one
}

@test "the whole pipe killed at random moments: the same" {
	killed all
}
