#!/usr/bin/env bats
# Every line that goes in comes out exactly once, on stdout or in --failed, in
# order; and the service has what it accepted exactly once. With
# LUNA_PROOF=full by 10,000 records a sink, else by 600; of what takes a call a
# record by 500, else 100.
# shellcheck disable=SC2016 # awk expands it

load ../helpers
load ../servers
load mail

setup_file() {
	# Five days ahead: see aged.
	lunad_start --clock "$(date -u -d '5 days' +%FT%TZ)"
	mail_start
}

teardown_file() {
	lunad_stop
}

setup() {
	n=600 singles=100
	[ "${LUNA_PROOF-}" != full ] || n=10000 singles=500
	export TRY_S=300
	in=$BATS_TEST_TMPDIR/in
	out=$BATS_TEST_TMPDIR/out
	err=$BATS_TEST_TMPDIR/err
	failed=$BATS_TEST_TMPDIR/failed
	good=$BATS_TEST_TMPDIR/good
	bad=$BATS_TEST_TMPDIR/bad
	# Every 13th is refused for good: in calls of 10 and of 25, and however
	# they are put together, in every position.
	lines "$n" '$1 % 13 == 0'
}

# lines N CONDITION: the input; those of CONDITION, in awk, are refused for
# good, by their content.
lines() {
	seq "$1" | awk '{
		never = '"$2"'
		print "{\"n\":" $1 ",\"id\":\"" (never ? "never" : "r") $1 "\"}"
	}' >"$in"
	part
}

part() { # the input's good and bad lines
	grep -v never "$in" >"$good" || true
	grep never "$in" >"$bad" || true
}

teardown() {
	lunad_fault
	scripted_stop
}

# Metadata is last: what is left is the line as it was read.
payloads() {
	sed 's/,"@metadata":{.*/}/' "$@"
}

# parted SINK…: what is refused for good is in --failed, all else on stdout.
parted() {
	status=0
	rm -f "$failed"
	timeout "$TRY_S" "$@" -v --patience inf --failed "$failed" <"$in" \
	    >"$out" 2>"$err" || status=$?
	echo "status $status, $(wc -l <"$out") printed," \
	    "$(wc -l <"$failed") failed"
	[ "$status" -eq 1 ]
	payloads "$out" | cmp - <(payloads "$good")
	payloads "$failed" | cmp - <(payloads "$bad")
	[ "$(jq -c '."@metadata".error.retryable' "$failed" | sort -u)" = false ]
}

# conserve ACTION SIZE SINK…: with 40 % of the entries of a call (of SIZE)
# refused for now, and some for good.
conserve() {
	local action=$1 size=$2 calls
	shift 2
	lunad_fault "$action=partial:0.4" "$action=refuse:never"
	parted "$@"
	lunad_fault
	calls=$(grep -c "${action##*:} 200" "$err")
	echo "$calls calls"
	# The fault was there: two fifths of all entries went again, and again.
	[ "$calls" -gt $((n * 13 / 10 / size)) ]
}

# wherever ACTION SIZE SINK…: one record is refused for good, in each position
# of a call in turn, then the first and the last, then all.
wherever() {
	local action=$1 size=$2 p
	shift 2
	lunad_fault "$action=refuse:never"
	for ((p = 1; p <= size + 2; p++)); do
		if [ "$p" -le "$size" ]; then
			lines "$size" "\$1 == $p"
		elif [ "$p" -eq $((size + 1)) ]; then
			lines "$size" "\$1 == 1 || \$1 == $size"
		else
			lines "$size" 1
		fi
		echo "position $p"
		parted "$@"
	done
	lunad_fault
}

# kept SINK…: the service is away: 75, and all is kept.
kept() {
	status=0
	timeout "$TRY_S" "$@" --failed "$failed" --patience 1 <"$in" >"$out" \
	    2>"$err" || status=$?
	echo "status $status: $(head "$err")"
	[ "$status" -eq 75 ]
	[ ! -s "$out" ]
	payloads "$failed" | cmp - <(payloads "$in")
	[ "$(jq -c '."@metadata".error.retryable' "$failed" | sort -u)" = true ]
}

# fed_back SINK…: what was kept is delivered.
fed_back() {
	timeout "$TRY_S" "$@" <"$failed" >"$out"
	payloads "$out" | cmp - <(payloads "$in")
	[ "$(grep -c '"error"' "$out")" -eq 0 ]
}

# away ACTION SINK…: the service is away, and then it is back.
away() {
	lunad_fault "$1=503"
	shift
	kept "$@"
	lunad_fault
	fed_back "$@"
}

# drained QUEUE: the payloads of a queue, in the order of n, all of them.
drained() {
	sqs-recv -w 0 "$1" | tee "$BATS_TEST_TMPDIR/received" | sqs-ack --quiet
	payloads "$BATS_TEST_TMPDIR/received" | sort -t: -k 2n
}

