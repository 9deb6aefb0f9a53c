#!/usr/bin/env bats
# An operator's session at lunad, by aws-cli, the endpoint given explicitly.
# shellcheck disable=SC2154  # status, output and top are set by bats, helpers

load ../helpers

setup_file() {
	lunad_start
	URL=$AWS_ENDPOINT_URL
	unset AWS_ENDPOINT_URL
	export URL
}

teardown_file() {
	lunad_stop
}

cli() {
	aws --endpoint-url "$URL" --output json "$@"
}

# is EXPRESSION VALUE: what jq finds in the last answer.
is() {
	local got
	got=$(jq -c "$1" <<<"$output")
	[ "$got" = "$2" ] || {
		echo "$1 is $got, not $2"
		return 1
	}
}

# ok ARG…: a call that succeeds; its answer is in $output.
ok() {
	run --separate-stderr cli "$@"
	echo "\$ aws $*"
	echo "$output"
	echo "${stderr-}"
	[ "$status" -eq 0 ]
}

# refused CODE ARG…: a call that is refused with CODE.
refused() {
	local code=$1
	shift
	run --separate-stderr cli "$@"
	echo "$stderr"
	[ "$status" -ne 0 ]
	[[ $stderr == *"($code)"* ]]
}

@test "sts: who am I, and another role's keys" {
	ok sts get-caller-identity
	is .Account '"000000000000"'
	ok iam create-role --role-name watcher --assume-role-policy-document \
	    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"000000000000"},"Action":"sts:AssumeRole"}]}'
	ok sts assume-role --role-arn arn:aws:iam::000000000000:role/watcher \
	    --role-session-name night
	local id secret token
	id=$(jq -r .Credentials.AccessKeyId <<<"$output")
	secret=$(jq -r .Credentials.SecretAccessKey <<<"$output")
	token=$(jq -r .Credentials.SessionToken <<<"$output")
	AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret \
	    AWS_SESSION_TOKEN=$token ok sts get-caller-identity
	is .Arn '"arn:aws:sts::000000000000:assumed-role/watcher/night"'
	AWS_SECRET_ACCESS_KEY=wrong refused SignatureDoesNotMatch \
	    sts get-caller-identity
}

@test "sqs: queues, messages one by one and in batches, redrive, purge" {
	local q dead got
	ok sqs create-queue --queue-name dead
	dead=$(jq -r .QueueUrl <<<"$output")
	ok sqs create-queue --queue-name jobs --attributes \
	    '{"VisibilityTimeout":"1","RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":\"1\"}"}'
	q=$(jq -r .QueueUrl <<<"$output")
	ok sqs get-queue-url --queue-name jobs
	is .QueueUrl "\"$q\""
	ok sqs list-queues --queue-name-prefix j
	is .QueueUrls "[\"$q\"]"
	ok sqs get-queue-attributes --queue-url "$q" --attribute-names All
	is .Attributes.VisibilityTimeout '"1"'
	ok sqs set-queue-attributes --queue-url "$q" \
	    --attributes VisibilityTimeout=30
	ok sqs send-message --queue-url "$q" --message-body 'ä & b' \
	    --message-attributes '{"n":{"DataType":"Number","StringValue":"7"}}'
	ok sqs receive-message --queue-url "$q" --message-attribute-names All
	is '.Messages[0].Body' '"ä & b"'
	is '.Messages[0].MessageAttributes.n.StringValue' '"7"'
	got=$(jq -r '.Messages[0].ReceiptHandle' <<<"$output")
	ok sqs change-message-visibility --queue-url "$q" \
	    --receipt-handle "$got" --visibility-timeout 60
	ok sqs delete-message --queue-url "$q" --receipt-handle "$got"
	ok sqs send-message-batch --queue-url "$q" --entries \
	    '[{"Id":"a","MessageBody":"1"},{"Id":"b","MessageBody":"2"}]'
	is '[.Successful[].Id] | sort' '["a","b"]'
	ok sqs receive-message --queue-url "$q" --max-number-of-messages 10 \
	    --visibility-timeout 0
	is '.Messages | length' 2
	# Received once, that is too often: they go to the dead-letter queue.
	ok sqs receive-message --queue-url "$q" --max-number-of-messages 10
	[ -z "$output" ] || is '.Messages | length' 0
	ok sqs get-queue-attributes --queue-url "$dead" \
	    --attribute-names ApproximateNumberOfMessages
	is .Attributes.ApproximateNumberOfMessages '"2"'
	ok sqs start-message-move-task \
	    --source-arn arn:aws:sqs:us-east-1:000000000000:dead
	ok sqs purge-queue --queue-url "$dead"
	ok sqs delete-queue --queue-url "$dead"
	refused AWS.SimpleQueueService.NonExistentQueue sqs get-queue-url \
	    --queue-name nowhere
}

