# SQS of lunad, by plain signed requests: JSON and the query form. Every
# operation through another's client: test/interop/boto3_sqs.py.
load helpers

setup_file() { lunad_start; }
teardown_file() { lunad_stop; }

setup() {
	q=q$BATS_TEST_NUMBER
	reply=$BATS_TEST_TMPDIR/reply
	headers=$BATS_TEST_TMPDIR/headers
}

signed() {
	curl -sS --aws-sigv4 aws:amz:us-east-1:sqs \
	    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    -D "$headers" -o "$reply" -w '%{http_code}' "$@"
}

# sqs OPERATION JSON: prints the reply; $? is 1 when it is an error.
sqs() {
	local status
	status=$(signed -H 'Content-Type: application/x-amz-json-1.0' \
	    -H "X-Amz-Target: AmazonSQS.$1" -H 'x-amzn-query-mode: true' \
	    -d "$2" "$AWS_ENDPOINT_URL/")
	cat "$reply"
	[ "$status" = 200 ]
}

# form ACTION [NAME=VALUE…]: the same in the query form.
form() {
	local action=$1 status arg args=()
	shift
	for arg; do
		args+=(--data-urlencode "$arg")
	done
	status=$(signed -d "Action=$action" -d Version=2012-11-05 \
	    "${args[@]}" "${path_url:-$AWS_ENDPOINT_URL/}")
	cat "$reply"
	[ "$status" = 200 ]
}

# make NAME [ATTRIBUTES]
make_queue() {
	sqs CreateQueue "{\"QueueName\":\"$1\",\"Attributes\":${2:-{\}}}" \
	    >/dev/null
}

send() {
	sqs SendMessage "$(jq -nc --arg q "$q" --arg b "$1" \
	    '{QueueUrl: $q, MessageBody: $b}')" >/dev/null
}

# take [MORE]: bodies of up to ten messages, a line each.
take() {
	sqs ReceiveMessage "{\"QueueUrl\":\"$q\",\"MaxNumberOfMessages\":10${1:+,$1}}" |
		jq -r '.Messages[]?.Body'
}

# depths [QUEUE]: visible, in flight, delayed.
depths() {
	sqs GetQueueAttributes \
	    "{\"QueueUrl\":\"${1:-$q}\",\"AttributeNames\":[\"All\"]}" |
		jq -r '.Attributes | "\(.ApproximateNumberOfMessages) \(
		    .ApproximateNumberOfMessagesNotVisible) \(
		    .ApproximateNumberOfMessagesDelayed)"'
}

handle() {
	jq -r '.Messages[0].ReceiptHandle' <"$reply"
}

# refused CODE QUERY-CODE STATUS: the last reply was just this error.
refused() {
	[ "$(jq -r .__type <"$reply")" = "com.amazonaws.sqs#$1" ]
	grep -qi "^x-amzn-query-error: $2;Sender" "$headers"
	grep -q "^HTTP/1.1 $3 " "$headers"
}

# element NAME: texts of an XML reply's elements, a line each.
element() {
	grep -o "<$1>[^<]*</$1>" "$reply" | sed 's/<[^>]*>//g'
}

@test "a message is received once, and is gone when it is deleted" {
	make_queue "$q"
	sqs SendMessage "{\"QueueUrl\":\"$AWS_ENDPOINT_URL/000000000000/$q\",
	    \"MessageBody\":\"h\\u00e9llo \\\"x\\\"\"}"
	[ "$(jq -r .MD5OfMessageBody <"$reply")" = \
	    "$(printf 'héllo "x"' | md5sum | cut -c1-32)" ]
	[ "$(take)" = 'héllo "x"' ]
	h=$(handle)
	[ -z "$(take)" ]
	[ "$(depths)" = "0 1 0" ]
	sqs DeleteMessage "{\"QueueUrl\":\"$q\",\"ReceiptHandle\":\"$h\"}"
	[ "$(depths)" = "0 0 0" ]
}

