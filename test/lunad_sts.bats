# A test is a subshell, and scripts in single quotes are meant so.
# shellcheck disable=SC2016
load helpers

trust='{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
	"Principal":{"AWS":"000000000000"},"Action":"sts:AssumeRole"}]}'

setup() {
	lunad_start
	role=arn:aws:iam::000000000000:role/reader
	query iam '2010-05-08' CreateRole RoleName=reader \
		"AssumeRolePolicyDocument=$trust" |
		grep -q "<Arn>$role</Arn>"
}

teardown() {
	lunad_stop
}

# query SERVICE VERSION OPERATION [NAME=VALUE…]: as $ID, $PASS and $TOKEN, or
# the published key.
query() {
	local service=$1 version=$2 operation=$3 pair
	local -a form=()
	shift 3
	for pair; do
		form+=(--data-urlencode "$pair")
	done
	curl -sS --aws-sigv4 "aws:amz:us-east-1:$service" \
		--user "${ID:-$AWS_ACCESS_KEY_ID}:${PASS:-$AWS_SECRET_ACCESS_KEY}" \
		${TOKEN:+-H "X-Amz-Security-Token: $TOKEN"} \
		-d "Action=$operation" -d "Version=$version" "${form[@]}" \
		"$AWS_ENDPOINT_URL/"
}

sts() {
	query sts 2011-06-15 "$@"
}

text() {
	sed -n "s:.*<$1>\(.*\)</$1>.*:\1:p"
}

# assume [NAME=VALUE…]: the role, as $ID, $PASS and $TOKEN from then on.
assume() {
	local reply
	before=$(date +%s)
	reply=$(sts AssumeRole "RoleArn=$role" RoleSessionName=night "$@")
	ID=$(text AccessKeyId <<<"$reply")
	PASS=$(text SecretAccessKey <<<"$reply")
	TOKEN=$(text SessionToken <<<"$reply")
	until=$(text Expiration <<<"$reply")
	[ -n "$ID" ]
}

@test "an assumed role is who it says, with its own keys, for an hour" {
	assume
	[[ $ID =~ ^ASIA[A-Z2-7]{16}$ ]]
	until=$(date -d "$until" +%s)
	[ "$until" -ge $((before + 3600)) ]
	[ "$until" -le $(($(date +%s) + 3600)) ]
	reply=$(sts GetCallerIdentity)
	[ "$(text Arn <<<"$reply")" = \
		arn:aws:sts::000000000000:assumed-role/reader/night ]
	[[ $(text UserId <<<"$reply") =~ ^AROA[A-Z0-9]+:night$ ]]
	curl -sSf --aws-sigv4 aws:amz:us-east-1:sqs --user "$ID:$PASS" \
		-H "X-Amz-Security-Token: $TOKEN" -H 'X-Amz-Target: AmazonSQS.ListQueues' \
		-H 'Content-Type: application/x-amz-json-1.0' -d '{}' \
		"$AWS_ENDPOINT_URL/"
}

@test "a role that is not there cannot be assumed" {
	role=${role}s
	run -1 assume
	sts AssumeRole "RoleArn=$role" RoleSessionName=night |
		grep -q "<Code>AccessDenied</Code><Message>User: arn:aws:iam::000000000000:user/lunad is not authorized to perform: sts:AssumeRole on resource: $role</Message>"
}

@test "what cannot be asked for is said as AWS says it" {
	sts AssumeRole "RoleArn=$role" RoleSessionName='a b' | grep -qF \
		"Value &apos;a b&apos; at &apos;roleSessionName&apos; failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*"
	sts AssumeRole "RoleArn=$role" RoleSessionName=x | grep -q \
		'Member must have length greater than or equal to 2'
	sts AssumeRole "RoleArn=$role" RoleSessionName=night DurationSeconds=899 |
		grep -q 'greater than or equal to 900'
	sts AssumeRole "RoleArn=$role" RoleSessionName=night \
		DurationSeconds=7200 | grep -q 'MaxSessionDuration'
	sts AssumeRole "RoleArn=$role" | grep -q '<Code>ValidationError</Code>'
	assume
	sts GetSessionToken | grep -q '<Code>AccessDenied</Code>'
}

@test "an expired session is told so" {
	assume
	# An hour later, as far as the session goes.
	kill "$LUNAD_PID"
	wait "$LUNAD_PID" || true
	data=$LUNAD_DIR/data
	sqlite3 "$data/lunad.db" \
		'UPDATE sts_session SET expires_ms = expires_ms - 3600000'
	TOKEN=$TOKEN ID=$ID PASS=$PASS run -0 lunad -d "$data" -- bash -c "
		$(declare -f query sts); sts GetCallerIdentity"
	[[ $output == *'<Code>ExpiredToken</Code>'* ]]
	LUNAD_PID=
}
