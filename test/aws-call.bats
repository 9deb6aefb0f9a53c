#!/usr/bin/env bats

load helpers
load servers

teardown() {
	scripted_stop
}

@test "a JSON service: text and JSON parameters in, one line of JSON out" {
	scripted_start <<'END'
>> 200
{
  "Item" : { "id": {"N": "2103807459595387724"}, "n": 1.10e5 }
}
END
	try aws-call dynamodb GetItem TableName=t 'Key:={"id": {"N":"1"}}' \
	    ConsistentRead:=true
	[ "$status" -eq 0 ]
	[ "$output" = '{"Item":{"id":{"N":"2103807459595387724"},"n":1.10e5}}' ]
	[ "$(scripted_log .body)" = \
	    '{"TableName":"t","Key":{"id":{"N":"1"}},"ConsistentRead":true}' ]
	[ "$(scripted_log '.headers["x-amz-target"]')" = \
	    DynamoDB_20120810.GetItem ]
	[ -z "$stderr" ]
}

@test "'-' reads one object, arguments go before it, metadata stays here" {
	scripted_start <<'END'
>> 200
END
	try aws-call sqs SendMessage - MessageBody='a=b "c"' <<'END'
{ "QueueUrl": "u", "MessageBody": "x",
  "DelaySeconds": 5, "@metadata": {"from": {}} }
END
	[ "$status" -eq 0 ]
	[ "$output" = '{}' ]
	[ "$(scripted_log .body)" = \
	    '{"QueueUrl":"u","DelaySeconds":5,"MessageBody":"a=b \"c\""}' ]
}

@test "a call without parameters sends an empty object" {
	scripted_start <<'END'
>> 200
{}
END
	try aws-call sqs ListQueues
	[ "$(scripted_log .body)" = '{}' ]
}

@test "a query service: objects, lists and maps become its form" {
	scripted_start <<'END'
>> 200
<CreateTopicResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
  <CreateTopicResult><TopicArn>arn:aws:sns:eu-west-1:1:t</TopicArn></CreateTopicResult>
  <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
</CreateTopicResponse>
END
	try aws-call sns CreateTopic Name=t 'Attributes:={"FifoTopic":true}' \
	    'Tags:=[{"Key":"a","Value":"b&c"},{"Key":"d","Value":null}]' \
	    'X.member.1.Y=z'
	[ "$status" -eq 0 ]
	[ "$output" = '{"TopicArn":"arn:aws:sns:eu-west-1:1:t"}' ]
	[ "$(scripted_log .body)" = 'Action=CreateTopic&Version=2010-03-31&Name=t&Attributes.entry.1.key=FifoTopic&Attributes.entry.1.value=true&Tags.member.1.Key=a&Tags.member.1.Value=b%26c&Tags.member.2.Key=d&X.member.1.Y=z' ]
}

@test "XML becomes JSON: members are lists, entries objects, the rest text" {
	scripted_start <<'END'
>> 200
<XResponse><XResult>
  <One><member><A>1</A></member></One>
  <None/>
  <Map><entry><key>a &amp; b</key><value>1</value></entry><entry><key>c</key><value/></entry></Map>
  <Twice>x</Twice><Other>true</Other><Twice>y</Twice>
</XResult><ResponseMetadata/></XResponse>
>> 200
<DeleteTopicResponse><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DeleteTopicResponse>
>> 200
<DescribeInstancesResponse><requestId>r</requestId><reservationSet><item><a>1</a></item></reservationSet></DescribeInstancesResponse>
END
	try aws-call sns X
	[ "$output" = '{"One":[{"A":"1"}],"None":null,"Map":{"a & b":"1","c":null},"Twice":["x","y"],"Other":"true"}' ]
	try aws-call sns DeleteTopic TopicArn=t
	[ "$output" = '{}' ]
	try aws-call ec2 DescribeInstances 'InstanceId:=["i-1"]' \
	    'Filter:=[{"Name":"n","Value":["a","b"]}]'
	[ "$output" = '{"requestId":"r","reservationSet":[{"a":"1"}]}' ]
	[ "$(scripted_log 'select(.n == 3) | .body')" = 'Action=DescribeInstances&Version=2016-11-15&InstanceId.1=i-1&Filter.1.Name=n&Filter.1.Value.1=a&Filter.1.Value.2=b' ]
}