@test "the query form, sent to the queue's URL as old clients do" {
	form CreateQueue "QueueName=$q" Attribute.1.Name=VisibilityTimeout \
	    Attribute.1.Value=7 Tag.1.Key=team Tag.1.Value=a
	path_url=$(element QueueUrl)
	[ "$path_url" = "$AWS_ENDPOINT_URL/000000000000/$q" ]
	form SendMessage 'MessageBody=a <b> & "c" é' \
	    MessageAttribute.1.Name=n MessageAttribute.1.Value.DataType=String \
	    MessageAttribute.1.Value.StringValue=v
	grep -q '<SendMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><SendMessageResult>' "$reply"
	md5=$(element MD5OfMessageAttributes)
	form ReceiveMessage AttributeName.1=ApproximateReceiveCount \
	    MessageAttributeName.1=All MaxNumberOfMessages=10
	grep -q '<Body>a &lt;b&gt; &amp; &quot;c&quot; é</Body>' "$reply"
	grep -q '<ReceiveMessageResult><Message><MessageId>' "$reply"
	grep -q '<Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>' "$reply"
	grep -q '<MessageAttribute><Name>n</Name><Value><StringValue>v</StringValue><DataType>String</DataType></Value></MessageAttribute>' "$reply"
	[ "$(element MD5OfMessageAttributes)" = "$md5" ]
	form GetQueueAttributes AttributeName.1=VisibilityTimeout \
	    AttributeName.2=ApproximateNumberOfMessagesNotVisible
	grep -q '<Attribute><Name>VisibilityTimeout</Name><Value>7</Value></Attribute>' "$reply"
	grep -q '<Name>ApproximateNumberOfMessagesNotVisible</Name><Value>1<' "$reply"
	form ListQueueTags
	grep -q '<ListQueueTagsResult><Tag><Key>team</Key><Value>a</Value></Tag></ListQueueTagsResult>' "$reply"
	path_url=
	form ListQueues "QueueNamePrefix=$q"
	[ "$(element QueueUrl | tail -1)" = "$AWS_ENDPOINT_URL/000000000000/$q" ]
}

@test "batches in the query form name their entries after the operation" {
	make_queue "$q"
	form SendMessageBatch "QueueUrl=$q" \
	    SendMessageBatchRequestEntry.1.Id=one \
	    SendMessageBatchRequestEntry.1.MessageBody=a \
	    SendMessageBatchRequestEntry.2.Id=two \
	    "SendMessageBatchRequestEntry.2.MessageBody=$(printf '\001')"
	grep -q '<SendMessageBatchResultEntry><Id>one</Id>' "$reply"
	grep -q '<BatchResultErrorEntry><Id>two</Id><SenderFault>true</SenderFault><Code>InvalidMessageContents</Code>' "$reply"
	form ReceiveMessage "QueueUrl=$q"
	h=$(element ReceiptHandle)
	form ChangeMessageVisibilityBatch "QueueUrl=$q" \
	    ChangeMessageVisibilityBatchRequestEntry.1.Id=c \
	    "ChangeMessageVisibilityBatchRequestEntry.1.ReceiptHandle=$h" \
	    ChangeMessageVisibilityBatchRequestEntry.1.VisibilityTimeout=60
	grep -q '<ChangeMessageVisibilityBatchResultEntry><Id>c</Id>' "$reply"
	form DeleteMessageBatch "QueueUrl=$q" \
	    DeleteMessageBatchRequestEntry.1.Id=d \
	    "DeleteMessageBatchRequestEntry.1.ReceiptHandle=$h"
	grep -q '<DeleteMessageBatchResultEntry><Id>d</Id>' "$reply"
	[ "$(depths)" = "0 0 0" ]
}

