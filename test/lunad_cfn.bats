# CloudFormation of lunad. Every operation through another's client:
# test/interop/boto3_cfn.py.
load helpers
load cases

setup_file() { lunad_start; }
teardown_file() { lunad_stop; }

setup() {
	stack=stack$BATS_TEST_NUMBER
	cd "$BATS_TEST_TMPDIR" || return 1
}

cfn() {
	aws-call cloudformation "$@"
}

# create TEMPLATE [NAME=VALUE…]: make $stack of a file.
create() {
	local template=$1
	shift
	cfn CreateStack StackName="$stack" TemplateBody="$(cat "$template")" \
	    'Capabilities:=["CAPABILITY_NAMED_IAM"]' "$@"
}

# update TEMPLATE: change $stack to a file.
update() {
	cfn UpdateStack StackName="$stack" TemplateBody="$(cat "$1")" \
	    'Capabilities:=["CAPABILITY_NAMED_IAM"]'
}

# state: of $stack, with the reasons of what failed.
state() {
	cfn DescribeStackEvents StackName="$stack" |
		jq -r '.StackEvents[] | select(.ResourceStatus | endswith("_FAILED")) |
		    "\(.LogicalResourceId): \(.ResourceStatusReason)"' >&2
	cfn DescribeStacks StackName="$stack" | jq -r '.Stacks[0].StackStatus'
}

# output KEY: of $stack.
output() {
	cfn DescribeStacks StackName="$stack" |
		jq -r --arg k "$1" '.Stacks[0].Outputs[] |
		    select(.OutputKey == $k).OutputValue'
}

# physical LOGICAL: id.
physical() {
	cfn DescribeStackResource StackName="$stack" LogicalResourceId="$1" |
		jq -r .StackResourceDetail.PhysicalResourceId
}

@test "templates are read, checked and resolved as AWS does it" {
	run cases "$(program lunad_cfn)" "$top/test/cases/cfn"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "queues: attributes, policies, dead letters, fifo" {
	cat >t.yaml <<'END'
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      FifoQueue: true
      ContentBasedDeduplication: "true"
      VisibilityTimeout: "77"
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
      Tags: [{Key: a, Value: b}]
  Dead: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Jobs]
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          - {Effect: Allow, Principal: "*", Action: sqs:SendMessage,
             Resource: !GetAtt Jobs.Arn}
Outputs:
  Name: {Value: !GetAtt Jobs.QueueName}
  Url: {Value: !GetAtt Jobs.QueueUrl}
  Id: {Value: !GetAtt Policy.Id}
END
	create t.yaml
	[ "$(state)" = CREATE_COMPLETE ]
	[[ $(output Name) == "$stack"-Jobs-????????????.fifo ]]
	[[ $(output Id) == "$stack"-Policy-* ]]
	got=$(aws-call sqs GetQueueAttributes QueueUrl="$(output Url)" \
	    'AttributeNames:=["All"]')
	jq -e '.Attributes | .VisibilityTimeout == "77" and
	    .ContentBasedDeduplication == "true" and
	    (.RedrivePolicy | fromjson).maxReceiveCount == 3 and
	    (.Policy | fromjson).Statement[0].Action == "sqs:SendMessage"' \
	    <<<"$got"
	url=$(output Url)
	# Without the policy and the dead letters they are off.
	sed -i '/RedrivePolicy/d; /^  Policy/,/^Outputs/{/^Outputs/!d}; /Id:/d' t.yaml
	update t.yaml
	[ "$(state)" = UPDATE_COMPLETE ]
	aws-call sqs GetQueueAttributes QueueUrl="$url" \
	    'AttributeNames:=["All"]' |
		jq -e '.Attributes | (has("Policy") or has("RedrivePolicy")) | not'
	cfn DeleteStack StackName="$stack"
	run ! aws-call sqs GetQueueUrl QueueName="${url##*/}"
}

@test "topics: subscriptions inside and out, filters, policies" {
	cat >t.yaml <<'END'
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: d
      Subscription:
        - {Protocol: email, Endpoint: a@example.org}
        - {Protocol: sqs, Endpoint: !GetAtt Q.Arn}
  Q: {Type: AWS::SQS::Queue}
  R: {Type: AWS::SQS::Queue}
  Raw:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref Topic
      Protocol: sqs
      Endpoint: !GetAtt R.Arn
      RawMessageDelivery: true
      FilterPolicy: {kind: [x, {prefix: y}]}
  Mail:
    Type: AWS::SNS::Subscription
    Properties:
      {TopicArn: !Ref Topic, Protocol: email, Endpoint: b@example.org}
  Policy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Topic]
      PolicyDocument:
        Statement:
          - {Sid: Mine, Effect: Allow, Principal: "*", Action: sns:Publish,
             Resource: !Ref Topic}