@test "REST: a method, a path, and parameters in the query or the body" {
	scripted_start <<'END'
>> 200
{"Functions":[]}
>> 202
{"MessageId":"m"}
>> 204
END
	try aws-call --rest lambda GET /2015-03-31/functions MaxItems:=5 \
	    'Marker=a/b c'
	[ "$status" -eq 0 ]
	[ "$output" = '{"Functions":[]}' ]
	try aws-call --rest sesv2 POST /v2/email/outbound-emails \
	    FromEmailAddress=a@example.org
	[ "$output" = '{"MessageId":"m"}' ]
	try aws-call --rest sesv2 DELETE '/v2/email/identities/a%40example.org'
	[ "$output" = '{}' ]
	[ "$(scripted_log '[.method, .path, .body, .headers["content-type"], .headers["x-amz-target"]] | join("|")')" = \
'GET|/2015-03-31/functions?MaxItems=5&Marker=a%2Fb%20c|||
POST|/v2/email/outbound-emails|{"FromEmailAddress":"a@example.org"}|application/json|
DELETE|/v2/email/identities/a%40example.org|||' ]
}

@test "a service that is not in the table is described by options" {
	scripted_start <<'END'
>> 200 repeat=inf
{}
END
	try aws-call --target AmazonMQ --json 1.0 --signing airflow mq Do A=b
	[ "$status" -eq 0 ]
	[ "$(scripted_log '[.headers["x-amz-target"], .headers["content-type"]] | join("|")')" = 'AmazonMQ.Do|application/x-amz-json-1.0' ]
	[[ "$(scripted_log .headers.authorization)" = */airflow/aws4_request,* ]]
	try aws-call --api 2012-11-05 sqs ReceiveMessage \
	    'AttributeName:=["All"]' --dry-run
	[ "$output" = '{"service":"sqs","operation":"ReceiveMessage","parameters":{"AttributeName.1":"All"}}' ]
	try aws-call appconfig ListApplications
	[ "$status" -eq 2 ]
	[ "$stderr" = "aws-call: appconfig is not in luna's table: say how it is spoken to with --target, --api or --rest" ]
	try aws-call lambda ListFunctions
	[ "$status" -eq 2 ]
	[ "$stderr" = 'aws-call: lambda speaks REST: give --rest, a method and a path' ]
}

@test "--pages prints a line an element and follows each kind of token" {
	scripted_start <<'END'
>> 200
{"Items":[{"a":1},{"a":2.50}],"LastEvaluatedKey":{"a":{"N":"2"}}}
>> 200
{"Items":[],"LastEvaluatedKey":{"a":{"N":"3"}}}
>> 200
{"Items":[{"a":3}]}
END
	try aws-call --pages Items dynamodb Scan TableName=t
	[ "$status" -eq 0 ]
	[ "$output" = '{"a":1}
{"a":2.50}
{"a":3}' ]
	[ "$(scripted_log .body)" = '{"TableName":"t"}
{"TableName":"t","ExclusiveStartKey":{"a":{"N":"2"}}}
{"TableName":"t","ExclusiveStartKey":{"a":{"N":"3"}}}' ]
	scripted_start <<'END'
>> 200
<ListTopicsResponse><ListTopicsResult><Topics><member><TopicArn>1</TopicArn></member></Topics><NextToken>t=1</NextToken></ListTopicsResult><ResponseMetadata/></ListTopicsResponse>
>> 200
<ListTopicsResponse><ListTopicsResult><Topics><member><TopicArn>2</TopicArn></member></Topics></ListTopicsResult><ResponseMetadata/></ListTopicsResponse>
END
	try aws-call --pages Topics sns ListTopics
	[ "$output" = '{"TopicArn":"1"}
{"TopicArn":"2"}' ]
	[ "$(scripted_log 'select(.n == 2) | .body')" = \
	    'Action=ListTopics&Version=2010-03-31&NextToken=t%3D1' ]
	scripted_start <<'END'
>> 200
{"Functions":["f"],"NextMarker":"m"}
>> 200
{"Functions":["g"],"NextMarker":null}
END
	try aws-call --rest --pages Functions lambda GET /2015-03-31/functions
	[ "$output" = '"f"
"g"' ]
	[ "$(scripted_log .path)" = '/2015-03-31/functions
/2015-03-31/functions?Marker=m' ]
	scripted_start <<'END'
>> 200
{"items":[1],"nextPageToken":"p"}
>> 200
{"items":[2],"nextPageToken":""}
END
	try aws-call --pages items --token nextPageToken=start --target T x Y
	[ "$output" = '1
2' ]
	[ "$(scripted_log 'select(.n == 2) | .body')" = '{"start":"p"}' ]
}

@test "--pages ends when a token comes twice" {
	scripted_start <<'END'
>> 200 repeat=inf
{"events":["e"],"nextToken":"f/1"}
END
	try aws-call --pages events logs GetLogEvents
	[ "$status" -eq 0 ]
	[ "$output" = '"e"
"e"' ]
	[ "$(scripted_count)" -eq 2 ]
}

@test "--pages names the members when none is the one asked for" {
	scripted_start <<'END'
>> 200
{"QueueUrls":["secret"],"Other":1}
END
	try aws-call --pages Queues sqs ListQueues
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$stderr" = 'aws-call: no reply has Queues, but "QueueUrls", "Other"' ]
}

@test "a failure on a later page is no success, and keeps what was printed" {
	scripted_start <<'END'
>> 200
{"TableNames":["a"],"LastEvaluatedTableName":"a"}
>> 400
{"__type":"x#AccessDeniedException","message":"no"}
>> 200
{"TableNames":["a"],"LastEvaluatedTableName":"a"}
>> 400
{"__type":"x#ValidationException","message":"bad"}
>> 200
{"TableNames":["a"],"LastEvaluatedTableName":"a"}
>> 503 repeat=inf
END
	local want
	for want in 1 1 75; do
		try aws-call --pages TableNames dynamodb ListTables
		[ "$status" -eq "$want" ]
		[ "$output" = '"a"' ]
	done
}

@test "refused is 1, denied is 2, away is 75, each with one line" {
	scripted_start <<'END'
>> 400
x-amzn-requestid: r-1

{"__type":"x#ValidationException","message":"bad key"}
>> 400
{"__type":"x#AccessDeniedException","message":"not allowed"}
>> 503 repeat=inf
END
	try aws-call dynamodb GetItem
	[ "$status" -eq 1 ]
	[ "$stderr" = 'aws-call: ValidationException: bad key (request r-1)' ]
	try aws-call dynamodb GetItem
	[ "$status" -eq 2 ]
	[ "$stderr" = 'aws-call: AccessDeniedException: not allowed' ]
	try aws-call dynamodb GetItem
	[ "$status" -eq 75 ]
	[ "$stderr" = 'aws-call: HTTP503: the answer is empty' ]
	[ -z "$output" ]
	scripted_stop
	try aws-call dynamodb GetItem
	[ "$status" -eq 75 ]
}

@test "a throttled call is made again" {
	scripted_start <<'END'
>> 400
{"__type":"x#ThrottlingException"}
>> 200
{"a":1}
END
	try aws-call kinesis ListStreams
	[ "$status" -eq 0 ]
	[ "$output" = '{"a":1}' ]
}

@test "a reply that is no JSON, or no XML, is no success" {
	scripted_start <<'END'
>> 200
<html>hello</html>
>> 200
{"a":
>> 200
hello
END
	try aws-call sqs ListQueues
	[ "$status" -eq 75 ]
	[[ "$stderr" = 'aws-call: InvalidReply: the reply is no JSON: '* ]]
	try aws-call sqs ListQueues
	[ "$status" -eq 75 ]
	try aws-call sns ListTopics
	[ "$status" -eq 75 ]
	[ -z "$output" ]
}

@test "what REST answers that is neither comes as a body" {
	scripted_start <<'END'
>> 200
hello "you"
>> 200 eval
chr(255)
>> 200
<LocationConstraint xmlns="x">eu-west-1</LocationConstraint>
END
	try aws-call --rest lambda POST /x
	[ "$output" = '{"body":"hello \"you\""}' ]
	try aws-call --rest lambda POST /x
	[ "$output" = '{"body":"ÿ"}' ]
	try aws-call --rest s3 GET '/bucket?location'
	[ "$output" = '"eu-west-1"' ]
	[ "$(scripted_log 'select(.n == 3) | .headers["x-amz-content-sha256"]')" = \
	    e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 ]
}

@test "a path goes out as it was written, and only percent-encoded" {
	scripted_start <<'END'
>> 200
{}
END
	path="/a%2Fb/../c/./d//e%2fx~!\$'()*,;:@%C3%a9?x=%2f%2F&y=+z&e"
	try aws-call --rest lambda GET "$path"
	[ "$status" -eq 0 ]
	[ "$(scripted_log .path)" = "$path" ]
	for path in /é '/a b' $'/a\nb' '/?ü'; do
		try aws-call --rest lambda GET "$path"
		[ "$status" -eq 2 ]
		[[ "$stderr" = 'aws-call: BadUrl: the path is not percent-encoded: '* ]]
	done
	[ "$(scripted_count)" -eq 1 ]
}

@test "a body that is not UTF-8 comes in base64" {
	printf '>> 200 raw\nHTTP/1.1 200 OK\nContent-Length: 2\n\n\xff\n' \
	    >"$BATS_TEST_TMPDIR/script"
	scripted_start "$BATS_TEST_TMPDIR/script"
	try aws-call --rest lambda POST /x
	[ "$output" = '{"body_base64":"/w0="}' ]
}

@test "bad parameters are named, with the remedy, and nothing is sent" {
	scripted_start <<'END'
END
	try aws-call sqs X foo
	[ "$stderr" = "aws-call: 'foo' is no parameter: write name=text or name:=JSON" ]
	[ "$status" -eq 2 ]
	try aws-call sqs X 'a:={'
	[[ "$stderr" = "aws-call: no JSON after 'a:=': "* ]]
	[ "$status" -eq 2 ]
	try aws-call sqs X a=1 a:=2
	[ "$stderr" = "aws-call: a name given twice in 'a'" ]
	[ "$status" -eq 2 ]
	try aws-call sqs X $'a=\xff'
	[ "$stderr" = "aws-call: text that is not UTF-8 in 'a'" ]
	[ "$status" -eq 2 ]
	try aws-call sqs X - <<<'[1]'
	[ "$stderr" = 'aws-call: the parameters on stdin are no JSON object' ]
	[ "$status" -eq 2 ]
	try aws-call sqs X - </dev/null
	[[ "$stderr" = 'aws-call: the parameters on stdin are no JSON: '* ]]
	[ "$status" -eq 2 ]
	try aws-call --rest sqs GET
	[ "$stderr" = 'aws-call: --rest wants SERVICE METHOD PATH' ]
	[ "$status" -eq 2 ]
	try aws-call sqs
	[ "$status" -eq 2 ]
	try aws-call --rest s3 PUT /b/k a=b
	[ "$status" -eq 2 ]
	[ "$(scripted_count)" -eq 0 ]
}

@test "--dry-run prints the call and makes none" {
	scripted_start <<'END'
END
	try aws-call --dry-run dynamodb PutItem TableName=t 'Item:={"n": {"N":"1.0"}}'
	[ "$status" -eq 0 ]
	[ "$output" = '{"service":"dynamodb","operation":"PutItem","parameters":{"TableName":"t","Item":{"n":{"N":"1.0"}}}}' ]
	try aws-call --dry-run --rest lambda GET /f a=b
	[ "$output" = '{"service":"lambda","method":"GET","path":"/f?a=b","parameters":{}}' ]
	[ "$(scripted_count)" -eq 0 ]
}

@test "without credentials or a region nothing is tried" {
	scripted_start <<'END'
END
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	try aws-call sqs ListQueues
	[ "$status" -eq 2 ]
	[[ "$stderr" = 'aws-call: NoCredentials: '* ]]
	scripted_start <<'END'
END
	unset AWS_REGION AWS_DEFAULT_REGION
	try aws-call sqs ListQueues
	[ "$status" -eq 2 ]
	[[ "$stderr" = 'aws-call: NoRegion: '* ]]
	[ "$(scripted_count)" -eq 0 ]
}

@test "output that cannot be written is a failure" {
	scripted_start <<'END'
>> 200
{"a":1}
END
	run sh -c 'aws-call sqs ListQueues >/dev/full'
	[ "$status" -eq 1 ]
}

@test "a reader that has seen enough ends it quietly" {
	scripted_start <<'END'
>> 200 repeat=inf eval
{"Items": ["x" * 1000] * 1000, "NextToken": str(n)}
END
	run bash -c 'aws-call --pages Items dynamodb Scan | head -n 1 | wc -c
		echo "${PIPESTATUS[0]}"'
	[ "${lines[0]}" = 1003 ]
	[ "${lines[1]}" = 0 ]
	[ "$(scripted_count)" -le 2 ]
}

@test "a signal ends a call that hangs within 5 s, for another time" {
	scripted_start <<'END'
>> 200 delay=60
END
	aws-call --timeout 60 sqs ListQueues >"$BATS_TEST_TMPDIR/out" \
	    2>"$BATS_TEST_TMPDIR/err" 3>&- &
	pid=$!
	until [ "$(scripted_count)" -eq 1 ]; do :; done
	SECONDS=0
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 75 ]
	[ "$SECONDS" -lt 30 ]
	[ "$(cat "$BATS_TEST_TMPDIR/err")" = \
	    'aws-call: Interrupted: a signal came before the answer' ]
}

@test "no secret on stderr, however much is asked for" {
	scripted_start <<'END'
>> 503
>> 200
{"SecretString":"canary-3"}
END
	AWS_SESSION_TOKEN=canary-1 AWS_SECRET_ACCESS_KEY=canary-2 \
	    try aws-call -vv secretsmanager GetSecretValue SecretId=canary-4
	[ "$status" -eq 0 ]
	[ "${#stderr_lines[@]}" -ge 4 ]
	[[ "$stderr" != *canary* ]]
}

@test "--help and --version end well" {
	try aws-call --help
	[ "$status" -eq 0 ]
	[[ "$output" = 'usage: aws-call '* ]]
	try aws-call --version
	[ "$status" -eq 0 ]
}

@test "--presign prints a URL that makes the call, and no other" {
	local url
	lunad_start
	try aws-call --presign sts GetCallerIdentity
	[ "$status" -eq 0 ]
	url=$output
	run -0 curl -sS "$url"
	[[ $output == *'<Account>000000000000</Account>'* ]]
	run -0 curl -sS "${url/Expires=3600/Expires=7200}"
	[[ $output == *SignatureDoesNotMatch* ]]
	try env AWS_SESSION_TOKEN=wrong aws-call --presign sts GetCallerIdentity
	[[ $output == *X-Amz-Security-Token=wrong* ]]
	run -0 curl -sS "$output"
	[[ $output == *InvalidClientTokenId* ]]
	lunad_stop
}

@test "--presign of what no URL can be is refused" {
	scripted_start </dev/null
	try aws-call --presign sqs ListQueues
	[ "$status" -eq 2 ]
	[[ $stderr == *URL* ]]
	try aws-call --rest --presign lambda POST /x a=b
	[ "$status" -eq 2 ]
	[[ $stderr == *body* ]]
	try aws-call --presign --pages Users iam ListUsers
	[ "$status" -eq 2 ]
	[[ $stderr == *--pages* ]]
	try aws-call --presign --expires 8d iam ListUsers
	[ "$status" -eq 2 ]
	[[ $stderr == *--expires* ]]
	[ "$(scripted_log .body)" = '' ]
}