@test "errors carry the JSON name and, for old clients, the query's" {
	run ! sqs SendMessage "{\"QueueUrl\":\"$q\",\"MessageBody\":\"x\"}"
	refused QueueDoesNotExist AWS.SimpleQueueService.NonExistentQueue 400
	[ "$(jq -r .message <"$reply")" = "The specified queue does not exist." ]
	run ! form SendMessage "QueueUrl=$q" MessageBody=x
	[ "$(element Code)" = AWS.SimpleQueueService.NonExistentQueue ]
	[ "$(element Message)" = "The specified queue does not exist for this wsdl version." ]
	make_queue "$q"
	run ! sqs SendMessage "{\"QueueUrl\":\"$q\"}"
	refused MissingRequiredParameterException MissingParameter 400
	run ! sqs ReceiveMessage "{\"QueueUrl\":\"$q\",\"MaxNumberOfMessages\":11}"
	refused InvalidParameterValueException InvalidParameterValue 400
	run ! sqs DeleteMessage "{\"QueueUrl\":\"$q\",\"ReceiptHandle\":\"AAAA\"}"
	refused ReceiptHandleIsInvalid ReceiptHandleIsInvalid 400
	sqs PurgeQueue "{\"QueueUrl\":\"$q\"}"
	run ! sqs PurgeQueue "{\"QueueUrl\":\"$q\"}"
	refused PurgeQueueInProgress AWS.SimpleQueueService.PurgeQueueInProgress 403
	run ! sqs StartMessageMoveTask '{"SourceArn":"arn:aws:sqs:us-east-1:000000000000:never"}'
	refused ResourceNotFoundException ResourceNotFoundException 404
}

@test "half of a surrogate pair is refused, a whole one is a character" {
	make_queue "$q"
	run ! sqs SendMessage "{\"QueueUrl\":\"$q\",\"MessageBody\":\"a\\ud800b\"}"
	refused InvalidMessageContents InvalidMessageContents 400
	run ! sqs SendMessage "{\"QueueUrl\":\"$q\",\"MessageBody\":\"a\\u0000b\"}"
	refused InvalidMessageContents InvalidMessageContents 400
	sqs SendMessage "{\"QueueUrl\":\"$q\",\"MessageBody\":\"\\ud83d\\ude00\"}"
	[ "$(take)" = 😀 ]
}