Outputs:
  Arn: {Value: !GetAtt Topic.TopicArn}
  Name: {Value: !GetAtt Topic.TopicName}
END
	create t.yaml
	[ "$(state)" = CREATE_COMPLETE ]
	arn=$(output Arn)
	[ "${arn##*:}" = "$(output Name)" ]
	[ "$(physical Topic)" = "$arn" ]
	aws-call sns GetTopicAttributes TopicArn="$arn" | jq -e '.Attributes |
	    .DisplayName == "d" and (.Policy | fromjson).Statement[0].Sid == "Mine"'
	raw=$(physical Raw)
	aws-call sns GetSubscriptionAttributes SubscriptionArn="$raw" |
		jq -e '.Attributes | .RawMessageDelivery == "true" and
		    (.FilterPolicy | fromjson) == {kind: ["x", {prefix: "y"}]}'
	[ "$(aws-call sns ListSubscriptionsByTopic TopicArn="$arn" |
	    jq '.Subscriptions | length')" -eq 4 ]
	sed -i '/FilterPolicy/d; s/RawMessageDelivery: true/RawMessageDelivery: false/
	    /- {Protocol: sqs/d; s/DisplayName: d/DisplayName: e/
	    /^  Policy/,/^Outputs/{/^Outputs/!d}' t.yaml
	update t.yaml
	[ "$(state)" = UPDATE_COMPLETE ]
	[ "$(physical Raw)" = "$raw" ]
	aws-call sns GetSubscriptionAttributes SubscriptionArn="$raw" |
		jq -e '.Attributes.RawMessageDelivery == "false" and
		    (.Attributes.FilterPolicy // "{}") == "{}"'
	aws-call sns GetTopicAttributes TopicArn="$arn" | jq -e '.Attributes |
	    .DisplayName == "e" and
	    (.Policy | fromjson).Statement[0].Sid == "__default_statement_ID"'
	[ "$(aws-call sns ListSubscriptionsByTopic TopicArn="$arn" |
	    jq '.Subscriptions | length')" -eq 3 ]
	cfn DeleteStack StackName="$stack"
	run ! aws-call sns GetTopicAttributes TopicArn="$arn"
}

@test "tables: keys, indexes, streams, time to live; parameters as numbers" {
	cat >t.yaml <<'END'
Parameters: {Units: {Type: Number, Default: 5}}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions:
        - {AttributeName: id, AttributeType: S}
        - {AttributeName: at, AttributeType: N}
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      ProvisionedThroughput:
        {ReadCapacityUnits: !Ref Units, WriteCapacityUnits: !Ref Units}
      GlobalSecondaryIndexes:
        - IndexName: byTime
          KeySchema: [{AttributeName: at, KeyType: HASH}]
          Projection: {ProjectionType: ALL}
          ProvisionedThroughput:
            {ReadCapacityUnits: 1, WriteCapacityUnits: !Ref Units}
      TimeToLiveSpecification: {AttributeName: gone, Enabled: true}
      Tags: [{Key: a, Value: b}]
Outputs:
  Arn: {Value: !GetAtt Table.Arn}
END
	create t.yaml
	[ "$(state)" = CREATE_COMPLETE ]
	t=$(physical Table)
	[[ $(output Arn) == arn:aws:dynamodb:*:table/"$t" ]]
	aws-call dynamodb DescribeTable TableName="$t" | jq -e '.Table |
	    .ProvisionedThroughput.ReadCapacityUnits == 5 and
	    .GlobalSecondaryIndexes[0].IndexName == "byTime"'
	aws-call dynamodb DescribeTimeToLive TableName="$t" |
		jq -e '.TimeToLiveDescription.AttributeName == "gone"'
	sed -i 's/byTime/byHour/; s/Default: 5/Default: 6/; /TimeToLive/d' t.yaml
	lunad_clock 1d >/dev/null
	update t.yaml
	[ "$(state)" = UPDATE_COMPLETE ]
	[ "$(physical Table)" = "$t" ]
	aws-call dynamodb DescribeTable TableName="$t" | jq -e '.Table |
	    .ProvisionedThroughput.WriteCapacityUnits == 6 and
	    [.GlobalSecondaryIndexes[].IndexName] == ["byHour"]'
	aws-call dynamodb DescribeTimeToLive TableName="$t" |
		jq -e '.TimeToLiveDescription.TimeToLiveStatus == "DISABLED"'
	sed -i '/GlobalSecondaryIndexes/,/TimeToLive\|Tags/{/Tags/!d}
	    /ProvisionedThroughput/,+1d; /name: at\|Name: at/d
	    s/AttributeDefinitions:/BillingMode: PAY_PER_REQUEST\n      &/' t.yaml
	update t.yaml
	[ "$(state)" = UPDATE_COMPLETE ]
	aws-call dynamodb DescribeTable TableName="$t" | jq -e '.Table |
	    .BillingModeSummary.BillingMode == "PAY_PER_REQUEST" and
	    (.GlobalSecondaryIndexes // []) == []'
	cfn DeleteStack StackName="$stack"
	run ! aws-call dynamodb DescribeTable TableName="$t"
}

@test "keys and aliases: policy, rotation, enabled; deletion is scheduled" {
	cat >t.yaml <<'END'
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      Description: d
      EnableKeyRotation: true
      PendingWindowInDays: 9
      KeyPolicy:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}
            Action: kms:*
            Resource: "*"
      Tags: [{Key: a, Value: b}]
  Name:
    Type: AWS::KMS::Alias
    Properties: {AliasName: alias/cfn-test, TargetKeyId: !Ref Key}
Outputs:
  Arn: {Value: !GetAtt Key.Arn}
  Id: {Value: !GetAtt Key.KeyId}
  Alias: {Value: !Ref Name}
END
	create t.yaml
	[ "$(state)" = CREATE_COMPLETE ]
	key=$(output Id)
	[ "$(output Alias)" = alias/cfn-test ]
	[[ $(output Arn) == *:key/"$key" ]]
	aws-call kms GetKeyRotationStatus KeyId="$key" |
		jq -e .KeyRotationEnabled
	aws-call kms ListResourceTags KeyId="$key" |
		jq -e '.Tags == [{TagKey: "a", TagValue: "b"}]'
	sed -i 's/Description: d/Description: e\n      Enabled: false/
	    s/EnableKeyRotation: true/EnableKeyRotation: false/
	    s/Value: b/Value: c/' t.yaml
	update t.yaml
	[ "$(state)" = UPDATE_COMPLETE ]
	[ "$(physical Key)" = "$key" ]
	aws-call kms DescribeKey KeyId="$key" | jq -e '.KeyMetadata |
	    .Description == "e" and .KeyState == "Disabled"'
	aws-call kms ListResourceTags KeyId="$key" |
		jq -e '.Tags == [{TagKey: "a", TagValue: "c"}]'
	cfn DeleteStack StackName="$stack"
	aws-call kms DescribeKey KeyId="$key" |
		jq -e '.KeyMetadata.KeyState == "PendingDeletion"'
	run ! aws-call kms DescribeKey KeyId=alias/cfn-test
}

@test "alarms and dashboards" {
	cat >t.yaml <<'END'
Parameters: {Limit: {Type: Number, Default: 1.5}}
Resources:
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: n
      MetricName: m
      Statistic: Sum
      Period: "60"
      EvaluationPeriods: "2"
      Threshold: !Ref Limit
      ComparisonOperator: GreaterThanThreshold
      AlarmActions: [!Ref Topic]
      ActionsEnabled: "false"
      Dimensions: [{Name: d, Value: !GetAtt Topic.TopicName}]
  Topic: {Type: AWS::SNS::Topic}
  Board:
    Type: AWS::CloudWatch::Dashboard
    Properties:
      DashboardBody: !Sub '{"widgets":[{"type":"text","x":0,"y":0,"width":3,"height":3,"properties":{"markdown":"${Alarm}"}}]}'
Outputs:
  Arn: {Value: !GetAtt Alarm.Arn}
  Name: {Value: !Ref Alarm}
  Board: {Value: !Ref Board}
END
	create t.yaml
	[ "$(state)" = CREATE_COMPLETE ]
	a=$(output Name)
	[[ $(output Arn) == arn:aws:cloudwatch:*:alarm:"$a" ]]
	aws-call cloudwatch DescribeAlarms "AlarmNames:=[\"$a\"]" |
		jq -e '.MetricAlarms[0] | .Threshold == 1.5 and .Period == 60 and
		    (.ActionsEnabled | not) and (.AlarmActions | length) == 1'
	aws-call cloudwatch GetDashboard DashboardName="$(output Board)" |
		jq -e --arg a "$a" '.DashboardBody | fromjson |
		    .widgets[0].properties.markdown == $a'
	sed -i 's/Default: 1.5/Default: 2/' t.yaml
	update t.yaml
	[ "$(state)" = UPDATE_COMPLETE ]
	aws-call cloudwatch DescribeAlarms "AlarmNames:=[\"$a\"]" |
		jq -e '.MetricAlarms[0].Threshold == 2'
	cfn DeleteStack StackName="$stack"
	aws-call cloudwatch DescribeAlarms "AlarmNames:=[\"$a\"]" |
		jq -e '.MetricAlarms == []'
}

@test "rules, their targets, and buses" {
	cat >t.yaml <<'END'
Resources:
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: cfn-bus}}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Bus
      EventPattern: {source: [mine]}
      Targets:
        - {Id: a, Arn: !GetAtt Q.Arn}
        - {Id: b, Arn: !GetAtt Q.Arn, Input: '{"x":1}'}
  Every:
    Type: AWS::Events::Rule
    Properties:
      ScheduleExpression: rate(5 minutes)
      State: DISABLED
      Targets: [{Id: q, Arn: !GetAtt Q.Arn}]
  Q: {Type: AWS::SQS::Queue}
