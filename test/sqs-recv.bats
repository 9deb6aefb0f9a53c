#!/usr/bin/env bats
# shellcheck disable=SC2016 # a handler's script expands it

load helpers

setup_file() {
	lunad_start
}

teardown_file() {
	lunad_stop
}

setup() {
	q=q$BATS_TEST_NUMBER
	out=$BATS_TEST_TMPDIR/out
	err=$BATS_TEST_TMPDIR/err
	pid=
}

teardown() {
	[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true
	lunad_fault
}

# fill N: send {"n":1} to {"n":N}.
fill() {
	records "$1" | sqs-send --quiet "$q"
}

# raw BODY: send one message with this body.
raw() {
	aws-call sqs SendMessage QueueUrl="$(queue_url "$q")" \
	    MessageBody="$1" >/dev/null
}

# let_go VISIBLE: so many are visible, once a receive that was in flight is
# over; their leases would last longer.
let_go() {
	[ -n "${LUNA_PEER-}" ] || lunad_clock 21s >/dev/null
	is_depth "$q" "$1" 0
}

# counts: how often each message that is visible was received, this time too.
counts() {
	local i
	for i in 1 2 3 4 5; do
		aws-call sqs ReceiveMessage QueueUrl="$(queue_url "$q")" \
		    MaxNumberOfMessages:=10 VisibilityTimeout:=600 \
		    AttributeNames:='["All"]' |
			jq -r '.Messages[]?.Attributes.ApproximateReceiveCount'
	done
}

# begin ARG…: sqs-recv in the background, to $out and $err; its id is $pid.
begin() {
	sqs-recv "$@" >"$out" 2>"$err" 3>&- &
	pid=$!
}

# end_of: wait for it; its status is $status.
end_of() {
	reap "$pid"
	pid=
	echo "status $status: $(cat "$err")"
}

# Whether an sqs-ack is there is told by pidfd_open, which valgrind 3.19 does
# not know, and says so on stderr.
watches_acks() {
	[ "${SANITIZE-}" != valgrind ] || skip "no pidfd_open under valgrind"
}

@test "help and usage" {
	try sqs-recv --help
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == 'usage: sqs-recv '* ]]
	local args
	for args in '' 'a b' '-w 21 q' '--hold 0 q' '--hold inf q' \
	    '--hold 13h q' '-n 0 q' '--inflight 0 q' 'q --'; do
		# shellcheck disable=SC2086 # words
		try sqs-recv $args
		[ "$status" -eq 2 ]
		[[ $stderr == 'sqs-recv: '* ]]
	done
}