@test "another region has other queues" {
	make_queue "$q"
	[ "$(curl -sS --aws-sigv4 aws:amz:eu-west-1:sqs \
	    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    -H 'X-Amz-Target: AmazonSQS.GetQueueUrl' \
	    -H 'Content-Type: application/x-amz-json-1.0' \
	    -d "{\"QueueName\":\"$q\"}" "$AWS_ENDPOINT_URL/" | jq -r .__type)" = \
	    com.amazonaws.sqs#QueueDoesNotExist ]
	run ! sqs SendMessage "{\"QueueUrl\":\"$AWS_ENDPOINT_URL/111111111111/$q\",\"MessageBody\":\"x\"}"
	refused QueueDoesNotExist AWS.SimpleQueueService.NonExistentQueue 400
}

@test "moved time ends timeouts and delays, and retention" {
	make_queue "$q" '{"VisibilityTimeout":"100","MessageRetentionPeriod":"3600"}'
	send flying
	[ "$(take)" = flying ]
	sqs SendMessage "{\"QueueUrl\":\"$q\",\"MessageBody\":\"late\",\"DelaySeconds\":200}"
	[ "$(depths)" = "0 1 1" ]
	lunad_clock 101s
	[ "$(depths)" = "1 0 1" ]
	lunad_clock 100s
	[ "$(take '"VisibilityTimeout":0' | xargs)" = "flying late" ]
	lunad_clock 3399s
	[ "$(depths)" = "0 0 0" ]
}

# poll: a receive that waits in the background as job $poll, begun when this
# returns; its reply is in $BATS_TEST_TMPDIR/polled.
poll() {
	rm -f "$BATS_TEST_TMPDIR/polled" "$BATS_TEST_TMPDIR/trace"
	(
		reply=$BATS_TEST_TMPDIR/polled headers=$BATS_TEST_TMPDIR/polling
		signed -v -H 'Content-Type: application/x-amz-json-1.0' \
		    -H 'X-Amz-Target: AmazonSQS.ReceiveMessage' \
		    -d "{\"QueueUrl\":\"$q\",\"WaitTimeSeconds\":20}" \
		    "$AWS_ENDPOINT_URL/" 2>"$BATS_TEST_TMPDIR/trace"
	) >/dev/null 3>&- &
	poll=$! began=$SECONDS
	until grep -q '^> X-Amz-Target' "$BATS_TEST_TMPDIR/trace" 2>/dev/null
	do :; done
	depths >/dev/null
}

# polled FILTER TEXT: that is what it got, before its time was over.
polled() {
	wait "$poll"
	[ $((SECONDS - began)) -lt 18 ]
	[ "$(jq -r "$1" <"$BATS_TEST_TMPDIR/polled")" = "$2" ]
}

@test "a long poll is woken by a message, and by the clock" {
	make_queue "$q" '{"VisibilityTimeout":"43200"}'
	poll
	send woken
	polled '.Messages[0].Body' woken
	sqs SendMessage "{\"QueueUrl\":\"$q\",\"MessageBody\":\"late\",\"DelaySeconds\":900}"
	poll
	lunad_clock 600s
	[ ! -e "$BATS_TEST_TMPDIR/polled" ]
	lunad_clock 301s
	polled '.Messages[0].Body' late
}

@test "a long poll is woken when a timeout is shortened, or given up" {
	make_queue "$q" '{"VisibilityTimeout":"600"}'
	send x
	take
	h=$(handle)
	poll
	sqs ChangeMessageVisibility "{\"QueueUrl\":\"$q\",\"ReceiptHandle\":\"$h\",\"VisibilityTimeout\":5}"
	lunad_clock 6s
	polled '.Messages[0].Body' x
	h=$(jq -r '.Messages[0].ReceiptHandle' <"$BATS_TEST_TMPDIR/polled")
	poll
	sqs ChangeMessageVisibility "{\"QueueUrl\":\"$q\",\"ReceiptHandle\":\"$h\",\"VisibilityTimeout\":0}"
	polled '.Messages[0].Body' x
}

@test "a poll that waits ends when its queue is deleted" {
	make_queue "$q"
	poll
	sqs DeleteQueue "{\"QueueUrl\":\"$q\"}"
	polled .__type com.amazonaws.sqs#QueueDoesNotExist
}

@test "what was received too often goes to the dead-letter queue, and back" {
	make_queue "$q-dead"
	arn=arn:aws:sqs:us-east-1:000000000000:$q-dead
	make_queue "$q" "{\"RedrivePolicy\":\"{\\\"deadLetterTargetArn\\\":\\\"$arn\\\",\\\"maxReceiveCount\\\":2}\"}"
	send one
	send two
	take '"VisibilityTimeout":0'
	take '"VisibilityTimeout":0'
	[ -z "$(take)" ]
	[ "$(depths)" = "0 0 0" ]
	[ "$(depths "$q-dead")" = "2 0 0" ]
	sqs StartMessageMoveTask "{\"SourceArn\":\"$arn\",\"MaxNumberOfMessagesPerSecond\":1}"
	lunad_clock 2s
	sqs ListMessageMoveTasks "{\"SourceArn\":\"$arn\"}"
	[ "$(jq -r '.Results[0] | "\(.Status) \(.ApproximateNumberOfMessagesMoved)"' \
	    <"$reply")" = "COMPLETED 2" ]
	[ "$(take | xargs)" = "one two" ]
}

# advance 5m: move the clock; $at is what it showed then.
advance() {
	at=$(lunad_clock "$1" | jq -r '.now[0:16] + ":00Z"')
}

# measured MINUTES NAME: the sums of that metric of $q in the last whole
# minutes before $at, oldest first.
measured() {
	signed -H 'Content-Type: application/x-amz-json-1.0' \
	    -H 'X-Amz-Target: GraniteServiceVersion20100801.GetMetricStatistics' \
	    --aws-sigv4 aws:amz:us-east-1:monitoring -d "$(jq -nc \
	    --arg q "$q" --arg m "$2" --arg at "$at" --argjson minutes "$1" '
	    ($at | fromdate) as $t |
	    {Namespace: "AWS/SQS", MetricName: $m, Period: 60,
	    Dimensions: [{Name: "QueueName", Value: $q}], Statistics: ["Sum"],
	    StartTime: ($t - 60 * $minutes), EndTime: $t}')" \
	    "$AWS_ENDPOINT_URL/" >/dev/null
	jq -r '.Datapoints | sort_by(.Timestamp)[].Sum' <"$reply" | xargs
}

total() {
	xargs -n 1 | jq -s add
}

# The two minutes that are asked for end inside the advance, so at exact times;
# on a machine so slow that another one passed before, its own differ.
@test "depth, age and traffic are measured each minute while a queue is active" {
	lunad_minute
	make_queue "$q"
	for i in 1 2 3; do send "body $i"; done
	sqs ReceiveMessage "{\"QueueUrl\":\"$q\",\"VisibilityTimeout\":43200}"
	advance 2m
	[ "$(measured 2 ApproximateNumberOfMessagesVisible)" = "2 2" ]
	[ "$(measured 2 ApproximateNumberOfMessagesNotVisible)" = "1 1" ]
	[ "$(measured 1 NumberOfMessagesSent)" = 0 ]
	[ "$(measured 9 NumberOfMessagesSent | total)" = 3 ]
	[ "$(measured 9 NumberOfMessagesReceived | total)" = 1 ]
	[ "$(measured 9 SentMessageSize | total)" = 18 ]
	read -r first second <<<"$(measured 2 ApproximateAgeOfOldestMessage)"
	[ $((second - first)) = 60 ]
	sqs PurgeQueue "{\"QueueUrl\":\"$q\"}"
	advance 5h
	[ "$(measured 4 ApproximateNumberOfMessagesVisible)" = "0 0 0 0" ]
	advance 2h
	[ -z "$(measured 4 ApproximateNumberOfMessagesVisible)" ]
}

# put BODY GROUP DEDUP, on a FIFO queue
put() {
	sqs SendMessage "{\"QueueUrl\":\"$q\",\"MessageBody\":\"$1\",
	    \"MessageGroupId\":\"$2\",\"MessageDeduplicationId\":\"$3\"}" >/dev/null
}

@test "what a FIFO queue repeats, its DeduplicationScope says, new or changed" {
	q=$q.fifo
	make_queue "$q" '{"FifoQueue":"true","DeduplicationScope":"messageGroup"}'
	put a1 a 1
	put b1 b 1
	put again a 1
	[ "$(take | xargs)" = "a1 b1" ]
	sqs SetQueueAttributes "{\"QueueUrl\":\"$q\",
	    \"Attributes\":{\"DeduplicationScope\":\"queue\"}}"
	put a2 a 2
	put b2 b 2
	sqs PurgeQueue "{\"QueueUrl\":\"$q\"}"
	[ "$(depths)" = "0 0 0" ]
	put c3 c 3
	put d3 d 3
	[ "$(take | xargs)" = "c3" ]
	sqs SetQueueAttributes "{\"QueueUrl\":\"$q\",
	    \"Attributes\":{\"DeduplicationScope\":\"messageGroup\"}}"
	put e4 e 4
	put f4 f 4
	[ "$(take | xargs)" = "e4 f4" ]
}

@test "a FIFO queue keeps the order of a group and drops what it had for five minutes" {
	q=$q.fifo
	make_queue "$q" '{"FifoQueue":"true"}'
	put a1 a 1
	put b1 b 2
	put a2 a 3
	put again a 1
	[ "$(take '"VisibilityTimeout":100' | xargs)" = "a1 a2 b1" ]
	h=$(handle)
	put a3 a 4
	[ -z "$(take)" ]
	lunad_clock 101s
	run ! sqs DeleteMessage "{\"QueueUrl\":\"$q\",\"ReceiptHandle\":\"$h\"}"
	[ "$(jq -r .message <"$reply")" = \
	    "Value $h for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired." ]
	[ "$(take '"VisibilityTimeout":100' | xargs)" = "a1 a2 a3 b1" ]
	lunad_clock 5m
	put again a 1
	[ "$(take | xargs)" = "a1 a2 a3 again b1" ]
}

@test "faults refuse entries of a batch, and take the others" {
	make_queue "$q"
	entries=$(jq -nc '[range(10) | {Id: "e\(.)", MessageBody: "b\(.)"}]')
	lunad_fault sqs:SendMessageBatch=partial:0.5
	accepted=0 refused=0
	for _ in 1 2 3 4 5; do
		sqs SendMessageBatch "{\"QueueUrl\":\"$q\",\"Entries\":$entries}"
		accepted=$((accepted + $(jq '.Successful | length' <"$reply")))
		refused=$((refused + $(jq '.Failed | length' <"$reply")))
		[ "$(jq -c '[.Failed[]? | [.Code, .SenderFault]] | unique' <"$reply")" = \
		    '[["InternalError",false]]' ] ||
			[ "$(jq '.Failed | length' <"$reply")" = 0 ]
	done
	lunad_fault sqs:SendMessageBatch=refuse:b7
	sqs SendMessageBatch "{\"QueueUrl\":\"$q\",\"Entries\":$entries}"
	lunad_fault
	[ "$(jq -c '[.Failed[] | [.Id, .SenderFault]]' <"$reply")" = '[["e7",true]]' ]
	[ $((accepted + refused)) = 50 ]
	[ "$refused" -gt 0 ]
	[ "$(depths)" = "$((accepted + 9)) 0 0" ]
}

# The numbers that are kept, against those counted.
audit() {
	[ -z "$(sqlite3 "$LUNAD_DIR"/data/*.db "
	    SELECT q.name, d.visible, d.hidden, d.delayed, counted.*
	    FROM sqs_queue q JOIN sqs_depth d ON d.queue = q.id, (
		SELECT m.id >> 40 AS queue,
		    count(*) FILTER (WHERE h.id IS NULL) AS visible,
		    count(*) FILTER (WHERE h.received > 0) AS hidden,
		    count(*) FILTER (WHERE h.received = 0) AS delayed
		FROM sqs_message m LEFT JOIN sqs_hidden h ON h.id = m.id
		GROUP BY 1) counted
	    WHERE counted.queue = q.id AND
		(d.visible, d.hidden, d.delayed) IS NOT
		(counted.visible, counted.hidden, counted.delayed);
	    SELECT 'an orphan', id FROM sqs_hidden
	    WHERE id NOT IN (SELECT id FROM sqs_message);
	    SELECT 'an orphan', id FROM sqs_returned
	    WHERE id NOT IN (SELECT id FROM sqs_message);
	    SELECT 'an orphan', id FROM sqs_lane
	    WHERE id NOT IN (SELECT id FROM sqs_message);
	    SELECT 'both', id FROM sqs_hidden JOIN sqs_returned USING (id);
	    SELECT 'a turn for nothing', id FROM sqs_group g
	    WHERE turn IS NOT NULL AND (SELECT min(l.id) FROM sqs_lane l
		WHERE l.\"group\" = g.id) IN (SELECT id FROM sqs_hidden)" |
		tee /dev/stderr)" ]
}

@test "what is counted is what is there, whatever happened" {
	for name in "$q" "$q.fifo"; do
		q=$name
		[ "$q" = "${q%.fifo}" ] || fifo='"FifoQueue":"true","ContentBasedDeduplication":"true",'
		make_queue "$q" "{${fifo-}\"VisibilityTimeout\":\"5\"}"
		for i in 1 2 3 4 5 6; do
			sqs SendMessageBatch "$(jq -nc --arg q "$q" --arg i "$i" \
			    --arg fifo "${fifo-}" '{QueueUrl: $q, Entries: [range(7) |
			    {Id: "\(.)", MessageBody: "\($i)-\(.)"} + if $fifo == "" then
			    {DelaySeconds: (. * 2)} else {MessageGroupId: "g\(. % 3)"} end]}')" >/dev/null
			take >/dev/null
			h=$(handle)
			[ $((i % 2)) = 0 ] || sqs DeleteMessage \
			    "{\"QueueUrl\":\"$q\",\"ReceiptHandle\":\"$h\"}" >/dev/null ||
				true
			[ $((i % 3)) != 0 ] || sqs ChangeMessageVisibility \
			    "{\"QueueUrl\":\"$q\",\"ReceiptHandle\":\"$h\",\"VisibilityTimeout\":0}" >/dev/null ||
				true
			take '"VisibilityTimeout":0' >/dev/null
			run ! sqs SendMessage "{\"QueueUrl\":\"$q\",\"MessageBody\":\"\"}"
			lunad_clock 3s >/dev/null
			depths
			audit
		done
	done
}

