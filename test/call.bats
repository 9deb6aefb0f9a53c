#!/usr/bin/env bats
# What call, request, reply and http do together, against scripted answers.

load cases
load servers

setup_file() {
	CALL=$(program call)
	export CALL
}

teardown() {
	scripted_stop
}

# call ARGS…: run the driver; its lines are in $output, stderr in $stderr.
call() {
	run --separate-stderr timeout 30 "$CALL" "$@"
	echo "call $*: status $status"
	echo "stdout: $output"
	echo "stderr: ${stderr-}"
	[ "$status" -eq 0 ]
}

header() { # header REQUEST NAME
	scripted_log "select(.n == $1) | .headers[\"$2\"]"
}

bats_require_minimum_version 1.5.0

@test "a JSON call names its target and is signed" {
	scripted_start <<'END'
>> 200
x-amzn-RequestId: 11112222

{"QueueUrl":"q"}
END
	call sqs GetQueueUrl '{"QueueName":"q"}'
	[ "$output" = 'none - 200 attempts=1 sent id=11112222 {"QueueUrl":"q"}' ]
	[ "$(scripted_log .method)" = POST ]
	[ "$(scripted_log .path)" = / ]
	[ "$(scripted_log .body)" = '{"QueueName":"q"}' ]
	[ "$(header 1 content-type)" = application/x-amz-json-1.0 ]
	[ "$(header 1 x-amz-target)" = AmazonSQS.GetQueueUrl ]
	[ "$(header 1 x-amzn-query-mode)" = true ]
	[[ "$(header 1 host)" = "${SCRIPTED_URL#http://}" ]]
	[[ "$(header 1 authorization)" = 'AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE1/'*'/eu-west-1/sqs/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target;x-amzn-query-mode, Signature='* ]]
	[[ "$(header 1 user-agent)" =~ ^luna/[0-9.]+\ md/test\ os/linux\ lang/c$ ]]
	[[ "$(header 1 amz-sdk-invocation-id)" =~ ^[0-9a-f-]{36}$ ]]
	[ "$(header 1 amz-sdk-request)" = 'attempt=1; max=3' ]
	[ "$(header 1 expect)" = null ]
	[ "$(header 1 accept-encoding)" = null ]
}

@test "a query call is a form that begins with its action" {
	scripted_start <<'END'
>> 200
<R/>
END
	call sns Publish 'TopicArn=t&Message=a%20b'
	[ "$(scripted_log .body)" = \
	    'Action=Publish&Version=2010-03-31&TopicArn=t&Message=a%20b' ]
	[ "$(header 1 content-type)" = \
	    'application/x-www-form-urlencoded; charset=utf-8' ]
	[ "$(header 1 x-amz-target)" = null ]
}

@test "a session token is sent and signed" {
	scripted_start <<'END'
>> 200
{}
END
	call -e 3600000 sqs ListQueues
	[ "$(header 1 x-amz-security-token)" = EXAMPLETOKEN ]
	[[ "$(header 1 authorization)" = *';x-amz-security-token;'* ]]
}

@test "the application's id is named to the service, but no second header" {
	scripted_start <<'END'
>> 200
{}
END
	export AWS_SDK_UA_APP_ID=$'shop\r\nX-Evil: 1'
	call sqs ListQueues
	[[ "$(header 1 user-agent)" = *' app/shop--X-Evil: 1' ]]
	[ "$(header 1 x-evil)" = null ]
}

@test "a transient failure is repeated under the same id, signed anew" {
	scripted_start <<'END'
>> 500
{"__type":"com.amazonaws.sqs#InternalFailure"}
>> 503
>> 200
{}
END
	call sqs ListQueues
	[ "$output" = 'none - 200 attempts=3 sent {}' ]
	[ "$(scripted_log '.headers["amz-sdk-invocation-id"]' | sort -u | wc -l)" -eq 1 ]
	[ "$(scripted_log '.headers["amz-sdk-request"]')" = \
	    $'attempt=1; max=3\nattempt=2; max=3\nattempt=3; max=3' ]
	[ "$(scripted_log .body | sort -u)" = '{}' ]
}

