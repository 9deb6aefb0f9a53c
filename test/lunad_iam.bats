# IAM of lunad, by plain signed requests. Every operation through another's
# client: test/interop/boto3_iam.py.
load helpers
load cases

trust='{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
	"Principal":{"AWS":"000000000000"},"Action":"sts:AssumeRole"}]}'
policy='{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
	"Action":"sqs:*","Resource":"arn:aws:sqs:us-east-1:000000000000:a/b%2F"}]}'

setup_file() { lunad_start; }
teardown_file() { lunad_stop; }

setup() {
	load signed
	reply=$BATS_TEST_TMPDIR/reply
	n=t$BATS_TEST_NUMBER
}

teardown() {
	own_stop
}

iam() {
	form iam 2010-05-08 "$@"
}

# user: one of the test's name, with an access key as $id and $secret.
user() {
	iam CreateUser "UserName=$n"
	iam CreateAccessKey "UserName=$n"
	id=$(element AccessKeyId)
	secret=$(element SecretAccessKey)
}

# caller: who the user's key says to be; 1 when it is not let in.
caller() {
	AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret \
		form sts 2011-06-15 GetCallerIdentity >/dev/null &&
		element Arn
}

@test "policy documents: every case in test/cases/policy" {
	cases "$(program lunad_policy)" "$BATS_TEST_DIRNAME/cases/policy"
}

@test "documents come percent-encoded in XML, as they were given" {
	iam CreateRole "RoleName=$n" "AssumeRolePolicyDocument=$trust"
	grep -q '^<CreateRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">' "$reply"
	iam PutRolePolicy "RoleName=$n" PolicyName=p "PolicyDocument=$policy"
	[ "$(element PolicyDocument)" = "" ]
	iam GetRolePolicy "RoleName=$n" PolicyName=p
	encoded=$(element PolicyDocument)
	[[ $encoded =~ ^[A-Za-z0-9%._~*-]+$ ]]
	[[ $encoded == *a%2Fb%252F* ]]
	[ "$(printf '%b' "${encoded//%/\\x}")" = "$policy" ]
	iam GetRole "RoleName=$n"
	encoded=$(element AssumeRolePolicyDocument)
	[ "$(printf '%b' "${encoded//%/\\x}")" = "$trust" ]
}

@test "refusals come as AWS's XML, with the status of each" {
	iam GetRole RoleName=none && return 1
	refused 404 NoSuchEntity
	[ "$(element Message)" = 'The role with name none cannot be found.' ]
	[ "$(element Type)" = Sender ]
	iam CreateRole RoleName=x 'AssumeRolePolicyDocument={' && return 1
	refused 400 MalformedPolicyDocument
	iam CreateRole RoleName=x && return 1
	refused 400 ValidationError
	iam CreateRole 'RoleName=a b' "AssumeRolePolicyDocument=$trust" &&
		return 1
	refused 400 ValidationError
	iam CreateRole "RoleName=$n" "AssumeRolePolicyDocument=$trust"
	iam CreateRole "RoleName=$n" "AssumeRolePolicyDocument=$trust" &&
		return 1
	refused 409 EntityAlreadyExists
	iam CreateGroup GroupName=x && return 1
	refused 400 InvalidAction
}

@test "an access key lets in until it is taken away" {
	user
	[ "$(caller)" = "arn:aws:iam::000000000000:user/$n" ]
	secret=${secret}x caller && return 1
	refused 403 SignatureDoesNotMatch
	iam UpdateAccessKey "UserName=$n" "AccessKeyId=$id" Status=Inactive
	caller && return 1
	refused 403 InvalidClientTokenId
	iam UpdateAccessKey "UserName=$n" "AccessKeyId=$id" Status=Active
	caller
	iam DeleteAccessKey "UserName=$n" "AccessKeyId=$id"
	caller && return 1
	refused 403 InvalidClientTokenId
}

@test "an access key lets in after a crash, and not after a reset" {
	own_start
	user
	crash
	own_again
	caller
	iam UpdateAccessKey "UserName=$n" "AccessKeyId=$id" Status=Inactive
	crash
	own_again
	caller && return 1
	refused 403 InvalidClientTokenId
	iam UpdateAccessKey "UserName=$n" "AccessKeyId=$id" Status=Active
	caller
	curl -sSf -X POST "$AWS_ENDPOINT_URL/_luna/reset"
	caller && return 1
	refused 403 InvalidClientTokenId
	iam GetUser "UserName=$n" && return 1
	refused 404 NoSuchEntity
}

@test "what hangs on a role must go before it" {
	iam CreateRole "RoleName=$n" "AssumeRolePolicyDocument=$trust"
	iam CreatePolicy "PolicyName=$n" "PolicyDocument=$policy"
	arn=$(element Arn)
	iam AttachRolePolicy "RoleName=$n" "PolicyArn=$arn"
	iam PutRolePolicy "RoleName=$n" PolicyName=p "PolicyDocument=$policy"
	iam DeletePolicy "PolicyArn=$arn" && return 1
	refused 409 DeleteConflict
	iam DeleteRole "RoleName=$n" && return 1
	refused 409 DeleteConflict
	iam DetachRolePolicy "RoleName=$n" "PolicyArn=$arn"
	iam DeleteRole "RoleName=$n" && return 1
	refused 409 DeleteConflict
	iam DeleteRolePolicy "RoleName=$n" PolicyName=p
	iam DeleteRole "RoleName=$n"
	iam DeletePolicy "PolicyArn=$arn"
}