@test "sns: a topic, a filtered subscription, publish to a queue" {
	local t q s
	ok sqs create-queue --queue-name news
	q=$(jq -r .QueueUrl <<<"$output")
	ok sns create-topic --name news
	t=$(jq -r .TopicArn <<<"$output")
	ok sns subscribe --topic-arn "$t" --protocol sqs --notification-endpoint \
	    arn:aws:sqs:us-east-1:000000000000:news --return-subscription-arn \
	    --attributes '{"FilterPolicy":"{\"kind\":[\"sport\"]}","RawMessageDelivery":"true"}'
	s=$(jq -r .SubscriptionArn <<<"$output")
	ok sns publish --topic-arn "$t" --message no
	ok sns publish --topic-arn "$t" --message yes --message-attributes \
	    '{"kind":{"DataType":"String","StringValue":"sport"}}'
	ok sns publish-batch --topic-arn "$t" --publish-batch-request-entries \
	    '[{"Id":"1","Message":"b c","MessageAttributes":{"kind":{"DataType":"String","StringValue":"sport"}}}]'
	is '.Failed' '[]'
	curl -sSf -d '{"advance":"1s"}' "$URL/_luna/clock"
	ok sqs receive-message --queue-url "$q" --max-number-of-messages 10
	is '[.Messages[].Body] | sort' '["b c","yes"]'
	ok sns list-subscriptions-by-topic --topic-arn "$t"
	is '.Subscriptions[0].Protocol' '"sqs"'
	ok sns unsubscribe --subscription-arn "$s"
	ok sns set-topic-attributes --topic-arn "$t" \
	    --attribute-name DisplayName --attribute-value News
	ok sns get-topic-attributes --topic-arn "$t"
	is '[.Attributes.DisplayName, .Attributes.SubscriptionsConfirmed]' \
	    '["News","0"]'
	ok sns delete-topic --topic-arn "$t"
	refused NotFound sns get-topic-attributes --topic-arn "$t"
}

@test "dynamodb: a table, items, conditions, updates, queries, transactions" {
	ok dynamodb create-table --table-name orders --billing-mode \
	    PAY_PER_REQUEST --attribute-definitions \
	    AttributeName=who,AttributeType=S AttributeName=n,AttributeType=N \
	    --key-schema AttributeName=who,KeyType=HASH \
	    AttributeName=n,KeyType=RANGE
	cli dynamodb wait table-exists --table-name orders
	ok dynamodb put-item --table-name orders --item \
	    '{"who":{"S":"a"},"n":{"N":"1"},"sum":{"N":"12345678901234567890123456789012345678"}}'
	refused ConditionalCheckFailedException dynamodb put-item \
	    --table-name orders --item '{"who":{"S":"a"},"n":{"N":"1"}}' \
	    --condition-expression 'attribute_not_exists(who)'
	ok dynamodb update-item --table-name orders --key \
	    '{"who":{"S":"a"},"n":{"N":"1"}}' --update-expression \
	    'SET #s = :s ADD seen :one' --expression-attribute-names \
	    '{"#s":"state"}' --expression-attribute-values \
	    '{":s":{"S":"paid"},":one":{"N":"1"}}' --return-values ALL_NEW
	is '[.Attributes.state.S, .Attributes.seen.N, .Attributes.sum.N]' \
	    '["paid","1","12345678901234567890123456789012345678"]'
	ok dynamodb batch-write-item --request-items \
	    '{"orders":[{"PutRequest":{"Item":{"who":{"S":"a"},"n":{"N":"2"}}}},{"PutRequest":{"Item":{"who":{"S":"b"},"n":{"N":"1"}}}}]}'
	is .UnprocessedItems '{}'
	ok dynamodb query --table-name orders --key-condition-expression \
	    'who = :w' --expression-attribute-values '{":w":{"S":"a"}}' \
	    --no-scan-index-forward --page-size 1
	is '[.Items[].n.N]' '["2","1"]'
	ok dynamodb scan --table-name orders --select COUNT
	is .Count 3
	ok dynamodb transact-write-items --transact-items \
	    '[{"Delete":{"TableName":"orders","Key":{"who":{"S":"b"},"n":{"N":"1"}}}},{"Put":{"TableName":"orders","Item":{"who":{"S":"c"},"n":{"N":"1"}}}}]'
	ok dynamodb batch-get-item --request-items \
	    '{"orders":{"Keys":[{"who":{"S":"b"},"n":{"N":"1"}},{"who":{"S":"c"},"n":{"N":"1"}}]}}'
	is '[.Responses.orders[].who.S]' '["c"]'
	ok dynamodb update-time-to-live --table-name orders \
	    --time-to-live-specification Enabled=true,AttributeName=expires
	ok dynamodb delete-item --table-name orders --key \
	    '{"who":{"S":"c"},"n":{"N":"1"}}' --return-values ALL_OLD
	is .Attributes.who.S '"c"'
	ok dynamodb delete-table --table-name orders
	refused ResourceNotFoundException dynamodb describe-table \
	    --table-name orders
}