@test "three attempts are made, four for DynamoDB, or as many as are set" {
	scripted_start <<'END'
>> 503 repeat=inf
END
	call sqs ListQueues
	[[ "$output" = 'later HTTP503 503 attempts=3 '* ]]
	call dynamodb ListTables
	[[ "$output" = 'later HTTP503 503 attempts=4 '* ]]
	AWS_MAX_ATTEMPTS=2 call sqs ListQueues
	[[ "$output" = 'later HTTP503 503 attempts=2 '* ]]
	call -1 sqs ListQueues
	[[ "$output" = 'later HTTP503 503 attempts=1 '* ]]
	[ "$(header 10 amz-sdk-request)" = 'attempt=1; max=1' ]
	[ "$(scripted_count)" -eq 10 ]
}

@test "a throttled call is repeated and says that it was throttled" {
	scripted_start <<'END'
>> 400 repeat=inf
{"__type":"com.amazon.coral.availability#ThrottlingException","message":"Rate exceeded"}
END
	AWS_MAX_ATTEMPTS=2 call kinesis PutRecords
	[ "$output" = 'later ThrottlingException 400 attempts=2 throttled (Rate exceeded)' ]
}

@test "what was refused for its content is not repeated" {
	scripted_start <<'END'
>> 400
x-amzn-requestid: r-1

{"__type":"com.amazon.coral.validate#ValidationException","message":"One or more parameter values were invalid."}
END
	call dynamodb PutItem
	[ "$output" = 'refused ValidationException 400 attempts=1 id=r-1 (One or more parameter values were invalid)' ]
}

