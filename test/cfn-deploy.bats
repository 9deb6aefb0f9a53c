#!/usr/bin/env bats

load helpers

setup_file() {
	lunad_start
}

teardown_file() {
	lunad_stop
}

teardown() {
	lunad_fault
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	cat >queue.yaml <<'END'
Parameters:
  Name: {Type: String}
  Seconds: {Type: Number, Default: 30}
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Ref Name
      VisibilityTimeout: !Ref Seconds
Outputs:
  Arn:
    Description: of the queue
    Value: !GetAtt Jobs.Arn
END
	cat >broken.yaml <<'END'
Resources:
  Good:
    Type: AWS::SQS::Queue
  Bad:
    Type: AWS::SQS::Queue
    DependsOn: Good
    Properties:
      DelaySeconds: 100000
END
	cat >role.yaml <<'END'
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: deploy-test
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: {Service: ec2.amazonaws.com}
            Action: sts:AssumeRole
END
}

# state STACK: its status, or nothing.
state() {
	aws-call cloudformation DescribeStacks StackName="$1" 2>/dev/null |
		jq -r '.Stacks[0].StackStatus'
}

visibility() {
	aws-call sqs GetQueueAttributes QueueUrl="$AWS_ENDPOINT_URL/000000000000/$1" \
	    'AttributeNames:=["VisibilityTimeout"]' |
		jq -r .Attributes.VisibilityTimeout
}

@test "help and usage" {
	try cfn-deploy --help
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == 'usage: cfn-deploy '* ]]
	try cfn-deploy
	[ "$status" -eq 2 ]
	try cfn-deploy only-a-stack
	[ "$status" -eq 2 ]
	[[ $stderr == *TEMPLATE* ]]
	try cfn-deploy --delete x queue.yaml
	[ "$status" -eq 2 ]
}

@test "a stack is created: its events as records, then its outputs" {
	try cfn-deploy made queue.yaml Name=made
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(state made)" = CREATE_COMPLETE ]
	jq -e '.Timestamp and .ResourceStatus == "CREATE_IN_PROGRESS" and
	    .ResourceType == "AWS::CloudFormation::Stack"' <<<"${lines[0]}"
	jq -es 'map(select(.LogicalResourceId == "Jobs").ResourceStatus) ==
	    ["CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"]' \
	    <<<"$output"
	jq -es 'last | .OutputKey == "Arn" and .Description == "of the queue" and
	    .OutputValue == "arn:aws:sqs:us-east-1:000000000000:made" and
	    .["@metadata"].from.cloudformation.StackName == "made" and
	    (.["@metadata"].from.cloudformation.StackId |
	    startswith("arn:aws:cloudformation:"))' <<<"$output"
}

@test "no change is success, and the outputs are printed" {
	cfn-deploy same queue.yaml Name=same >/dev/null
	try cfn-deploy same queue.yaml
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 1 ]
	jq -e '.OutputKey == "Arn"' <<<"$output"
	[ "$(aws-call cloudformation ListChangeSets StackName=same |
	    jq '.Summaries | length')" -eq 0 ]
}

@test "a stack is updated; a parameter that is not given stays" {
	cfn-deploy later queue.yaml Name=later Seconds=40 >/dev/null
	try cfn-deploy later queue.yaml Seconds=50
	[ "$status" -eq 0 ]
	[ "$(visibility later)" = 50 ]
	# Only what happened now.
	jq -es 'map(select(.ResourceStatus == "CREATE_COMPLETE")) == []' \
	    <<<"$output"
	sed -i 's/Default: 30/Default: 31/' queue.yaml
	try cfn-deploy later queue.yaml
	[ "$status" -eq 0 ]
	[ "$(visibility later)" = 50 ]
}