@test "an empty queue: nothing, 0" {
	queue "$q"
	try sqs-recv "$q"
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

@test "a drain prints each message once, and acknowledged ones are gone" {
	queue "$q"
	fill 35
	sqs-recv "$q" | tee "$out" | sqs-ack --quiet
	diff <(gojq -c 'del(."@metadata")' "$out" | sort) <(records 35 | sort)
	is_depth "$q" 0 0
}

@test "from.sqs has what ReceiveMessage gives, and the lease" {
	queue "$q"
	sqs-send --quiet "$q" -a kind=test <<<'{"n":1}'
	local before after until
	before=$(date +%s)
	sqs-recv "$q" | tee "$out" | sqs-ack --quiet
	after=$(date +%s)
	cat "$out"
	jq -e '."@metadata".from.sqs |
	    (.QueueUrl | endswith("/'"$q"'")) and
	    (.MessageId | test("^[0-9a-f-]{36}$")) and
	    (.ReceiptHandle | length > 10) and .ApproximateReceiveCount == "1"
	    and (.SentTimestamp | test("^[0-9]{13}$")) and
	    .MessageAttributes.kind.StringValue == "test" and
	    (.Lease | test("^luna-lease-[0-9a-f]{16}$")) and
	    (.BodyIs | not)' "$out"
	# The hold is 900 s from when it came.
	until=$(jq -r '."@metadata".from.sqs.HoldUntil[:19] + "Z" | fromdate' \
	    "$out")
	[ "$until" -ge $((before + 900)) ]
	[ "$until" -le $((after + 900)) ]
}

@test "no such queue is 2 and named; denied is 2; no credentials is 2" {
	try sqs-recv nowhere
	[ "$status" -eq 2 ]
	[[ $stderr == *nowhere* ]]
	queue "$q"
	lunad_fault sqs:ReceiveMessage=denied
	try sqs-recv "$q"
	[ "$status" -eq 2 ]
	[[ $stderr == *AccessDenied* ]]
	try env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY sqs-recv "$q"
	[ "$status" -eq 2 ]
	[[ $stderr == *NoCredentials* ]]
}

@test "the service away or garbage is 75; throttling is waited out" {
	queue "$q"
	try sqs-recv --endpoint-url http://127.0.0.1:9 "$q"
	[ "$status" -eq 75 ]
	lunad_fault sqs:ReceiveMessage=garbage
	try sqs-recv "$q"
	[ "$status" -eq 75 ]
	lunad_fault
	fill 12
	lunad_fault sqs:ReceiveMessage=throttle:x2
	run bash -c 'sqs-recv "$1" | tee "$2" | sqs-ack --quiet
	    echo "${PIPESTATUS[@]}"' - "$q" "$out"
	[ "$output" = '0 0 0' ]
	[ "$(wc -l <"$out")" -eq 12 ]
}

@test "refused on the way is 1, and what came was printed" {
	queue "$q" VisibilityTimeout=1
	fill 1
	begin -f -w 1 "$q"
	until_true lines_of "$out" 1
	lunad_fault sqs:ReceiveMessage=denied
	end_of
	[ "$status" -eq 1 ]
	grep -q AccessDenied "$err"
}

@test "-n never receives more than it prints" {
	queue "$q"
	fill 25
	sqs-recv -n 7 "$q" | tee "$out" | sqs-ack --quiet
	[ "$(wc -l <"$out")" -eq 7 ]
	diff <(counts | sort | uniq -c) <(echo '     18 1')
}

@test "-f prints what comes later, and SIGTERM ends it" {
	watches_acks
	queue "$q"
	mkfifo "$BATS_TEST_TMPDIR/p"
	sqs-ack <"$BATS_TEST_TMPDIR/p" >"$out" 3>&- &
	local ack=$!
	sqs-recv -f "$q" >"$BATS_TEST_TMPDIR/p" 2>"$err" 3>&- &
	pid=$!
	fill 1
	until_true lines_of "$out" 1
	fill 2
	until_true lines_of "$out" 3
	kill -TERM "$pid"
	end_of
	[ "$status" -eq 0 ]
	[ ! -s "$err" ]
	wait "$ack"
	is_depth "$q" 0 0
}

@test "without a reader's acknowledgement the rest is let go: 75" {
	queue "$q" VisibilityTimeout=2
	fill 3
	try sqs-recv "$q"
	[ "$status" -eq 75 ]
	[ "${#lines[@]}" -eq 3 ]
	is_depth "$q" 3 0
}

@test "what a stage refuses is let go when the pipe ends, not later" {
	queue "$q" # visibility 30
	queue "${q}other"
	fill 4
	local began=$SECONDS
	run bash -c 'sqs-recv '"$q"' | sqs-send '"${q}other"' -m "{{x}}" --when n=3 |
	    sqs-ack --quiet; echo "${PIPESTATUS[@]}"'
	echo "$output"
	[[ $output == *'75 1 0' ]]
	[ $((SECONDS - began)) -lt 15 ]
	is_depth "$q" 1 0
}

@test "an sqs-ack that was killed is not waited for" {
	queue "$q" # visibility 30
	fill 2
	local began=$SECONDS
	mkfifo "$BATS_TEST_TMPDIR/p" "$BATS_TEST_TMPDIR/second"
	sqs-ack <"$BATS_TEST_TMPDIR/second" >"$BATS_TEST_TMPDIR/acked" 3>&- &
	local ack=$!
	begin "$q"
	exec 9>"$BATS_TEST_TMPDIR/second"
	until_true lines_of "$out" 2
	head -n 1 "$out" >&9
	until_true lines_of "$BATS_TEST_TMPDIR/acked" 1
	kill -9 "$ack"
	exec 9>&-
	end_of
	[ "$status" -eq 75 ]
	[ $((SECONDS - began)) -lt 15 ]
	is_depth "$q" 1 0
}

@test "while an sqs-ack is there a drain waits longer than the visibility" {
	watches_acks
	queue "$q" VisibilityTimeout=4
	fill 2
	mkfifo "$BATS_TEST_TMPDIR/second"
	sqs-ack <"$BATS_TEST_TMPDIR/second" >"$BATS_TEST_TMPDIR/acked" 3>&- &
	begin -v "$q"
	exec 9>"$BATS_TEST_TMPDIR/second"
	until_true lines_of "$out" 2
	head -n 1 "$out" >&9
	# Three renewals: one and a half visibility timeouts.
	until_true renewed 3
	tail -n 1 "$out" >&9
	exec 9>&-
	end_of
	[ "$status" -eq 0 ]
	is_depth "$q" 0 0
}

# renewed N: it renewed at least so often (-v).
renewed() {
	[ "$(grep -c ChangeMessageVisibilityBatch "$err")" -ge "$1" ]
}

@test "leases are renewed while nothing reads, and no other gets the message" {
	queue "$q" VisibilityTimeout=4
	fill 1
	begin -f -v "$q"
	until_true renewed 3
	is_depth "$q" 0 1
	try sqs-recv -w 0 "$q"
	[ -z "$output" ]
}

@test "a message waiting behind a slow reader is held as well" {
	queue "$q" VisibilityTimeout=4
	# More than a pipe and the tool's own buffer take: 320 KB.
	records 40 | jq -c '.x = ("x" * 8000)' | sqs-send --quiet "$q"
	mkfifo "$BATS_TEST_TMPDIR/p"
	sqs-recv -v "$q" >"$BATS_TEST_TMPDIR/p" 2>"$err" 3>&- &
	pid=$!
	exec 9<"$BATS_TEST_TMPDIR/p"
	# Each of those received, 10 in a call, three times.
	until_true renewed 9
	sqs-ack <&9 >"$out"
	exec 9<&-
	end_of
	[ "$status" -eq 0 ]
	[ "$(jq -r '."@metadata".from.sqs.ApproximateReceiveCount' "$out" |
		sort | uniq -c | tr -d ' \n')" = 401 ]
	is_depth "$q" 0 0
}

@test "past --hold a lease is renewed no more, and sqs-ack does not take it" {
	queue "$q" VisibilityTimeout=3
	fill 1
	begin --hold 2 -v "$q"
	end_of
	[ "$status" -eq 75 ]
	[ "$(grep -c ChangeMessageVisibilityBatch "$err")" -le 1 ]
	until_true is_depth "$q" 1 0
	try sqs-ack <"$out"
	[ "$status" -eq 75 ]
	[[ $stderr == *LeaseExpired* ]]
	is_depth "$q" 1 0
}

@test "no more than --inflight messages are unsettled" {
	queue "$q"
	fill 30
	mkfifo "$BATS_TEST_TMPDIR/p"
	sqs-ack <"$BATS_TEST_TMPDIR/p" >"$BATS_TEST_TMPDIR/acked" 3>&- &
	begin --inflight 4 "$q"
	exec 9>"$BATS_TEST_TMPDIR/p"
	until_true lines_of "$out" 4
	is_depth "$q" 26 4
	head -n 3 "$out" >&9
	until_true lines_of "$out" 7
	is_depth "$q" 23 4
	kill "$pid"
	exec 9>&-
	end_of
}

@test "a closed stdout: 0, and what was not printed is let go at once" {
	queue "$q" VisibilityTimeout=2
	records 300 | jq -c '.x = ("x" * 1000)' | sqs-send --quiet "$q"
	run bash -c 'sqs-recv '"$q"' | head -n 1 >/dev/null
	    echo "${PIPESTATUS[0]}"'
	[ "$output" = 0 ]
	is_depth "$q" 300 0
	run --separate-stderr bash -c "sqs-recv $q >&-"
	[ "$status" -eq 1 ]
	[[ $stderr == *stdout:* ]]
}

@test "a full disk is 1, and the messages are let go" {
	queue "$q" VisibilityTimeout=60
	fill 3
	run --separate-stderr bash -c 'sqs-recv '"$q"' >/dev/full'
	[ "$status" -eq 1 ]
	[[ $stderr == *stdout:* ]]
	let_go 3
}

@test "SIGTERM: what nobody settles within 5 s is let go, 75" {
	queue "$q" VisibilityTimeout=60
	fill 3
	begin -f "$q"
	until_true lines_of "$out" 3
	local began=$SECONDS
	kill -TERM "$pid"
	end_of
	[ "$status" -eq 75 ]
	[ $((SECONDS - began)) -lt 30 ] # half of its visibility
	# Not to our own receive, which lasts for 20 s: that would count.
	let_go 3
	[ "$(counts | sort | uniq -c | tr -d ' \n')" = 32 ]
}

@test "a second signal kills, whichever it is" {
	local pair base=$q
	for pair in TERM:TERM TERM:INT INT:INT INT+TERM; do
		# Its own queue: a poll of the one before may still be open.
		q=$base-${pair/[:+]/-}
		queue "$q" VisibilityTimeout=60
		fill 1
		hearing sqs-recv -f "$q" >"$out.$pair" 3>&- &
		pid=$!
		# Until that is settled it has something to wait for.
		until_true lines_of "$out.$pair" 1
		killed_by_second "$pid" "$pair"
	done
}

@test "a body that is an object passes as its bytes" {
	queue "$q"
	local body='{ "n":2103807459595387724,"e":1e400,"z":0.10,"s":"a\u0000b\/é\ud83d\ude00","d":1,"d":2 }'
	raw "$body"
	sqs-recv "$q" | tee "$out" | sqs-ack --quiet
	cat "$out"
	[[ $(cat "$out") == "${body%\}},"'"@metadata":{"from":{'*'}}}}' ]]
}

@test "a pretty-printed body comes on one line, strings as they were" {
	queue "$q"
	raw $'{\r\n  "a": "x  y",\n  "b": [\n 1\n]\n}'
	raw $'{\n}'
	sqs-recv "$q" | tee "$out" | sqs-ack --quiet
	[ "$(wc -l <"$out")" -eq 2 ]
	[ "$(jq -cS 'del(."@metadata")' "$out" | sort)" = \
	    $'{"a":"x  y","b":[1]}\n{}' ]
}

@test "a body that is no object comes as text, and goes back as that text" {
	queue "$q"
	queue "${q}b"
	local body
	local -a bodies=('plain text' '[1,2]' '12' '"s"' '{"a":'
	    $'two\nlines\ttab' '{"a":1}{"b":2}' 'é' '   ' '{"a":1,}')
	for body in "${bodies[@]}"; do
		raw "$body"
	done
	sqs-recv "$q" | tee "$out" | sqs-send "${q}b" | sqs-ack --quiet
	cat "$out"
	[ "$(wc -l <"$out")" -eq "${#bodies[@]}" ]
	diff <(jq -c .body "$out" | sort) <(printf '%s\0' "${bodies[@]}" |
		gojq -Rsc 'split("\u0000")[:-1][]' | sort)
	sqs-recv "${q}b" | tee "$out.b" | sqs-ack --quiet
	diff <(jq -c .body "$out" | sort) <(jq -c .body "$out.b" | sort)
}

@test "a lone surrogate comes as it was written" {
	queue "$q"
	raw '{"s":"\ud800","t":1}'
	sqs-recv "$q" | tee "$out" | sqs-ack --quiet
	[[ $(cat "$out") == '{"s":"\ud800","t":1,"@metadata":'* ]]
}

@test "a body with metadata of its own comes as text" {
	queue "$q"
	local key
	for key in '@metadata' '\u0040metadata' '@met\u0061data'; do
		raw '{"a":1,"'"$key"'":{"from":{"sqs":{"ReceiptHandle":"evil"}}}}'
	done
	sqs-recv "$q" | tee "$out" | sqs-ack --quiet
	[ "$(wc -l <"$out")" -eq 3 ]
	jq -se 'all(.body | startswith("{\"a\":1,\"")) and
	    all(."@metadata".from.sqs.BodyIs == "text")' "$out"
	is_depth "$q" 0 0
}

@test "SNS's envelope is opened, and with --raw it is not" {
	queue "$q"
	topic "$q"
	aws-call sns Subscribe Protocol=sqs \
	    "TopicArn=arn:aws:sns:$AWS_REGION:$AWS_ACCOUNT_ID:$q" \
	    "Endpoint=arn:aws:sqs:$AWS_REGION:$AWS_ACCOUNT_ID:$q" >/dev/null
	sns-pub "$q" -s Hello -a k=v --quiet <<<'{"n":2103807459595387724}'
	sns-pub "$q" -m 'just-text' --quiet <<<'{}'
	sns-pub "$q" --quiet -m '{{m}}' <<<'{"m":"{\"@metadata\":1}"}'
	sqs-recv --raw "$q" | tee "$out" | sqs-ack --nack --quiet
	jq -se 'length == 3 and all(.Type == "Notification" and .Message and
	    (."@metadata".from.sqs.sns | not))' "$out"
	sqs-recv "$q" | tee "$out" | sqs-ack --quiet
	grep -q '^{"n":2103807459595387724,"@metadata":' "$out"
	jq -se 'map(select(.n))[0]."@metadata".from.sqs.sns |
	    .Subject == "Hello" and .MessageAttributes.k.Value == "v" and
	    (.TopicArn | endswith(":'"$q"'")) and .Timestamp and .MessageId' \
	    "$out"
	jq -se 'map(select(.body)) | map(.body) | sort == ["just-text",
	    "{\"@metadata\":1}"]' "$out"
}