Outputs:
  Arn: {Value: !GetAtt Rule.Arn}
  Bus: {Value: !GetAtt Bus.Arn}
  Every: {Value: !Ref Every}
END
	create t.yaml
	[ "$(state)" = CREATE_COMPLETE ]
	r=$(physical Rule)
	[[ $r == cfn-bus\|* ]]
	[[ $(output Arn) == *:rule/cfn-bus/"${r#*|}" ]]
	[[ $(output Bus) == *:event-bus/cfn-bus ]]
	aws-call events ListTargetsByRule Rule="${r#*|}" EventBusName=cfn-bus |
		jq -e '[.Targets[].Id] == ["a", "b"]'
	aws-call events DescribeRule Name="$(output Every)" |
		jq -e '.State == "DISABLED"'
	sed -i '/Id: a/d; s/{source: \[mine\]}/{source: [yours]}/
	    s/State: DISABLED/State: ENABLED/' t.yaml
	update t.yaml
	[ "$(state)" = UPDATE_COMPLETE ]
	[ "$(physical Rule)" = "$r" ]
	aws-call events ListTargetsByRule Rule="${r#*|}" EventBusName=cfn-bus |
		jq -e '[.Targets[].Id] == ["b"]'
	aws-call events DescribeRule Name="${r#*|}" EventBusName=cfn-bus |
		jq -e '(.EventPattern | fromjson) == {source: ["yours"]}'
	cfn DeleteStack StackName="$stack"
	run ! aws-call events DescribeEventBus Name=cfn-bus
}