@test "--dry-run prints the changes and leaves nothing behind" {
	try cfn-deploy --dry-run dry queue.yaml Name=dry
	[ "$status" -eq 0 ]
	jq -e '.Action == "Add" and .LogicalResourceId == "Jobs" and
	    .ResourceType == "AWS::SQS::Queue"' <<<"$output"
	[ -z "$(state dry)" ]
	cfn-deploy dry queue.yaml Name=dry >/dev/null
	try cfn-deploy --dry-run dry queue.yaml Name=other
	[ "$status" -eq 0 ]
	jq -e '.Action == "Modify" and .Replacement == "True"' <<<"$output"
	[ "$(state dry)" = CREATE_COMPLETE ]
	try cfn-deploy --dry-run dry queue.yaml
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "a failure names the resource and the reason; then only --delete helps" {
	try cfn-deploy bad broken.yaml
	[ "$status" -eq 1 ]
	[[ $stderr == *'in ROLLBACK_COMPLETE: Bad (AWS::SQS::Queue) CREATE_FAILED: '* ]]
	[[ $stderr == *DelaySeconds* ]]
	jq -es 'map(select(.LogicalResourceId == "Good" and
	    .ResourceStatus == "DELETE_COMPLETE")) | length == 1' <<<"$output"
	try cfn-deploy bad queue.yaml Name=bad
	[ "$status" -eq 2 ]
	[[ $stderr == *'ROLLBACK_COMPLETE and can only be deleted: cfn-deploy --delete bad'* ]]
	try cfn-deploy --delete bad
	[ "$status" -eq 0 ]
	try cfn-deploy bad queue.yaml Name=bad
	[ "$status" -eq 0 ]
}

@test "a failed update is rolled back, and exits 1" {
	cfn-deploy back queue.yaml Name=back Seconds=33 >/dev/null
	try cfn-deploy back queue.yaml Seconds=999999
	[ "$status" -eq 1 ]
	[[ $stderr == *'in UPDATE_ROLLBACK_COMPLETE: Jobs'* ]]
	[ "$(visibility back)" = 33 ]
	try cfn-deploy back queue.yaml Seconds=34
	[ "$status" -eq 0 ]
	[ "$(visibility back)" = 34 ]
}