@test "what looks like an envelope and is none passes as it is" {
	queue "$q"
	raw '{"Type":"Notification","Message":"x"}'
	raw '{"Type":"Notification","TopicArn":"t","Message":{"a":1}}'
	raw '{"Type":"Other","TopicArn":"t","Message":"x"}'
	sqs-recv "$q" | tee "$out" | sqs-ack --quiet
	jq -se 'length == 3 and all(.Type) and
	    all(."@metadata".from.sqs.sns | not)' "$out"
}

@test "messages of a FIFO queue come in the order of their group" {
	queue "$q.fifo" FifoQueue=true ContentBasedDeduplication=true
	seq 40 | jq -c '{n: ., g: (. % 3)}' |
		sqs-send "$q.fifo" --group 'g{{g}}' --quiet
	sqs-recv "$q.fifo" | tee "$out" | sqs-ack --quiet
	[ "$(wc -l <"$out")" -eq 40 ]
	local g
	for g in 0 1 2; do
		diff <(jq "select(.g == $g) | .n" "$out") \
		    <(seq 40 | awk -v g=$g '$1 % 3 == g')
	done
	jq -se 'all(."@metadata".from.sqs | .MessageGroupId and
	    .MessageDeduplicationId and .SequenceNumber)' "$out"
}

@test "a drain ends at a message that it has had before" {
	queue "$q"
	fill 5
	sqs-recv "$q" | tee "$out" | sqs-ack --nack --quiet
	[ "$(sort -u "$out" | wc -l)" -eq 5 ]
	[ "$(wc -l <"$out")" -eq 5 ]
	until_true is_depth "$q" 5 0
}