fan_out() { # fan_out TOPIC QUEUE: messages of one are in the other
	queue "$2"
	topic "$1"
	aws-call sns Subscribe Protocol=sqs \
	    "TopicArn=arn:aws:sns:$AWS_REGION:$AWS_ACCOUNT_ID:$1" \
	    "Endpoint=arn:aws:sqs:$AWS_REGION:$AWS_ACCOUNT_ID:$2" >/dev/null
}

@test "sqs-send conserves records under partial failures" {
	queue s1
	conserve sqs:SendMessageBatch 10 sqs-send s1
	drained s1 | cmp - "$good"
}

@test "sqs-send conserves groups and their order in a FIFO queue" {
	queue s2.fifo FifoQueue=true ContentBasedDeduplication=true
	jq -c '.g = (.n % 97)' "$in" >"$in.g"
	mv "$in.g" "$in"
	part
	conserve sqs:SendMessageBatch 10 sqs-send --group 'g{{g}}' s2.fifo
	sqs-recv -w 0 s2.fifo | tee "$BATS_TEST_TMPDIR/received" |
		sqs-ack --quiet
	# A stable sort by group: inside a group n must ascend by itself.
	cmp <(payloads "$BATS_TEST_TMPDIR/received" | sort -s -t: -k 4n) \
	    <(sort -s -t: -k 4n "$good")
}

@test "sqs-send fails what is refused, wherever it stands in a call" {
	queue s4
	wherever sqs:SendMessageBatch 10 sqs-send s4
}

@test "sqs-send keeps all while the service is away, and delivers it later" {
	queue s3
	away sqs:SendMessageBatch sqs-send s3
	drained s3 | cmp - "$in"
}

@test "sns-pub conserves records under partial failures" {
	fan_out p1 p1
	conserve sns:PublishBatch 10 sns-pub p1
	drained p1 | cmp - "$good"
}

@test "sns-pub fails what is refused, wherever it stands in a call" {
	topic p3
	wherever sns:PublishBatch 10 sns-pub p3
}

@test "sns-pub keeps all while the service is away, and delivers it later" {
	fan_out p2 p2
	away sns:PublishBatch sns-pub p2
	drained p2 | cmp - "$in"
}

# stored TABLE: its items, in the order of n.
stored() {
	ddb-query "$1" | jq -c '{n, id}' | sort -t: -k 2n
}

# DynamoDB has no refusal of one entry: a call is refused as a whole, and
# halved until the offender is alone.
@test "ddb-put conserves records under partial failures" {
	table put1 id:S
	conserve dynamodb:BatchWriteItem 25 ddb-put put1
	stored put1 | cmp - "$good"
}

@test "ddb-put fails what is refused, wherever it stands in a call" {
	table put4 id:S
	wherever dynamodb:BatchWriteItem 25 ddb-put put4
}

@test "ddb-put keeps all while the service is away, and delivers it later" {
	table put2 id:S
	away dynamodb:BatchWriteItem ddb-put put2
	[ "$(ddb-query put2 | wc -l)" -eq "$n" ]
}

@test "ddb-put fails what the table cannot take, wherever it stands" {
	table put3 id:S
	sed -i 's/"id":"never[0-9]*"/"id":1,"never":true/' "$in"
	part
	parted ddb-put put3
	stored put3 | cmp - "$good"
}

@test "ddb-del conserves records under partial failures" {
	table del1 id:S
	ddb-put --quiet del1 <"$in"
	conserve dynamodb:BatchWriteItem 25 ddb-del del1
	stored del1 | cmp - "$bad"
}

@test "ddb-del fails what is refused, wherever it stands in a call" {
	table del2 id:S
	wherever dynamodb:BatchWriteItem 25 ddb-del del2
}

@test "ddb-del keeps all while the service is away, and does it later" {
	table del3 id:S
	ddb-put --quiet del3 <"$in"
	away dynamodb:BatchWriteItem ddb-del del3
	[ -z "$(ddb-query del3)" ]
}

# held QUEUE: the messages of $in come back as the input, leased. What is to
# be refused for good gets a handle that no message has.
held() {
	sqs-send --quiet "$1" <"$in"
	sqs-recv -w 0 --inflight 20000 "$1" >"$in.held" || [ $? -eq 75 ]
	sort -t: -k 2n "$in.held" |
		sed '/"id":"never/s/"ReceiptHandle":"/&no/' >"$in"
	part
}

@test "sqs-ack conserves acknowledgements under partial failures" {
	queue a1 VisibilityTimeout=1
	held a1
	conserve sqs:DeleteMessageBatch 10 sqs-ack
	drained a1 | cmp - <(payloads "$bad")
}

@test "sqs-ack fails what is refused, wherever it stands in a call" {
	local p
	queue a2 VisibilityTimeout=1
	lines 100 'int(($1 - 1) / 10) == ($1 - 1) % 10'
	held a2
	cp "$in" "$in.all"
	for p in {1..10}; do
		tail -n +$((p * 10 - 9)) "$in.all" | head -n 10 >"$in"
		part
		parted sqs-ack
	done
	drained a2 | cmp - <(payloads "$in.all" | grep never)
}

@test "sqs-ack keeps all while the service is away, and does it later" {
	queue a3 VisibilityTimeout=1
	lines "$n" 0
	held a3
	away sqs:DeleteMessageBatch sqs-ack
	[ -z "$(sqs-recv -w 0 a3)" ]
}