@test "--delete deletes and waits; what is not there is success" {
	cfn-deploy gone queue.yaml Name=gone >/dev/null
	try cfn-deploy --delete gone
	[ "$status" -eq 0 ]
	jq -es 'last | .ResourceStatus == "DELETE_COMPLETE" and
	    .ResourceType == "AWS::CloudFormation::Stack"' <<<"$output"
	[ -z "$(state gone)" ]
	try cfn-deploy --delete gone
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

@test "a stack that is only in review is created" {
	aws-call cloudformation CreateChangeSet - >/dev/null <<END
{"StackName":"review","ChangeSetName":"mine","ChangeSetType":"CREATE",
"TemplateBody":$(jq -Rs . <broken.yaml)}
END
	[ "$(state review)" = REVIEW_IN_PROGRESS ]
	try cfn-deploy review queue.yaml Name=review
	[ "$status" -eq 0 ]
	[ "$(state review)" = CREATE_COMPLETE ]
}

@test "IAM capabilities that are missing are named" {
	try cfn-deploy role role.yaml
	[ "$status" -eq 2 ]
	[[ $stderr == *'--capability CAPABILITY_NAMED_IAM'* ]]
	[[ $stderr == *AWS::IAM::Role* ]]
	try cfn-deploy --capability CAPABILITY_IAM role role.yaml
	[ "$status" -eq 2 ]
	[ -z "$(state role)" ]
	try cfn-deploy role role.yaml --capability CAPABILITY_NAMED_IAM
	[ "$status" -eq 0 ]
	[ "$(state role)" = CREATE_COMPLETE ]
}

@test "parameters that are missing or unknown are named" {
	try cfn-deploy p queue.yaml
	[ "$status" -eq 2 ]
	[[ $stderr == *'of: Name'* ]]
	try cfn-deploy p queue.yaml Name=p Wait=3
	[ "$status" -eq 2 ]
	[[ $stderr == *'no parameter Wait; it has Name, Seconds'* ]]
	try cfn-deploy p queue.yaml Name
	[ "$status" -eq 2 ]
	[[ $stderr == *'Name is not NAME=VALUE'* ]]
	try cfn-deploy p queue.yaml Name=p Seconds=soon
	[ "$status" -eq 2 ]
	[[ $stderr == *"'Seconds' must be a number"* ]]
	[ -z "$(state p)" ]
}

@test "a template that cannot be taken is refused in one line" {
	try cfn-deploy t nowhere.yaml
	[ "$status" -eq 2 ]
	[[ $stderr == *'nowhere.yaml: No such file'* ]]
	: >empty.yaml
	try cfn-deploy t empty.yaml
	[ "$status" -eq 2 ]
	[[ $stderr == *'empty.yaml is empty'* ]]
	printf 'Resources: [\n' >bad.yaml
	try cfn-deploy t bad.yaml
	[ "$status" -eq 2 ]
	[[ $stderr == *'bad.yaml: Template format error: YAML not well-formed.'* ]]
	head -c 51201 /dev/zero | tr '\0' '#' >large.yaml
	try cfn-deploy t large.yaml
	[ "$status" -eq 2 ]
	[[ $stderr == *'large.yaml is larger than 51200 bytes'* ]]
	printf '# \377\n' >latin.yaml
	try cfn-deploy t latin.yaml
	[ "$status" -eq 2 ]
	[[ $stderr == *'latin.yaml is not UTF-8'* ]]
}

@test "a change set whose answer was lost is the same change set" {
	lunad_fault cloudformation:CreateChangeSet=lost-reply:x1
	try cfn-deploy lost queue.yaml Name=lost
	[ "$status" -eq 0 ]
	[ "$(state lost)" = CREATE_COMPLETE ]
	lunad_fault cloudformation:ExecuteChangeSet=lost-reply:x1
	try cfn-deploy lost queue.yaml Seconds=44
	[ "$status" -eq 0 ]
	[ "$(visibility lost)" = 44 ]
}

@test "a service that is away is 75, one that denies is 2" {
	lunad_fault cloudformation:DescribeStacks=503
	try cfn-deploy away queue.yaml Name=away
	[ "$status" -eq 75 ]
	lunad_fault cloudformation:CreateChangeSet=denied
	try cfn-deploy away queue.yaml Name=away
	[ "$status" -eq 2 ]
	[[ $stderr == *AccessDenied* ]]
	lunad_fault cloudformation:DescribeChangeSet=denied
	try cfn-deploy away queue.yaml Name=away
	[ "$status" -eq 2 ]
	lunad_fault
	# The stack that was there only for the change set is gone with it.
	[ -z "$(state away)" ]
	AWS_ENDPOINT_URL=http://127.0.0.1:9 try cfn-deploy away queue.yaml
	[ "$status" -eq 75 ]
	AWS_ACCESS_KEY_ID='' AWS_SECRET_ACCESS_KEY='' try cfn-deploy away queue.yaml
	[ "$status" -eq 2 ]
}

@test "a closed or full stdout" {
	run --separate-stderr bash -c "cfn-deploy full queue.yaml Name=full >/dev/full"
	[ "$status" -eq 1 ]
	[ "$(state full)" = CREATE_COMPLETE ]
}

@test "the lottery's template is deployed, is the same, and is deleted" {
	[ -e "$top/examples/lottery/stack.yaml" ] || skip 'not there yet'
	try cfn-deploy --capability CAPABILITY_NAMED_IAM lottery \
	    "$top/examples/lottery/stack.yaml" AdminEmail=a@example.org \
	    VipEmail=v@example.org SenderEmail=s@example.org
	[ "$status" -eq 0 ]
	jq -es 'map(.OutputKey // empty) | index("Topic")' <<<"$output"
	try cfn-deploy --capability CAPABILITY_NAMED_IAM lottery \
	    "$top/examples/lottery/stack.yaml"
	[ "$status" -eq 0 ]
	jq -es 'all(.OutputKey)' <<<"$output"
	try cfn-deploy --delete lottery
	[ "$status" -eq 0 ]
}