# visible_again FILE: somebody makes the first message of these records so.
visible_again() {
	aws-call sqs ChangeMessageVisibility QueueUrl="$(queue_url "$q")" VisibilityTimeout:=0 \
	    ReceiptHandle="$(head -n 1 "$1" |
		jq -r '."@metadata".from.sqs.ReceiptHandle')" >/dev/null
}

# received N: so many replies to ReceiveMessage have come (-v).
received() {
	[ "$(grep -c 'ReceiveMessage 200' "$err")" -ge "$1" ]
}

@test "a drain whose message comes again unsettled lets it go, and is 75" {
	queue "$q" VisibilityTimeout=600
	fill 1
	begin -w 20 "$q"
	until_true lines_of "$out" 1
	visible_again "$out"
	end_of
	[ "$status" -eq 75 ]
	[ "$(wc -l <"$out")" -eq 1 ]
	is_depth "$q" 1 0
}

@test "a message that comes again while COMMAND has it is run once" {
	queue "$q" VisibilityTimeout=600
	fill 1
	mkfifo "$BATS_TEST_TMPDIR/go"
	handler 'cat >>"'"$out"'"; read -r _ <"'"$BATS_TEST_TMPDIR/go"'"'
	begin -v -w 20 "$q" -- "$BATS_TEST_TMPDIR/handle"
	until_true lines_of "$out" 1
	visible_again "$out"
	until_true received 2
	echo >"$BATS_TEST_TMPDIR/go"
	end_of
	[ "$status" -eq 0 ]
	[ "$(wc -l <"$out")" -eq 1 ]
	is_depth "$q" 0 0
}