@test "in a pipe sqs-ack removes all under partial failures" {
	queue a4
	sqs-send --quiet a4 <"$in"
	lunad_fault sqs:DeleteMessageBatch=partial:0.4
	sqs-recv -w 0 --inflight 100 a4 | sqs-ack -v --patience inf >"$out" \
		2>"$err"
	lunad_fault
	payloads "$out" | sort -t: -k 2n | cmp - "$in"
	[ "$(grep -c 'DeleteMessageBatch 200' "$err")" -gt $((n * 13 / 100)) ]
	[ -z "$(sqs-recv -w 0 a4)" ]
}

ids() { # ids FILE
	jq -r .id "$1" | sort
}

# Mail from an address that is not verified is refused for good.
@test "ses-send conserves records of which two fifths are throttled" {
	lines "$singles" '$1 % 13 == 0'
	sed -i 's/"id":"n.*"/&,"from":"nobody@example.org"/
	    s/"id":"r.*"/&,"from":"shop@example.org"/' "$in"
	part
	lunad_fault ses:SendEmail=throttle:0.4
	parted ses-send -f '{{from}}' -t to1@example.org -s '{{id}}' -b hello
	lunad_fault
	mail_subjects to1@example.org | cmp - <(ids "$good")
	# Two of five attempts, of each record until it was taken.
	[ "$(grep -c 'SendEmail 429' "$err")" -gt $((singles / 2)) ]
}

@test "ses-send keeps all while the service is away, and mails it later" {
	lines "$singles" 0
	away ses:SendEmail ses-send -f shop@example.org -t to2@example.org \
	    -s '{{id}}' -b hello
	mail_subjects to2@example.org | cmp - <(ids "$in")
}

# webhook EXPRESSION: what answers a post, (STATUS, BODY).
webhook() {
	local url=$AWS_ENDPOINT_URL
	scripted_start <<<">> 200 repeat=inf eval"$'\n\n'"$1"
	export AWS_ENDPOINT_URL=$url \
	    SLACK_WEBHOOK_URL=$SCRIPTED_URL/services/T000/B000/not-a-secret
}

# Slack looks at a request in this order: who comes too often is not read.
# That two of five come too often is drawn from their number.
refuses='(503, "busy") if n * 1103515245 // 65536 % 100 < 40 else
    (400, "invalid_payload") if b"never" in body else (200, "ok")'

# posted: the lines that the webhook took, as they came.
posted() {
	scripted_log 'select((.n * 1103515245 / 65536 | floor) % 100 >= 40) |
	    .body | fromjson.text' | grep -v never
}

@test "slack-notify conserves records of which two fifths are refused" {
	lines "$singles" '$1 % 13 == 0'
	webhook "$refuses"
	parted slack-notify --rate 1000/s
	posted | cmp - "$good"
	[ "$(scripted_count)" -gt $((singles * 3 / 2)) ]
}

@test "slack-notify keeps all while the service is away, and posts it later" {
	lines "$singles" 0
	webhook '(503, "busy")'
	kept slack-notify --rate 1000/s
	webhook '(200, "ok")'
	fed_back slack-notify --rate 1000/s
	scripted_log '.body | fromjson.text' | cmp - "$in"
}

# CloudWatch takes or refuses a call as a whole, which is then halved. By its
# clock, five days ahead, what is ten days old was more than two weeks ago.
measure=(cw-metric luna -m M --value '{{n}}' --at at)

aged() { # the input, at times good and bad
	local now old
	now=$(date -u +%FT%TZ)
	old=$(date -u -d '10 days ago' +%FT%TZ)
	sed -i 's/"id":"n.*"/&,"at":"'"$old"'"/
	    s/"id":"r.*"/&,"at":"'"$now"'"/' "$in"
	part
}

# measured DIMENSION: count and sum of the values that came.
measured() {
	local stat
	for stat in SampleCount Sum; do
		cw-get luna -m M -d "d=$1" --stat "$stat" --since 7d \
		    --period 1d | jq .value
	done | jq -sc '[.[:length / 2], .[length / 2:]] | map(add)'
}

@test "cw-metric conserves records of which two fifths are refused" {
	lines "$n" '$1 % 13 == 0'
	aged
	lunad_fault monitoring:PutMetricData=503:0.4
	parted "${measure[@]}" -d d=1
	lunad_fault
	[ "$(measured 1)" = "$(jq -sc '[length, (map(.n) | add)]' "$good")" ]
}

@test "cw-metric fails what is refused, wherever it stands in a call" {
	local p
	for p in {1..25}; do
		lines 25 "\$1 == $p"
		aged
		parted "${measure[@]}" -d d=2
	done
}

@test "cw-metric keeps all while the service is away, and puts it later" {
	lines "$n" 0
	away monitoring:PutMetricData cw-metric luna -m M --value '{{n}}' \
	    -d d=3
	[ "$(measured 3)" = "$(jq -sc '[length, (map(.n) | add)]' "$in")" ]
}