@test "cloudwatch: data in and out, an alarm that fires, its history" {
	ok cloudwatch put-metric-alarm --alarm-name hot --namespace Site \
	    --metric-name Errors --statistic Sum --period 60 \
	    --evaluation-periods 1 --threshold 5 --comparison-operator \
	    GreaterThanThreshold --treat-missing-data notBreaching
	curl -sSf -d '{"advance":"2m"}' "$URL/_luna/clock"
	ok cloudwatch put-metric-data --namespace Site --metric-data \
	    "[{\"MetricName\":\"Errors\",\"Values\":[4,1],\"Counts\":[2,1],\"Timestamp\":\"$(curl -sSf "$URL/_luna/clock" | jq -r .now)\"}]"
	curl -sSf -d '{"advance":"10m"}' "$URL/_luna/clock"
	ok cloudwatch describe-alarms --alarm-names hot
	is '.MetricAlarms[0].StateValue' '"OK"'
	ok cloudwatch describe-alarm-history --alarm-name hot \
	    --history-item-type StateUpdate
	[[ $output == *'from OK to ALARM'* ]]
	ok cloudwatch get-metric-data --start-time "$(date -u -d -1hour +%FT%TZ)" \
	    --end-time "$(date -u -d +1hour +%FT%TZ)" --metric-data-queries \
	    '[{"Id":"e","MetricStat":{"Metric":{"Namespace":"Site","MetricName":"Errors"},"Period":60,"Stat":"Sum"}}]'
	is '.MetricDataResults[0].Values' '[9]'
	ok cloudwatch get-metric-statistics --namespace Site --metric-name \
	    Errors --start-time "$(date -u -d -1hour +%FT%TZ)" --end-time \
	    "$(date -u -d +1hour +%FT%TZ)" --period 3600 --statistics Maximum
	is '[.Datapoints[].Maximum] | max' 4
	ok cloudwatch list-metrics --namespace Site
	is '[.Metrics[].MetricName]' '["Errors"]'
	ok cloudwatch put-dashboard --dashboard-name site --dashboard-body \
	    '{"widgets":[]}'
	ok cloudwatch get-dashboard --dashboard-name site
	is '.DashboardBody | fromjson' '{"widgets":[]}'
	ok cloudwatch delete-alarms --alarm-names hot
}

@test "events: a rule by pattern to a queue, another by schedule" {
	local q
	ok sqs create-queue --queue-name rules
	q=$(jq -r .QueueUrl <<<"$output")
	ok events put-rule --name orders --event-pattern '{"source":["shop"]}'
	ok events put-targets --rule orders --targets \
	    Id=q,Arn=arn:aws:sqs:us-east-1:000000000000:rules
	is .FailedEntryCount 0
	ok events put-events --entries \
	    '[{"Source":"shop","DetailType":"order","Detail":"{\"n\":1}"},{"Source":"other","DetailType":"x","Detail":"{}"}]'
	is .FailedEntryCount 0
	ok events put-rule --name hourly --schedule-expression 'rate(1 hour)'
	ok events put-targets --rule hourly --targets \
	    'Id=q,Arn=arn:aws:sqs:us-east-1:000000000000:rules,Input="{\"t\":1}"'
	curl -sSf -d '{"advance":"1h"}' "$URL/_luna/clock"
	ok sqs receive-message --queue-url "$q" --max-number-of-messages 10
	is '[.Messages[].Body | fromjson | .detail.n // .t] | length' 2
	ok events list-rules --name-prefix hour
	is '.Rules[0].ScheduleExpression' '"rate(1 hour)"'
	ok events remove-targets --rule hourly --ids q
	ok events delete-rule --name hourly
}