@test "roles and policies" {
	cat >t.yaml <<'END'
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: cfn-role
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: {Service: ec2.amazonaws.com}
            Action: sts:AssumeRole
      MaxSessionDuration: 7200
      Policies:
        - PolicyName: one
          PolicyDocument: {Version: 2012-10-17, Statement: [
            {Effect: Allow, Action: "sqs:*", Resource: "*"}]}
      ManagedPolicyArns: [!Ref Managed]
      Tags: [{Key: a, Value: b}]
  Managed:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument: {Version: 2012-10-17, Statement: [
        {Effect: Allow, Action: "sns:*", Resource: "*"}]}
  Inline:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: two
      Roles: [!Ref Role]
      PolicyDocument: {Version: 2012-10-17, Statement: [
        {Effect: Allow, Action: "kms:*", Resource: "*"}]}
Outputs:
  Role: {Value: !GetAtt Role.Arn}
  Id: {Value: !GetAtt Role.RoleId}
END
	create t.yaml
	[ "$(state)" = CREATE_COMPLETE ]
	[ "$(output Role)" = arn:aws:iam::000000000000:role/cfn-role ]
	[[ $(output Id) == AROA* ]]
	policies() {
		aws-call iam ListRolePolicies RoleName=cfn-role |
			jq -r '.PolicyNames | sort | join(" ")'
	}
	[ "$(policies)" = 'one two' ]
	aws-call iam ListAttachedRolePolicies RoleName=cfn-role |
		jq -e '.AttachedPolicies | length == 1'
	sed -i 's/PolicyName: one/PolicyName: uno/; s/PolicyName: two/PolicyName: due/
	    s/sns:/s3:/; s/7200/3600/; /ManagedPolicyArns/d' t.yaml
	update t.yaml
	[ "$(state)" = UPDATE_COMPLETE ]
	[ "$(policies)" = 'due uno' ]
	aws-call iam ListAttachedRolePolicies RoleName=cfn-role |
		jq -e '(.AttachedPolicies // []) | length == 0'
	aws-call iam GetRole RoleName=cfn-role |
		jq -e '.Role.MaxSessionDuration == "3600"'
	cfn DeleteStack StackName="$stack"
	cfn ListStacks | jq -e --arg s "$stack" '.StackSummaries[] |
	    select(.StackName == $s).StackStatus == "DELETE_COMPLETE"'
	run ! aws-call iam GetRole RoleName=cfn-role
}