@test "an error is read in each of its forms" {
	local form
	while IFS='|' read -r form expected; do
		[ -n "$form" ] || continue
		printf '%b\n' "$form" >"$BATS_TEST_TMPDIR/script"
		scripted_start "$BATS_TEST_TMPDIR/script"
		call -1 sqs ListQueues
		echo "expected: $expected"
		[ "${output% (*}" = "$expected" ]
	done <<'END'
>> 400\nx-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender\n\n{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"m"}|setup AWS.SimpleQueueService.NonExistentQueue 400 attempts=1
>> 400\nx-amzn-errortype: InvalidParameterException:http://internal.amazon.com/coral/x/\n\n{"message":"m"}|refused InvalidParameterException 400 attempts=1
>> 403\nx-amzn-query-error: RequestThrottled;Sender\n\n{"__type":"com.amazonaws.sqs#SomethingElse"}|later RequestThrottled 403 attempts=1 throttled
>> 400\nx-amzn-query-error: SomethingElse;Sender\n\n{"__type":"com.amazonaws.sqs#RequestThrottled"}|later SomethingElse 400 attempts=1 throttled
>> 400\n<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>InvalidParameter</Code><Message>m</Message></Error><RequestId>r-2</RequestId></ErrorResponse>|refused InvalidParameter 400 attempts=1 id=r-2
>> 400\n<?xml version="1.0"?>\n<Response><Errors><Error><Code>InvalidParameterValue</Code><Message>m</Message></Error></Errors><RequestID>r-3</RequestID></Response>|refused InvalidParameterValue 400 attempts=1 id=r-3
>> 404\nx-amz-request-id: r-4\n\n<Error><Code>NoSuchKey</Code><Message>m</Message></Error>|refused NoSuchKey 404 attempts=1 id=r-4
>> 400\n{"code":"SomeCode","Message":"m"}|refused SomeCode 400 attempts=1
>> 400\n[]|refused HTTP400 400 attempts=1
>> 400\n{"__type":|refused HTTP400 400 attempts=1
>> 413\n<html>too large</html>|refused HTTP413 413 attempts=1
>> 403\n<html>|setup HTTP403 403 attempts=1
>> 404|setup HTTP404 404 attempts=1
>> 500\n\\0377\\0376|later HTTP500 500 attempts=1 sent
>> 301\nLocation: http://127.0.0.1:1/\n|setup HTTP301 301 attempts=1 sent
>> 429|later HTTP429 429 attempts=1 throttled
END
}

@test "denied, unknown keys and missing resources are the set-up's fault" {
	local code
	for code in AccessDenied AccessDeniedException KMSAccessDeniedException \
	    UnrecognizedClientException InvalidClientTokenId \
	    SignatureDoesNotMatch MissingAuthenticationToken \
	    AWS.SimpleQueueService.NonExistentQueue QueueDoesNotExist \
	    NotFound NotFoundException ResourceNotFoundException \
	    AuthorizationError KMS.DisabledException NoSuchBucket; do
		printf '>> 400\n{"__type":"x#%s"}\n' "$code" \
		    >"$BATS_TEST_TMPDIR/script"
		scripted_start "$BATS_TEST_TMPDIR/script"
		call sqs ListQueues
		[[ "$output" = "setup $code 400 attempts=1 "* ]]
	done
}

@test "a missing object or a failed condition is not" {
	local code
	for code in NoSuchKey ConditionalCheckFailedException \
	    InvalidParameterValue ResourceInUseException; do
		printf '>> 400\n{"__type":"x#%s"}\n' "$code" \
		    >"$BATS_TEST_TMPDIR/script"
		scripted_start "$BATS_TEST_TMPDIR/script"
		call sqs ListQueues
		[[ "$output" = "refused $code 400 attempts=1 "* ]]
	done
}

@test "a connection that is reset after the request is tried again, and sent" {
	scripted_start <<'END'
>> 200 reset
>> 200
{"a":1}
END
	call sqs SendMessage
	[ "$output" = 'none - 200 attempts=2 sent {"a":1}' ]
	scripted_start <<'END'
>> 200 reset repeat=inf
END
	call -1 sqs SendMessage
	[[ "$output" = 'later ConnectionFailed 0 attempts=1 sent ('* ]]
}

@test "what a reused connection may have carried is not repeated unseen" {
	scripted_start <<'END'
>> 200
{}
>> 200 reset
>> 200
{}
END
	call -c 2 sqs SendMessage
	[ "$output" = 'none - 200 attempts=1 sent {}
none - 200 attempts=2 sent {}' ]
	[ "$(scripted_count)" -eq 3 ]
	scripted_start <<'END'
>> 200
{}
>> 200 reset
>> 200
{}
END
	call -1 -c 2 sqs SendMessage
	[ "${lines[0]}" = 'none - 200 attempts=1 sent {}' ]
	[ "${lines[1]}" = 'later ConnectionFailed 0 attempts=1 sent (the connection was closed before an answer)' ]
	[ "$(scripted_count)" -eq 2 ]
}

@test "a connection that is closed while it is idle costs no attempt" {
	scripted_start <<'END'
>> 200 close
{}
>> 200
{}
END
	call -c 2 sqs SendMessage
	[ "$output" = 'none - 200 attempts=1 sent {}
none - 200 attempts=1 sent {}' ]
	[ "$(scripted_log '.connection')" = $'1\n2' ]
}

@test "an endpoint that is down is tried three times and nothing was sent" {
	servers_env http://127.0.0.1:9
	call sqs SendMessage
	[[ "$output" = 'later ConnectionFailed 0 attempts=3 (Failed to connect to 127.0.0.1 port 9 '* ]]
}

@test "a name that does not resolve is for later" {
	AWS_ENDPOINT_URL=https://luna.invalid AWS_REGION=x-y-1 call -1 sqs A
	[[ "$output" = 'later ConnectionFailed 0 attempts=1 (Could not resolve host: luna.invalid)' ]]
}

@test "a name server that does not answer holds nothing up" {
	servers_env https://luna.invalid
	SECONDS=0
	TEST_SLOW_NAMES=1 call -1 -x 500 sqs A
	[[ "$output" = 'later Timeout 0 attempts=1 (Resolving timed out after '* ]]
	[ "$SECONDS" -lt 20 ]
}

@test "an answer that does not come ends with the time set for it" {
	scripted_start <<'END'
>> 200 delay=20
END
	SECONDS=0
	call -1 -x 2000 sqs SendMessage
	[[ "$output" = 'later Timeout 0 attempts=1 sent ('* ]]
	[ "$SECONDS" -lt 19 ]
}

@test "an answer that comes byte by byte ends with the time set for it" {
	scripted_start <<'END'
>> 200 drip=0.4
{"a":"an answer that is too long for its time"}
END
	SECONDS=0
	call -1 -x 2000 sqs SendMessage
	[[ "$output" = 'later Timeout 0 attempts=1 sent ('* ]]
	[ "$SECONDS" -lt 15 ]
}

@test "an answer that is too long is refused, and not asked for again" {
	scripted_start <<'END'
>> 200
{"a":"0123456789"}
>> 200
{"a":"0123456789"}
>> 200 endless
0123456789012345678901234567890123456789
END
	call -m 18 sqs SendMessage
	[ "$output" = 'none - 200 attempts=1 sent {"a":"0123456789"}' ]
	call -m 17 sqs SendMessage
	[ "$output" = "later ReplyTooLarge 0 attempts=1 sent (the reply's body is over 17 bytes)" ]
	call sqs SendMessage
	[ "$output" = "later ReplyTooLarge 0 attempts=1 sent (the reply's body is over 16777216 bytes)" ]
}

@test "a header that does not end is refused" {
	{
		printf '>> 200 raw\nHTTP/1.1 200 OK\n'
		for i in $(seq 400); do
			printf 'X-%d: %01000d\n' "$i" 0
		done
		printf 'Content-Length: 4\n\n{}\n'
	} >"$BATS_TEST_TMPDIR/script"
	scripted_start "$BATS_TEST_TMPDIR/script"
	call -1 sqs SendMessage
	[ "$output" = "later ReplyTooLarge 0 attempts=1 sent (the reply's header is over 262144 bytes)" ]
}

@test "an answer that is cut anywhere is never a success" {
	local n head body='{"a":"0123456789"}' whole
	head=$'HTTP/1.1 200 X\r\nX-A: b\r\nContent-Length: 18\r\n\r\n'
	whole=$((${#head} + ${#body}))
	for n in $(seq "$whole"); do
		printf '>> 200 cut=%d nodate\nX-A: b\n\n%s\n' "$n" "$body"
	done >"$BATS_TEST_TMPDIR/script"
	scripted_start "$BATS_TEST_TMPDIR/script"
	call -1 -c "$whole" sqs SendMessage
	[ "${#lines[@]}" -eq "$whole" ]
	[ "$(grep -cE '^later (ConnectionFailed|ReplyTruncated|InvalidReply) 0 attempts=1 sent ' <<<"$output")" -eq $((whole - 1)) ]
	[ "${lines[whole - 1]}" = "none - 200 attempts=1 sent $body" ]
}

@test "a truncated answer is asked for again" {
	scripted_start <<'END'
>> 200 truncate=5
{"a":1234}
>> 200
{"a":1234}
END
	call sqs SendMessage
	[ "$output" = 'none - 200 attempts=2 sent {"a":1234}' ]
}

@test "what is no HTTP is no answer" {
	scripted_start <<'END'
>> 200 raw repeat=inf
220 mail.example.org ESMTP
END
	call -1 sqs SendMessage
	[[ "$output" = 'later InvalidReply 0 attempts=1 sent ('* ]]
}

@test "an answer after an interim one, and one in chunks, are whole" {
	scripted_start <<'END'
>> 200 raw
HTTP/1.1 100 Continue
x-amzn-requestid: no

HTTP/1.1 200 OK
x-amzn-requestid: yes
Transfer-Encoding: chunked

2
{}
0

END
	call sqs SendMessage
	[ "$output" = 'none - 200 attempts=1 sent id=yes {}' ]
}

@test "a reply whose checksum is wrong is asked for again" {
	scripted_start <<'END'
>> 200 crc32
{"a":1}
>> 200
x-amz-crc32: 1

{"a":2}
>> 400
x-amz-crc32: 1

{"__type":"x#ValidationException"}
>> 200 crc32
{"a":3}
END
	call dynamodb GetItem
	[ "$output" = 'none - 200 attempts=1 sent {"a":1}' ]
	call dynamodb GetItem
	[ "$output" = 'none - 200 attempts=3 sent {"a":3}' ]
	scripted_start <<'END'
>> 200 repeat=inf
x-amz-crc32: 1

{}
END
	call -1 dynamodb GetItem
	[[ "$output" = 'later ChecksumMismatch 200 attempts=1 sent ('* ]]
}

@test "a clock that is wrong is corrected with one more attempt" {
	local off n at before
	for off in 3600 -3600 400; do
		before=$(date +%s)
		scripted_start <<END
>> 400 date=$off
{"__type":"com.amazon.coral.service#InvalidSignatureException","message":"Signature expired"}
>> 200 repeat=2 date=$off
{}
END
		call -c 2 dynamodb ListTables
		[ "$output" = 'none - 200 attempts=2 sent {}
none - 200 attempts=1 sent {}' ]
		# The second and third request carry the service's time.
		for n in 2 3; do
			at=$(header $n x-amz-date)
			at=$(date -ud "${at:0:8} ${at:9:2}:${at:11:2}:${at:13:2}" +%s)
			[ $((at - off)) -ge "$before" ]
			[ $((at - off)) -le "$(date +%s)" ]
		done
		[ "$(header 2 amz-sdk-invocation-id)" = \
		    "$(header 1 amz-sdk-invocation-id)" ]
	done
}

@test "the clock is corrected once a call, even when only one attempt is made" {
	scripted_start <<'END'
>> 403 date=3600
<ErrorResponse><Error><Code>RequestExpired</Code></Error></ErrorResponse>
>> 403 date=7200 repeat=inf
<ErrorResponse><Error><Code>RequestExpired</Code></Error></ErrorResponse>
END
	call -1 sts GetCallerIdentity
	[[ "$output" = 'setup RequestExpired 403 attempts=2 '* ]]
}

@test "a clock is not corrected without cause" {
	local head
	for head in '>> 403 date=100' '>> 403 nodate' \
	    $'>> 403 date=3600\nAge: 10' \
	    $'>> 403\nDate: yesterday'; do
		printf '%s\n\n%s\n' "$head" \
		    '<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>' \
		    >"$BATS_TEST_TMPDIR/script"
		scripted_start "$BATS_TEST_TMPDIR/script"
		call sts GetCallerIdentity
		[[ "$output" = 'setup SignatureDoesNotMatch 403 attempts=1 '* ]]
	done
	scripted_start <<'END'
>> 400 date=3600
{"__type":"x#ValidationException"}
END
	call sqs ListQueues
	[[ "$output" = 'refused ValidationException 400 attempts=1 '* ]]
}

@test "an expired token is refreshed once and the same body sent again" {
	scripted_start <<'END'
>> 400
{"__type":"com.amazon.coral.service#ExpiredTokenException","message":"The security token included in the request is expired"}
>> 200
{}
END
	call -e 3600000 kinesis PutRecords '{"x":1}'
	[ "$output" = 'none - 200 attempts=2 sent {}
asks=2 refreshes=1' ]
	[ "$(scripted_log .body)" = $'{"x":1}\n{"x":1}' ]
	[[ "$(header 1 authorization)" = *AKIAEXAMPLE1/* ]]
	[[ "$(header 2 authorization)" = *AKIAEXAMPLE2/* ]]
}

@test "a token that stays expired is the set-up's fault" {
	scripted_start <<'END'
>> 403 repeat=inf
<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>
END
	call -e 3600000 sns Publish
	[[ "${lines[0]}" = 'setup ExpiredToken 403 attempts=2 '* ]]
	[ "${lines[1]}" = 'asks=2 refreshes=1' ]
}

@test "a refresh that is refused ends the call with its reason" {
	scripted_start <<'END'
>> 403 repeat=inf
<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>
END
	call -R -e 3600000 sns Publish
	[ "${lines[0]}" = 'later NoCredentials 403 attempts=1 (refresh refused)' ]
}

@test "calls that expire together refresh once" {
	scripted_start <<'END'
>> 400 repeat=4 hold=4
{"__type":"x#ExpiredTokenException"}
>> 200 repeat=inf
{}
END
	call -j 4 -c 4 -e 3600000 sqs ListQueues
	[ "$(grep -c '^none - 200 attempts=2 ' <<<"$output")" -eq 4 ]
	[ "${lines[4]}" = 'asks=2 refreshes=1' ]
}

@test "credentials are asked for once, and again before they expire" {
	scripted_start <<'END'
>> 200 repeat=inf
{}
END
	call -c 5 -e 3600000 sqs ListQueues
	[ "${#lines[@]}" -eq 5 ]
	call -c 5 -e 60000 sqs ListQueues
	[ "${lines[5]}" = 'asks=5 refreshes=0' ]
}

@test "connections are used again: one for one call at a time, four for four" {
	scripted_start <<'END'
>> 200 repeat=inf
{}
END
	call -c 100 sqs ListQueues
	[ "$(scripted_log .connection | sort -u)" = 1 ]
	[ "$(scripted_count)" -eq 100 ]
	call -j 4 -c 100 sqs ListQueues
	[ "$(scripted_log 'select(.n > 100) | .connection' | sort -u | wc -l)" -le 4 ]
}

@test "calls run side by side" {
	scripted_start <<'END'
>> 200 repeat=8 hold=8
{}
END
	call -j 8 -c 8 -x 25000 sqs ListQueues
	[ "$(grep -c '^none - 200 attempts=1 ' <<<"$output")" -eq 8 ]
}

@test "input, its end and a reader that leaves wake the loop at once" {
	scripted_start <<'END'
>> 200 delay=60 repeat=inf
END
	SECONDS=0
	run --separate-stderr timeout 30 "$CALL" -p -j 2 -c 2 sqs A < <(
		until [ "$(scripted_count)" -eq 2 ]; do :; done
		echo x
		exec sleep 20
	)
	echo "$stderr"
	[ "$stderr" = 'woken: input' ]
	[ "$SECONDS" -lt 19 ]
	run --separate-stderr timeout 30 "$CALL" -p sqs A < <(
		until [ "$(scripted_count)" -eq 3 ]; do :; done
	)
	echo "$stderr"
	[ "$stderr" = 'woken: end' ]
	SECONDS=0
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	timeout 30 "$CALL" -p sqs A 2>"$BATS_TEST_TMPDIR/err" \
	    >"$BATS_TEST_TMPDIR/fifo" 3>&- < <(exec sleep 20) &
	pid=$!
	exec 5<"$BATS_TEST_TMPDIR/fifo"
	until [ "$(scripted_count)" -eq 4 ]; do :; done
	exec 5<&-
	wait "$pid"
	[ "$(cat "$BATS_TEST_TMPDIR/err")" = 'woken: no reader' ]
	[ "$SECONDS" -lt 19 ]
}

@test "call_run waits for its own call" {
	scripted_start <<'END'
>> 500
>> 200 repeat=inf
{}
END
	call -w -c 2 sqs ListQueues
	[ "$output" = 'none - 200 attempts=2 sent {}
none - 200 attempts=1 sent {}' ]
}

@test "against a dead service the quota ends the repeats" {
	scripted_start <<'END'
>> 503 repeat=inf
END
	call -j 8 -c 200 sqs SendMessage
	[ "$(grep -c '^later HTTP503 503 ' <<<"$output")" -eq 200 ]
	# 500 tokens, 14 a repeat
	[ "$(scripted_count)" -eq 235 ]
}

@test "the service's own delay is waited for" {
	scripted_start <<'END'
>> 503
x-amz-retry-after: 1200

>> 200
{}
END
	start=${EPOCHREALTIME/./}
	call sqs SendMessage
	[ $((${EPOCHREALTIME/./} - start)) -ge 1200000 ]
	[ "$output" = 'none - 200 attempts=2 sent {}' ]
}

@test "Retry-After is told to the caller" {
	scripted_start <<'END'
>> 429
Retry-After: 7

slow down
>> 429
Retry-After: 9223372036854775807

slow down
END
	call -1 -u "$SCRIPTED_URL/hook" '{"text":"x"}'
	[ "$output" = 'later HTTP429 429 attempts=1 throttled after=7000 (the answer begins with: slow down)' ]
	call -1 -u "$SCRIPTED_URL/hook" '{"text":"x"}'
	[[ "$output" = *' after=86400000 '* ]]
}

@test "after a signal no attempt is repeated and no back-off waited for" {
	scripted_start <<'END'
>> 503
x-amz-retry-after: 20000

>> 200 repeat=inf
{}
END
	SECONDS=0
	call -h sqs SendMessage
	[[ "$output" = 'later HTTP503 503 attempts=1 '* ]]
	[ "$SECONDS" -lt 19 ]
	[ "$(scripted_count)" -eq 1 ]
}

@test "an unsigned request carries no key and keeps its address to itself" {
	scripted_start <<'END'
>> 404
no_team
END
	call -vv -u "$SCRIPTED_URL/services/T0SECRET" '{"text":"x"}'
	[ "$output" = 'setup HTTP404 404 attempts=1 (the answer begins with: no_team)' ]
	[ "$(scripted_log .path)" = /services/T0SECRET ]
	[ "$(scripted_log .body)" = '{"text":"x"}' ]
	[ "$(header 1 content-type)" = application/json ]
	[ "$(header 1 authorization)" = null ]
	[ "$(header 1 amz-sdk-request)" = null ]
	[[ "$stderr" != *SECRET* ]]
	call -vv -u "ftp://127.0.0.1/services/T0SECRET"
	[ "$output" = 'setup BadUrl 0 attempts=0 (not an http(s) URL)' ]
	call -vv -u "https://127.0.0.1:bad/services/T0SECRET"
	[[ "$output" = 'setup BadUrl 0 attempts=1 '* ]]
	[[ "$output$stderr" != *SECRET* ]]
}

@test "-v is a line an attempt; neither it nor -vv tells a secret" {
	scripted_start <<'END'
>> 503
>> 200
x-amzn-requestid: r-9

{"SecretString":"hidden"}
END
	call -vv -e 3600000 sqs SendMessage '{"MessageBody":"hidden"}'
	[[ "${stderr_lines[0]}" =~ ^sqs\ SendMessage\ 503\ [0-9]+\ ms,\ attempt\ 1\ of\ 3:\ HTTP503$ ]]
	[[ "${stderr_lines[3]}" =~ ^sqs\ SendMessage\ 200\ [0-9]+\ ms,\ attempt\ 2\ of\ 3$ ]]
	signature=$(header 2 authorization)
	signature=${signature##*Signature=}
	[[ "$stderr" = *"signature ${signature:0:8}..."* ]]
	[[ "$stderr" != *"${signature:0:9}"* ]]
	[[ "$stderr" != *wJalr* && "$stderr" != *TOKEN* && "$stderr" != *hidden* ]]
}

@test "a token that an answer quotes is not told" {
	scripted_start <<'END'
>> 403 eval
"<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Check your key.\n\nThe Canonical String for this request should have been 'x-amz-date:" + headers["x-amz-date"] + "'</Message></Error></ErrorResponse>"
>> 400 eval
"<ErrorResponse><Error><Code>X</Code><Message>you sent " + headers["x-amz-security-token"] + "</Message></Error></ErrorResponse>"
>> 400 eval
"x-amz-security-token: " + headers["x-amz-security-token"]
END
	call -e 3600000 sts A
	[ "$output" = 'setup SignatureDoesNotMatch 403 attempts=1 (Check your key)' ]
	call -e 3600000 sts A
	[ "$output" = 'refused X 400 attempts=1 (you sent )' ]
	call -e 3600000 sts A
	[ "$output" = 'refused HTTP400 400 attempts=1 (the answer begins with: x-amz-security-token: )' ]
}

@test "a line break never becomes a header" {
	scripted_start <<'END'
END
	call sqs $'SendMessage\r\nX-Evil: 1'
	[ "$output" = 'setup BadHeader 0 attempts=1 (the header X-Amz-Target has a line break in its value)' ]
	[ "$(scripted_count)" -eq 0 ]
}

@test "a body of eight megabytes arrives whole, attempt after attempt" {
	scripted_start <<'END'
>> 500
>> 200 eval
sha256(body)
END
	call -b 8388608 sqs SendMessage
	want=$(head -c 8388608 /dev/zero | tr '\0' x | sha256sum)
	[ "$output" = "none - 200 attempts=2 sent ${want%% *}" ]
}

@test "a proxy is taken from the environment, as curl does" {
	scripted_start <<'END'
>> 200
{}
END
	export http_proxy=$SCRIPTED_URL
	unset NO_PROXY no_proxy
	call -u http://luna.invalid/x
	[ "$(scripted_log .path)" = http://luna.invalid/x ]
}

# A certificate for 127.0.0.1, or for $2.
certificate() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" \
	    -addext "subjectAltName=$2" \
	    -keyout "$BATS_TEST_TMPDIR/key" -out "$BATS_TEST_TMPDIR/cert" \
	    2>/dev/null
}

@test "a certificate that nobody vouches for is refused, before a byte is sent" {
	certificate luna IP:127.0.0.1
	scripted_start -t "$BATS_TEST_TMPDIR/cert" "$BATS_TEST_TMPDIR/key" <<'END'
>> 200 repeat=inf
{}
END
	call sqs ListQueues
	[[ "$output" = 'setup CertificateRefused 0 attempts=1 ('* ]]
	[ "$(scripted_count)" -eq 0 ]
}

@test "AWS_CA_BUNDLE names a file, or a hashed directory" {
	certificate luna IP:127.0.0.1
	scripted_start -t "$BATS_TEST_TMPDIR/cert" "$BATS_TEST_TMPDIR/key" <<'END'
>> 200 repeat=inf
{}
END
	AWS_CA_BUNDLE=$BATS_TEST_TMPDIR/cert call -c 10 sqs ListQueues
	[ "$(grep -c '^none - 200 ' <<<"$output")" -eq 10 ]
	[ "$(scripted_log .connection | sort -u | wc -l)" -eq 1 ]
	mkdir "$BATS_TEST_TMPDIR/certs"
	cp "$BATS_TEST_TMPDIR/cert" "$BATS_TEST_TMPDIR/certs/luna.pem"
	AWS_CA_BUNDLE=$BATS_TEST_TMPDIR/certs call sqs ListQueues
	[[ "$output" = 'setup CertificateRefused '* ]]
	openssl rehash "$BATS_TEST_TMPDIR/certs"
	AWS_CA_BUNDLE=$BATS_TEST_TMPDIR/certs call sqs ListQueues
	[[ "$output" = 'none - 200 '* ]]
	AWS_CA_BUNDLE=$BATS_TEST_TMPDIR/absent call sqs ListQueues
	[[ "$output" = 'setup CertificateRefused 0 attempts=1 ('*absent* ]]
}

# A certificate of a test authority: issue NAME DAYS DIGEST USAGE.
issue() {
	cd "$BATS_TEST_TMPDIR" || return 1
	[ -e ca ] || openssl req -x509 -newkey rsa:2048 -nodes -days 2 \
	    -subj /CN=authority -keyout ca.key -out ca 2>/dev/null
	openssl req -newkey rsa:2048 -nodes -subj /CN=luna -keyout key \
	    -out request 2>/dev/null
	openssl x509 -req -in request -CA ca -CAkey ca.key -CAcreateserial \
	    -days "$2" "-$3" -out cert -extfile <(
		echo "subjectAltName=$1"
		echo "extendedKeyUsage=$4"
	) 2>/dev/null
	cd - >/dev/null || return 1
}

@test "of an authority's certificates only a sound one is taken" {
	local want name days digest usage
	while read -r want name days digest usage; do
		issue "$name" "$days" "$digest" "$usage"
		if [ "$days" = 0 ]; then
			until ! openssl x509 -checkend 0 -noout \
			    -in "$BATS_TEST_TMPDIR/cert" >/dev/null; do :; done
		fi
		scripted_start -t "$BATS_TEST_TMPDIR/cert" \
		    "$BATS_TEST_TMPDIR/key" <<'END'
>> 200 repeat=inf
{}
END
		AWS_CA_BUNDLE=$BATS_TEST_TMPDIR/ca call sqs ListQueues
		[[ "$output" = "$want "* ]]
		[ "$want" = none ] || [ "$(scripted_count)" -eq 0 ]
	done <<'END'
none IP:127.0.0.1 2 sha256 serverAuth
setup IP:127.0.0.2 2 sha256 serverAuth
setup IP:127.0.0.1 0 sha256 serverAuth
setup IP:127.0.0.1 2 sha1 serverAuth
setup IP:127.0.0.1 2 sha256 clientAuth
END
}
