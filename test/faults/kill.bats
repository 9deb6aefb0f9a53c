#!/usr/bin/env bats
# A pipe of which one stage, or all at once, is killed with -9 at moments
# drawn by a seed from the whole time that its work takes. With
# LUNA_PROOF=full by 200 kills a test, in four lanes side by side (each has a
# lunad, since it moves the clock); else by 5.
#
# Rounds of five kills and one run to the end share a queue, which is filled up
# before each run; after a kill the clock is moved past all leases. The queue
# lets a message be received six times, and then moves it to the dead-letter
# queue: once for each run of a round. So that queue stays empty only if a kill
# costs a message one receive at most, and no run takes a message twice.
# shellcheck disable=SC2016 # the pipe's script expands it

load ../helpers
load mail

kills_a_round=5
visibility=6

setup() {
	lanes=1 rounds=1
	[ "${LUNA_PROOF-}" != full ] || lanes=4 rounds=10
	export TRY_S=60
}

# in_lanes FUNCTION ARG…: run it in each lane.
in_lanes() {
	local lane pid pids=() bad=0
	for ((lane = 1; lane <= lanes; lane++)); do
		dir=$BATS_TEST_TMPDIR/$lane
		mkdir "$dir"
		in_lane "$@" >"$dir/log" 2>&1 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || bad=1
	done
	cat "$BATS_TEST_TMPDIR"/*/log
	cat "$BATS_TEST_TMPDIR"/*/summary >&3
	return "$bad"
}

in_lane() {
	trap lunad_stop EXIT
	BATS_FILE_TMPDIR=$dir lunad_start
	mail_start
	# An answer comes later than the deed: the moments in between are long.
	lunad_fault sqs:ReceiveMessage=delay:10ms \
	    sqs:DeleteMessageBatch=delay:10ms sesv2:SendEmail=delay:10ms \
	    dynamodb:BatchWriteItem=delay:10ms \
	    dynamodb:BatchGetItem=delay:10ms
	table log id:S
	queue dead
	queue q VisibilityTimeout=$visibility RedrivePolicy='{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"'$((kills_a_round + 1))'"}'
	RANDOM=$((BATS_TEST_NUMBER * 100 + lane))
	sent=0 hits=0 misses=0 inflight=500
	"$@"
}

# pipe STAGE…: the script of a pipe, in which each stage says its id.
pipe() {
	local stage n=0
	{
		printf '#!/bin/bash\ncd %q || exit\n' "$dir"
		printf 'as() { echo "$BASHPID" >"$1"; shift; exec "$@"; }\n'
		for stage; do
			[ "$n" -eq 0 ] || printf ' |\n'
			printf 'as pid.%d %s 2>>err' "$n" "$stage"
			n=$((n + 1))
		done
		printf '\necho "${PIPESTATUS[*]}" >statuses\n'
	} >"$dir/pipe"
	chmod +x "$dir/pipe"
	stages=$n
}

mail="-f shop@example.org -t to@example.org -s '{{id}}' -b hello"

# depth QUEUE: how many messages it has, whatever their state.
depth() {
	aws-call sqs GetQueueAttributes \
	    "QueueUrl=$AWS_ENDPOINT_URL/000000000000/$1" \
	    AttributeNames:='["All"]' | jq '.Attributes |
	    [.ApproximateNumberOfMessages,
	    .ApproximateNumberOfMessagesNotVisible,
	    .ApproximateNumberOfMessagesDelayed | tonumber] | add'
}

# fill N: as many messages as are missing from N.
fill() {
	local more
	more=$(($1 - $(depth q)))
	seq $((sent + 1)) $((sent + more)) | sed 's/.*/{"id":"m&"}/' |
		sqs-send --quiet q
	sent=$((sent + more))
}

# begin: start the pipe, as a process group of its own.
begin() {
	rm -f "$dir"/pid.* "$dir/statuses" "$dir/err"
	: >"$dir/out"
	began=$(date +%s%3N)
	setsid "$dir/pipe" >"$dir/out" 2>>"$dir/err" &
	pid=$!
}