@test "a queue without visibility timeout is read with one" {
	queue "$q" VisibilityTimeout=0
	fill 3
	sqs-recv -v "$q" 2>"$err" | tee "$out" | sqs-ack --quiet
	[ "$(wc -l <"$out")" -eq 3 ]
	[ "$(grep -c ChangeMessageVisibility "$err")" -le 1 ]
	is_depth "$q" 0 0
}

@test "a report by another user is not believed" {
	[ "$(id -u)" -eq 0 ] || skip "only root can become another user"
	local uid expect
	for uid in 65534 0; do
		queue "$q-$uid" VisibilityTimeout=60
		records 1 | sqs-send --quiet "$q-$uid"
		begin -f "$q-$uid"
		until_true lines_of "$out" 1
		python3 -c '
import os, sys
tool = os.open(sys.argv[2], os.O_RDONLY)
os.setuid(int(sys.argv[1]))
os.execve(tool, ["sqs-ack"], os.environ)' "$uid" "$(command -v sqs-ack)" <"$out"
		kill -TERM "$pid"
		end_of
		expect=0
		[ "$uid" -eq 0 ] || expect=75
		[ "$status" -eq "$expect" ]
		is_depth "$q-$uid" 0 0
	done
}

@test "reports that mean nothing are ignored" {
	queue "$q" VisibilityTimeout=60
	fill 1
	begin -f "$q"
	until_true lines_of "$out" 1
	python3 -c '
import json, os, socket, sys
sqs = json.loads(sys.stdin.readline())["@metadata"]["from"]["sqs"]
id = sqs["MessageId"].encode()
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for said in (b"", b"\n\n", b"+", b"- ", b"+" + id, b"+" + id + b" 0",
             b"+" + id + b" zz", b"?" + id, b"+" * 8192, b"\0", bytes(9000)):
    s.sendto(said, "\0" + sqs["Lease"])' <"$out"
	sqs-ack --quiet <"$out"
	kill -TERM "$pid"
	end_of
	[ "$status" -eq 0 ]
	is_depth "$q" 0 0
}