@test "sesv2: identities, templates, the sandbox, a mail" {
	ok sesv2 create-email-identity --email-identity a@example.org
	refused MessageRejected sesv2 send-email --from-email-address \
	    a@example.org --destination ToAddresses=a@example.org --content \
	    '{"Simple":{"Subject":{"Data":"s"},"Body":{"Text":{"Data":"b"}}}}'
	curl -sSf -d '{"advance":"1s"}' "$URL/_luna/clock"
	curl -sSf -o /dev/null "$(grep -h "^$URL/" \
	    "$LUNAD_DIR"/data/mail/a@example.org/new/* | tr -d '\r')"
	ok sesv2 get-email-identity --email-identity a@example.org
	is .VerifiedForSendingStatus true
	ok sesv2 create-email-template --template-name order --template-content \
	    '{"Subject":"Order {{id}}","Text":"Dear {{name}}"}'
	ok sesv2 send-email --from-email-address a@example.org --destination \
	    ToAddresses=a@example.org --content \
	    '{"Template":{"TemplateName":"order","TemplateData":"{\"id\":7,\"name\":\"Ann\"}"}}'
	curl -sSf -d '{"advance":"1s"}' "$URL/_luna/clock"
	grep -q 'Subject: Order 7' "$LUNAD_DIR"/data/mail/a@example.org/new/*
	ok sesv2 get-account
	is .ProductionAccessEnabled false
	ok sesv2 delete-email-identity --email-identity a@example.org
}

@test "kms: a key, an alias, encrypt and decrypt, a data key" {
	local key
	ok kms create-key --description mine
	key=$(jq -r .KeyMetadata.KeyId <<<"$output")
	ok kms create-alias --alias-name alias/mine --target-key-id "$key"
	printf 'attack at dawn' >"$BATS_TEST_TMPDIR/plain"
	ok kms encrypt --key-id alias/mine --plaintext \
	    "fileb://$BATS_TEST_TMPDIR/plain" --encryption-context who=a
	jq -r .CiphertextBlob <<<"$output" | base64 -d \
	    >"$BATS_TEST_TMPDIR/sealed"
	ok kms decrypt --ciphertext-blob "fileb://$BATS_TEST_TMPDIR/sealed" \
	    --encryption-context who=a
	[ "$(jq -r .Plaintext <<<"$output" | base64 -d)" = 'attack at dawn' ]
	refused InvalidCiphertextException kms decrypt --ciphertext-blob \
	    "fileb://$BATS_TEST_TMPDIR/sealed" --encryption-context who=b
	ok kms generate-data-key --key-id "$key" --key-spec AES_256
	[ "$(jq -r .Plaintext <<<"$output" | base64 -d | wc -c)" -eq 32 ]
	ok kms enable-key-rotation --key-id "$key"
	ok kms get-key-rotation-status --key-id "$key"
	is .KeyRotationEnabled true
}

@test "iam: a role with a policy, a user with a key" {
	ok iam create-role --role-name sender --assume-role-policy-document \
	    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
	ok iam put-role-policy --role-name sender --policy-name send \
	    --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}]}'
	ok iam get-role-policy --role-name sender --policy-name send
	is '.PolicyDocument.Statement[0].Action' '"sqs:SendMessage"'
	ok iam create-user --user-name ann
	ok iam create-access-key --user-name ann
	AWS_ACCESS_KEY_ID=$(jq -r .AccessKey.AccessKeyId <<<"$output") \
	    AWS_SECRET_ACCESS_KEY=$(jq -r .AccessKey.SecretAccessKey \
	    <<<"$output") ok sts get-caller-identity
	is .Arn '"arn:aws:iam::000000000000:user/ann"'
	ok iam list-roles
	is '[.Roles[].RoleName] | index("sender") != null' true
	refused NoSuchEntity iam get-role --role-name nowhere
}

@test "cloudformation: the lottery's stack is deployed, described, deleted" {
	run cli cloudformation deploy --stack-name lottery --template-file \
	    "$top/examples/lottery/stack.yaml" --capabilities \
	    CAPABILITY_NAMED_IAM --parameter-overrides \
	    AdminEmail=a@example.org VipEmail=v@example.org \
	    SenderEmail=s@example.org
	echo "$output"
	[ "$status" -eq 0 ]
	ok cloudformation describe-stacks --stack-name lottery
	is '.Stacks[0].StackStatus' '"CREATE_COMPLETE"'
	is '[.Stacks[0].Outputs[].OutputKey] | index("Topic") != null' true
	ok cloudformation describe-stack-resources --stack-name lottery
	is '[.StackResources[].ResourceStatus] | unique' '["CREATE_COMPLETE"]'
	ok cloudformation describe-stack-events --stack-name lottery
	is '.StackEvents[0].ResourceType' '"AWS::CloudFormation::Stack"'
	ok sqs list-queues --queue-name-prefix luna_
	is '.QueueUrls | length > 3' true
	ok cloudformation delete-stack --stack-name lottery
	cli cloudformation wait stack-delete-complete --stack-name lottery
	ok sqs list-queues --queue-name-prefix luna_
	[ -z "$output" ] || is '.QueueUrls // [] | length' 0
	refused ValidationError cloudformation describe-stacks \
	    --stack-name lottery
}

@test "kinesis: a stream, records in and out, a split, tags, deletion" {
	ok kinesis create-stream --stream-name clicks --shard-count 1
	cli kinesis wait stream-exists --stream-name clicks
	ok kinesis put-record --stream-name clicks --partition-key a \
	    --data '{"n":1}'
	is .ShardId '"shardId-000000000000"'
	ok kinesis put-records --stream-name clicks --records \
	    'Data=two,PartitionKey=b' 'Data=three,PartitionKey=c'
	is .FailedRecordCount 0
	ok kinesis get-shard-iterator --stream-name clicks \
	    --shard-id shardId-000000000000 --shard-iterator-type TRIM_HORIZON
	local it
	it=$(jq -r .ShardIterator <<<"$output")
	ok kinesis get-records --shard-iterator "$it" --limit 2
	is '[.Records[] | .Data | @base64d]' '["{\"n\":1}","two"]'
	it=$(jq -r .NextShardIterator <<<"$output")
	ok kinesis get-records --shard-iterator "$it"
	is '[.Records[] | .Data | @base64d]' '["three"]'
	ok kinesis split-shard --stream-name clicks \
	    --shard-to-split shardId-000000000000 --new-starting-hash-key 77
	ok kinesis list-shards --stream-name clicks
	is '.Shards | length' 3
	ok kinesis get-records --shard-iterator \
	    "$(jq -r .NextShardIterator <<<"$(cli kinesis get-records \
	        --shard-iterator "$it")")"
	is '[.ChildShards[].ShardId]' \
	    '["shardId-000000000001","shardId-000000000002"]'
	ok kinesis add-tags-to-stream --stream-name clicks --tags team=shop
	ok kinesis list-tags-for-stream --stream-name clicks
	is '.Tags' '[{"Key":"team","Value":"shop"}]'
	ok kinesis describe-stream-summary --stream-name clicks
	is .StreamDescriptionSummary.OpenShardCount 2
	ok kinesis delete-stream --stream-name clicks
	refused ResourceNotFoundException kinesis describe-stream \
	    --stream-name clicks
}

@test "s3: buckets, a synchronised folder, large files, a presigned URL" {
	local b=s3-cli-bucket
	cd "$BATS_TEST_TMPDIR"
	mkdir -p from/sub "from/with space"
	echo one >from/1
	echo two >"from/with space/2"
	head -c 20000000 /dev/urandom >from/sub/large
	ok s3 mb "s3://$b"
	ok s3 sync --no-progress from "s3://$b/to"
	ok s3api list-objects-v2 --bucket "$b" --prefix to/ --delimiter /
	is '[.CommonPrefixes[].Prefix]' '["to/sub/","to/with space/"]'
	is '[.Contents[].Key]' '["to/1"]'
	ok s3 sync --no-progress "s3://$b/to" back
	diff -r from back
	ok s3 sync --no-progress "s3://$b/to" back
	[ -z "$output" ]
	ok s3 mv --no-progress "s3://$b/to/sub/large" "s3://$b/moved"
	ok s3api head-object --bucket "$b" --key moved
	is .ContentLength 20000000
	ok s3api get-object --bucket "$b" --key moved --range bytes=5-9 part
	cmp part <(tail -c +6 from/sub/large | head -c 5)
	ok s3api put-object --bucket "$b" --key sum --body from/1 \
	    --checksum-algorithm SHA256 --metadata a=b
	is .ChecksumSHA256 "\"$(openssl dgst -sha256 -binary from/1 | base64)\""
	# Where there was no version 2 ever, aws-cli 1 signs by version 4.
	run cli --region eu-central-1 s3 presign "s3://$b/to/1"
	[ "$(curl -sS "$output")" = one ]
	refused BucketNotEmpty s3api delete-bucket --bucket "$b"
	ok s3 rb --force "s3://$b"
	refused NoSuchBucket s3api list-objects-v2 --bucket "$b"
}