@test "identities and templates of mail, and handles to wait on" {
	cat >t.yaml <<'END'
Resources:
  Domain: {Type: AWS::SES::EmailIdentity, Properties: {EmailIdentity: example.org}}
  Mail:
    Type: AWS::SES::Template
    Properties:
      Template: {TemplateName: cfn-mail, SubjectPart: "hi {{n}}", TextPart: t}
  Handle: {Type: AWS::CloudFormation::WaitConditionHandle}
Outputs:
  Domain: {Value: !Ref Domain}
  Token: {Value: !GetAtt Domain.DkimDNSTokenName1}
  Mail: {Value: !GetAtt Mail.Id}
  Handle: {Value: !Ref Handle}
END
	create t.yaml
	[ "$(state)" = CREATE_COMPLETE ]
	[ "$(output Domain)" = example.org ]
	[[ $(output Token) == *._domainkey.example.org ]]
	[[ $(output Handle) == https://* ]]
	[ "$(output Mail)" = cfn-mail ]
	subject() {
		aws-call --rest sesv2 GET /v2/email/templates/cfn-mail |
			jq -r .TemplateContent.Subject
	}
	[ "$(subject)" = 'hi {{n}}' ]
	sed -i 's/hi {{n}}/ho {{n}}/' t.yaml
	update t.yaml
	[ "$(state)" = UPDATE_COMPLETE ]
	[ "$(subject)" = 'ho {{n}}' ]
	cfn DeleteStack StackName="$stack"
	run ! aws-call --rest sesv2 GET /v2/email/templates/cfn-mail
	run ! aws-call --rest sesv2 GET /v2/email/identities/example.org
}

@test "a property that lunad does not have fails its resource" {
	echo 'Resources: {Q: {Type: AWS::SQS::Queue, Properties: {Color: red}}}' >t.yaml
	create t.yaml
	run state
	[[ $output == *'Q: Encountered unsupported property Color'* ]]
	[[ $output == *ROLLBACK_COMPLETE ]]
	echo 'Resources: {Q: {Type: AWS::SNS::Subscription, Properties: {Protocol: sqs}}}' >t.yaml
	stack=${stack}b
	create t.yaml
	run state
	[[ $output == *'Q: Property validation failure: [The property {/TopicArn} is required]'* ]]
}

@test "stacks outlive kill -9, and are changed after it" {
	lunad_start
	echo 'Resources: {Q: {Type: AWS::SQS::Queue}}
Outputs: {Arn: {Value: !GetAtt Q.Arn, Export: {Name: kept}}}' >t.yaml
	create t.yaml
	arn=$(output Arn)
	lunad_again
	[ "$(state)" = CREATE_COMPLETE ]
	[ "$(output Arn)" = "$arn" ]
	cfn ListExports | jq -e '.Exports[] | select(.Name == "kept")'
	echo 'Resources: {Q: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 3}}}' >t.yaml
	update t.yaml
	[ "$(state)" = UPDATE_COMPLETE ]
	[ "$(cfn DescribeStackEvents StackName="$stack" |
	    jq '.StackEvents | length')" -gt 5 ]
	cfn DeleteStack StackName="$stack"
	lunad_stop
}