@test "a report about an older receipt does not settle the newer" {
	queue "$q" VisibilityTimeout=60
	fill 1
	begin -f -w 1 "$q"
	until_true lines_of "$out" 1
	head -n 1 "$out" >"$out.old"
	# It comes again, under another handle.
	visible_again "$out.old"
	until_true lines_of "$out" 2
	sqs-ack --quiet <"$out.old"
	kill -TERM "$pid"
	end_of
	[ "$status" -eq 75 ]
	let_go 1
}

@test "an idle -f sleeps" {
	queue "$q"
	begin -f "$q"
	until_true grep -q S "/proc/$pid/stat"
	fill 1
	until_true lines_of "$out" 1
	local before after
	before=$(switches)
	sleep 2
	after=$(switches)
	echo "woken $((after - before)) times in 2 s"
	[ $((after - before)) -le 20 ]
}

# switches: how often it has gone to sleep.
switches() {
	sed -n 's/^voluntary_ctxt_switches:[[:space:]]*//p' "/proc/$pid/status"
}

# handler TEXT: a script for COMMAND.
handler() {
	printf '#!/bin/bash\n%s\n' "$1" >"$BATS_TEST_TMPDIR/handle"
	chmod +x "$BATS_TEST_TMPDIR/handle"
}

@test "COMMAND gets batches on stdin, and exit 0 deletes them" {
	queue "$q"
	fill 23
	handler 'echo "$# $1"; cat >>'"$out"
	try sqs-recv "$q" -- "$BATS_TEST_TMPDIR/handle" 'a b' c
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "${lines[0]}" = '2 a b' ]
	[ "${#lines[@]}" -ge 3 ]
	[ "${#lines[@]}" -lt 23 ]
	diff <(jq -c .n "$out" | sort -n) <(seq 23)
	is_depth "$q" 0 0
}

@test "no such COMMAND: 2, and nothing was received" {
	queue "$q"
	fill 1
	try sqs-recv -f "$q" -- no-such-command-here
	[ "$status" -eq 2 ]
	[[ $stderr == *no-such-command-here* ]]
	try sqs-recv "$q" -- /nowhere/at/all
	[ "$status" -eq 2 ]
	[ "$(counts)" = 1 ]
}