# clean_run: to the end, at which all is well and the queue is empty.
clean_run() {
	begin
	until_true lines_of "$dir/out" "$1"
	took=$(($(date +%s%3N) - began))
	reap "$pid"
	echo "$hits kills, $(cat "$dir/statuses" "$dir/err")," \
	    "left $(depth q), dead $(depth dead)"
	[ "$(tr -d ' 0' <"$dir/statuses")" = '' ]
	[ "$(depth q)" -eq 0 ]
	[ "$(depth dead)" -eq 0 ]
}

# pause: until a moment of the time that the last clean run took to its last
# acknowledgement: what follows that is a drain waiting for more.
pause() {
	local ms=$((RANDOM * took / 32768))
	sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
}

# Both of these fail when what was to be killed had come to its end.
kill_stage() {
	local victim=$((RANDOM % stages))
	pause
	until_true [ -s "$dir/pid.$victim" ]
	kill -9 "$(cat "$dir/pid.$victim")" || true
	reap "$pid"
	[ "$(cut -d ' ' -f $((victim + 1)) "$dir/statuses")" -eq 137 ]
}

kill_pipe() {
	pause
	kill -9 -- "-$pid" || true
	reap "$pid"
	[ "$status" -eq 137 ]
}

# proof KILL N AFTER: kill the pipe by KILL with N messages in its queue, and
# run AFTER after each kill and each run, when no lease holds any more.
proof() {
	local round n
	fill "$2"
	for ((round = 0; round <= rounds; round++)); do
		clean_run "$2"
		lunad_clock $((visibility + 1))s >/dev/null
		"$3"
		[ "$round" -lt "$rounds" ] || break
		for ((n = 0; n < kills_a_round; )); do
			fill "$2"
			begin
			if "$1"; then
				n=$((n + 1))
				hits=$((hits + 1))
			else
				misses=$((misses + 1))
			fi
			lunad_clock $((visibility + 1))s >/dev/null
			"$3"
		done
		fill "$2"
	done
	echo "# $hits kills in $took ms of work on $2 messages" \
	    "($misses more came too late): $sent messages," \
	    "$(wc -l <"$dir/mailed") mails" >"$dir/summary"
}

known() { # the ids in the table
	ddb-query log | jq -r .id | sort
}

# each_there: what was sent is in the table, and was mailed at least once.
each_there() {
	seq "$sent" | sed 's/^/m/' | sort >"$dir/all"
	known | cmp - "$dir/all"
	sort -u "$dir/mailed" | cmp - "$dir/all"
}

keep_mails() {
	mail_subjects to@example.org >>"$dir/mailed"
}

at_least_once() {
	pipe 'sqs-recv q' 'ddb-put log' "ses-send $mail" sqs-ack
	proof "$1" 60 keep_mails
	each_there
}

@test "one stage killed: nothing is lost, none is a dead letter" {
	in_lanes at_least_once kill_stage
}

@test "the pipe killed: nothing is lost, none is a dead letter" {
	in_lanes at_least_once kill_pipe
}

# keep_unknown: what was mailed and is not in the table will be mailed again:
# at most what was in flight at the kill.
keep_unknown() {
	mail_subjects to@example.org >"$dir/now"
	known | comm -23 "$dir/now" - >"$dir/unknown"
	echo "$(wc -l <"$dir/unknown") in flight"
	[ "$(wc -l <"$dir/unknown")" -le "$inflight" ]
	cat "$dir/now" >>"$dir/mailed"
	cat "$dir/unknown" >>"$dir/again"
}

# at_most_once KILL INFLIGHT N: each mail is the first of its message, or
# follows one that was in flight when the pipe was killed.
at_most_once() {
	inflight=$2
	pipe "sqs-recv --inflight $2 q" \
	    'ddb-get log --into m --miss keep --linger 0' \
	    "ses-send --unless m $mail" \
	    'ddb-put log --unless m --linger 0' 'sqs-ack --linger 0'
	proof "$1" "$3" keep_unknown
	each_there
	sort "$dir/mailed" | cmp - <(sort "$dir/all" "$dir/again")
	sed -i "s/\$/, $(wc -l <"$dir/again") of them again/" "$dir/summary"
}

@test "one stage killed: each is mailed once but for the one in flight" {
	in_lanes at_most_once kill_stage 1 8
}

@test "the pipe killed: each is mailed once but for the one in flight" {
	in_lanes at_most_once kill_pipe 1 8
}

@test "the pipe killed: no more are mailed again than were in flight" {
	in_lanes at_most_once kill_pipe 10 60
}