@test "what was answered survives kill -9" {
	LUNAD_DIR=$(mktemp -d "$BATS_TEST_TMPDIR/lunad.XXXXXX")
	again() {
		lunad -d "$LUNAD_DIR/data" -l 127.0.0.1:0 >"$LUNAD_DIR/says" 3>&- &
		pid=$!
		read -r line <"$LUNAD_DIR/says"
		AWS_ENDPOINT_URL=${line##* }
	}
	mkfifo "$LUNAD_DIR/says"
	again
	make_queue "$q" '{"VisibilityTimeout":"43200"}'
	for i in 1 2 3; do send "m$i"; done
	sqs ReceiveMessage "{\"QueueUrl\":\"$q\"}"
	h=$(handle)
	kill -9 "$pid"
	wait "$pid" || true
	again
	[ "$(depths)" = "2 1 0" ]
	[ "$(take | xargs)" = "m2 m3" ]
	sqs DeleteMessage "{\"QueueUrl\":\"$q\",\"ReceiptHandle\":\"$h\"}"
	[ "$(depths)" = "0 2 0" ]
	audit
	kill "$pid"
	wait "$pid" || true
}

@test "a purged and a deleted queue leave nothing behind" {
	make_queue "$q.fifo" '{"FifoQueue":"true"}'
	make_queue "$q"
	send x
	sqs SendMessage "{\"QueueUrl\":\"$q\",\"MessageBody\":\"y\",\"DelaySeconds\":9}"
	take
	sqs PurgeQueue "{\"QueueUrl\":\"$q\"}"
	[ "$(depths)" = "0 0 0" ]
	q=$q.fifo
	put a a 1
	put b b 2
	take
	sqs DeleteQueue "{\"QueueUrl\":\"$q\"}"
	lunad_clock 1s >/dev/null
	audit
	[ "$(left)" = 0 ]
}

# left: rows of queues that are no more.
left() {
	sqlite3 "$LUNAD_DIR"/data/*.db "SELECT count(*) FROM
	    (SELECT queue FROM sqs_group UNION ALL SELECT queue FROM sqs_dedup
	    UNION ALL SELECT queue FROM sqs_attempt
	    UNION ALL SELECT id >> 40 FROM sqs_message
	    UNION ALL SELECT id >> 40 FROM sqs_hidden
	    UNION ALL SELECT id >> 40 FROM sqs_returned
	    UNION ALL SELECT id >> 40 FROM sqs_lane)
	    WHERE queue NOT IN (SELECT id FROM sqs_queue)"
}

@test "a purge is done at once, and its sweeping survives kill -9" {
	lunad_start
	make_queue "$q.fifo" '{"FifoQueue":"true"}'
	sqs TagQueue "{\"QueueUrl\":\"$q.fifo\",\"Tags\":{\"a\":\"b\"}}"
	seq 5000 | jq -c '{n: .}' |
		sqs-send --quiet "$q.fifo" --group 'g{{n}}' --dedup '{{n}}'
	make_queue "$q"
	seq 20000 | jq -c '{n: .}' | sqs-send --quiet "$q"
	sqs ReceiveMessage "{\"QueueUrl\":\"$q\"}"
	h=$(handle)
	for name in "$q.fifo" "$q"; do
		sqs PurgeQueue "{\"QueueUrl\":\"$name\"}"
	done
	lunad_again
	[ "$(depths)" = "0 0 0" ]
	[ -z "$(take)" ]
	send new
	[ "$(depths)" = "1 0 0" ]
	sqs DeleteMessage "{\"QueueUrl\":\"$q\",\"ReceiptHandle\":\"$h\"}"
	run ! sqs ChangeMessageVisibility \
	    "{\"QueueUrl\":\"$q\",\"ReceiptHandle\":\"$h\",\"VisibilityTimeout\":9}"
	[ "$(take)" = new ]
	[ "$(sqs ListQueueTags "{\"QueueUrl\":\"$q.fifo\"}" |
		jq -c .Tags)" = '{"a":"b"}' ]
	# What went before is no duplicate now.
	echo '{"n":1}' |
		sqs-send --quiet "$q.fifo" --group g1 --dedup 1
	[ "$(q=$q.fifo take)" = '{"n":1}' ]
	lunad_clock 1m >/dev/null
	[ "$(left)" = 0 ]
	audit
	lunad_stop
}

@test "reset forgets all queues" {
	make_queue "$q"
	send x
	curl -sSf -X POST "$AWS_ENDPOINT_URL/_luna/reset" >/dev/null
	run ! sqs SendMessage "{\"QueueUrl\":\"$q\",\"MessageBody\":\"x\"}"
	refused QueueDoesNotExist AWS.SimpleQueueService.NonExistentQueue 400
	make_queue "$q"
	[ -z "$(take)" ]
}