@test "after a failed COMMAND messages go one at a time, the bad one back" {
	queue "dead-$q"
	queue "$q" RedrivePolicy='{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:'"$AWS_ACCOUNT_ID"':dead-'"$q"'","maxReceiveCount":"3"}' VisibilityTimeout=600
	fill 20
	# shellcheck disable=SC2016 # the script's
	handler 'all=$(cat); ! grep -q "\"n\":7," <<<"$all" || exit 3
	    echo "$all" >>'"$out"
	try sqs-recv "$q" -- "$BATS_TEST_TMPDIR/handle"
	[ "$status" -eq 1 ]
	[[ $stderr == *"exit 3; its messages are run one at a time"*"exit 3; message "* ]]
	[[ $stderr != *null* ]]
	# Everything else was done once, and number 7 can be received again.
	diff <(jq -c .n "$out" | sort -n) <(seq 20 | grep -vx 7)
	until_true is_depth "$q" 1 0
	[ "$(counts)" = 2 ]
}

@test "a COMMAND that is killed is told as such" {
	queue "$q"
	fill 1
	# shellcheck disable=SC2016 # the script's
	handler 'kill -9 $$'
	try sqs-recv "$q" -- "$BATS_TEST_TMPDIR/handle"
	[ "$status" -eq 1 ]
	[[ $stderr == *'signal 9; message '* ]]
	until_true is_depth "$q" 1 0
}

@test "a COMMAND that does not read its stdin is judged by its status" {
	queue "$q"
	records 10 | jq -c '.x = ("x" * 20000)' | sqs-send --quiet "$q"
	try sqs-recv "$q" -- true
	[ "$status" -eq 0 ]
	is_depth "$q" 0 0
}

@test "--jobs runs several side by side" {
	queue "$q"
	fill 20
	# Each waits for the other: they must run at the same time.
	handler 'cat >/dev/null; mkdir '"$BATS_TEST_TMPDIR"'/$$.here
	    for i in {1..100}; do
		[ "$(ls -d '"$BATS_TEST_TMPDIR"'/*.here | wc -l)" -ge 2 ] && exit 0
		sleep 0.1
	    done; exit 1'
	try sqs-recv --jobs 2 "$q" -- "$BATS_TEST_TMPDIR/handle"
	[ "$status" -eq 0 ]
	is_depth "$q" 0 0
}

@test "in a FIFO queue what waits of the group goes back with a bad message" {
	queue "$q.fifo" FifoQueue=true ContentBasedDeduplication=true
	records 8 | jq -c '.g = (.n % 2)' |
		sqs-send "$q.fifo" --group 'g{{g}}' --quiet
	handler 'all=$(cat); ! grep -q "\"n\":3," <<<"$all" || exit 1
	    echo "$all" >>'"$out"
	try sqs-recv --jobs 4 "$q.fifo" -- "$BATS_TEST_TMPDIR/handle"
	[ "$status" -eq 1 ]
	# Of group 1 nothing behind number 3 was done; group 0 is done in order.
	[ "$(jq -c 'select(.g == 1) | .n' "$out")" = 1 ]
	diff <(jq -c 'select(.g == 0) | .n' "$out") <(printf '%s\n' 2 4 6 8)
	[[ $(depths "$q.fifo") == [23]' '[01] ]]
}

@test "SIGTERM: a running COMMAND is waited for, then stopped" {
	queue "$q" VisibilityTimeout=60
	fill 1
	handler 'trap "echo stopped; exit 1" TERM; cat; while :; do sleep 0.1; done'
	begin -f "$q" -- "$BATS_TEST_TMPDIR/handle"
	until_true lines_of "$out" 1
	local began=$SECONDS
	kill -TERM "$pid"
	end_of
	[ "$status" -eq 75 ]
	[ $((SECONDS - began)) -ge 4 ]
	[ $((SECONDS - began)) -lt 30 ]
	until_true grep -qx stopped "$out"
	let_go 1
}

@test "COMMAND's leases are renewed" {
	queue "$q" VisibilityTimeout=4
	fill 1
	handler 'cat >>'"$out"'; until grep -c ChangeMessage '"$err"' | grep -qx "[3-9]"
	    do sleep 0.1; done'
	begin -v "$q" -- "$BATS_TEST_TMPDIR/handle"
	end_of
	[ "$status" -eq 0 ]
	[ "$(wc -l <"$out")" -eq 1 ]
	is_depth "$q" 0 0
}
