bats_require_minimum_version 1.5.0
load cases
load servers

setup_file() {
	IDENT=$(program ident)
	export IDENT
}

setup() {
	mkdir -p "$BATS_TEST_TMPDIR/.aws"
	cd "$BATS_TEST_TMPDIR" || return
	keys=(AWS_ACCESS_KEY_ID=AKIAEXAMPLEENV AWS_SECRET_ACCESS_KEY=envSecret)
}

teardown() {
	scripted_stop
}

# credentials, config: the shared file of that name from stdin.
credentials() {
	(umask 077 && cat >.aws/credentials)
}
config() {
	(umask 077 && cat >.aws/config)
}

# ident [NAME=VALUE…] ARGS…: run the driver with that environment only.
ident() {
	local -a setting=(HOME=.)
	while [[ $1 == *=* ]]; do
		setting+=("$1")
		shift
	done
	run --separate-stderr env -i "${setting[@]}" timeout 30 "$IDENT" "$@"
	echo "ident ${setting[*]} $*: status $status"
	echo "stdout: $output"
	echo "stderr: ${stderr-}"
}

# at_server ARGS…: with the scripted server's environment.
at_server() {
	local -a setting
	mapfile -t setting < <(env | grep -E '^(AWS_|NO_PROXY=)')
	ident "${setting[@]}" "$@"
}

@test "the environment's keys come first, with token and account" {
	credentials <<-END
		[default]
		aws_access_key_id = AKIAEXAMPLEFILE
		aws_secret_access_key = fileSecret
	END
	ident "${keys[@]}" cred
	[ "$status" -eq 0 ]
	[ "$output" = "AKIAEXAMPLEENV from the environment, secret of 9,\
 token -, account -" ]
	ident "${keys[@]}" AWS_SESSION_TOKEN=tok AWS_ACCOUNT_ID=123456789012 cred
	[ "$output" = "AKIAEXAMPLEENV from the environment, secret of 9,\
 token tok, account 123456789012" ]
}

@test "half a pair in the environment is an error, not another identity" {
	ident AWS_ACCESS_KEY_ID=AKIAEXAMPLEENV cred
	[ "$status" -eq 2 ]
	[ "$stderr" = "ident: NoCredentials: AWS_ACCESS_KEY_ID is set but\
 AWS_SECRET_ACCESS_KEY is not" ]
	ident AWS_SECRET_ACCESS_KEY=envSecret cred
	[ "$status" -eq 2 ]
	[ "$stderr" = "ident: NoCredentials: AWS_SECRET_ACCESS_KEY is set but\
 AWS_ACCESS_KEY_ID is not" ]
}

@test "--profile hides the environment's keys, AWS_PROFILE does not" {
	credentials <<-END
		[work]
		aws_access_key_id = AKIAEXAMPLEWORK
		aws_secret_access_key = fileSecret
		aws_session_token = fileToken
		aws_account_id = 210987654321
	END
	ident "${keys[@]}" -p work cred
	[ "$output" = "AKIAEXAMPLEWORK from the credentials file, secret of\
 10, token fileToken, account 210987654321" ]
	ident "${keys[@]}" AWS_PROFILE=work cred
	[[ $output == "AKIAEXAMPLEENV from the environment"* ]]
	ident AWS_PROFILE=work cred
	[[ $output == "AKIAEXAMPLEWORK from the credentials file"* ]]
}

@test "the credentials file is before the config file" {
	config <<-END
		[profile both]
		aws_access_key_id = AKIAEXAMPLECONFIG
		aws_secret_access_key = configSecret
		[profile one]
		aws_access_key_id = AKIAEXAMPLEONE
		aws_secret_access_key = oneSecret
	END
	credentials <<-END
		[both]
		aws_access_key_id = AKIAEXAMPLEFILE
		aws_secret_access_key = fileSecret
	END
	ident -p both cred
	[[ $output == "AKIAEXAMPLEFILE from the credentials file"* ]]
	ident -p one cred
	[[ $output == "AKIAEXAMPLEONE from the config file"* ]]
}

@test "half a pair in a file is an error with the place" {
	credentials <<-END
		[default]
		aws_access_key_id = AKIAEXAMPLEFILE
		aws_secret_access_key =
	END
	ident cred
	[ "$status" -eq 2 ]
	[ "$stderr" = "ident: NoCredentials: ./.aws/credentials: [default] has\
 no aws_secret_access_key" ]
}

@test "a secret alone in a file is an error, an empty token is none" {
	credentials <<-END
		[default]
		aws_secret_access_key = fileSecret
		[empty]
		aws_access_key_id = AKIAEXAMPLEFILE
		aws_secret_access_key = fileSecret
		aws_session_token =
		[no-id]
		aws_access_key_id =
		aws_secret_access_key = fileSecret
	END
	for profile in default no-id; do
		ident -p "$profile" cred
		[ "$status" -eq 2 ]
		[ "$stderr" = "ident: NoCredentials: ./.aws/credentials:\
 [$profile] has no aws_access_key_id" ]
	done
	ident -p empty cred
	[ "$output" = "AKIAEXAMPLEFILE from the credentials file, secret of\
 10, token -, account -" ]
}

@test "a profile that asks for a source luna lacks is refused, not bypassed" {
	config <<-END
		[profile role]
		role_arn = arn:aws:iam::123456789012:role/luna
		source_profile = both
		[profile process]
		credential_process = /bin/false
		aws_access_key_id = AKIAEXAMPLECONFIG
		aws_secret_access_key = configSecret
		[profile both]
		credential_process = /bin/false
	END
	credentials <<-END
		[role]
		aws_access_key_id = AKIAEXAMPLEROLE
		aws_secret_access_key = roleSecret
		[both]
		aws_access_key_id = AKIAEXAMPLEFILE
		aws_secret_access_key = fileSecret
	END
	ident -p role cred
	[ "$status" -eq 2 ]
	[[ $stderr == *"profile 'role' gets its credentials by role_arn, which\
 luna cannot do yet: "*"export-credentials"* ]]
	ident -p process cred
	[ "$status" -eq 2 ]
	[[ $stderr == *"by credential_process"* ]]
	# keys in the credentials file come before credential_process
	ident -p both cred
	[[ $output == "AKIAEXAMPLEFILE"* ]]
}

@test "without credentials one line says what was looked for and where" {
	ident AWS_REGION=eu-west-1 account
	[ "$status" -eq 2 ]
	[ "$stderr" = "ident: NoCredentials: no credentials: AWS_ACCESS_KEY_ID\
 is not set, no aws_access_key_id in [default] of ./.aws/credentials, nor in\
 [default] of ./.aws/config" ]
	config <<<'[profile x]'
	ident "${keys[@]}" AWS_REGION=eu-west-1 -p x account
	[ "$stderr" = "ident: NoCredentials: no credentials: no\
 aws_access_key_id in [x] of ./.aws/credentials, nor in [profile x] of\
 ./.aws/config" ]
}

@test "without HOME there are no shared files, and the line says so" {
	run --separate-stderr env -i AWS_REGION=eu-west-1 "$IDENT" account
	[ "$status" -eq 2 ]
	[ "$stderr" = "ident: NoCredentials: no credentials: AWS_ACCESS_KEY_ID\
 is not set, no aws_access_key_id in [default] of ~/.aws (HOME is not set), nor\
 in [default] of ~/.aws (HOME is not set)" ]
	run --separate-stderr env -i "$IDENT" -p x account
	[ "$status" -eq 2 ]
	[[ $stderr == *"NoProfile: no profile 'x': "*"HOME is not set"* ]]
	# a file that a variable names needs no HOME
	credentials <<-END
		[x]
		aws_access_key_id = AKIAEXAMPLEFILE
		aws_secret_access_key = fileSecret
	END
	run env -i AWS_SHARED_CREDENTIALS_FILE=.aws/credentials \
		"$IDENT" -p x cred
	[[ $output == "AKIAEXAMPLEFILE from the credentials file"* ]]
}

@test "a key with a space or a line end is refused and not shown" {
	ident AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=AKIAEXAMPLEENV \
		AWS_SECRET_ACCESS_KEY=$'envSecret\r' account
	[ "$status" -eq 2 ]
	[[ $stderr == *"NoCredentials: the secret access key from the\
 environment has a character that no key has"* ]]
	[[ $stderr != *envSecret* ]]
	ident AWS_REGION=eu-west-1 "${keys[@]}" \
		AWS_SESSION_TOKEN=$'t\nX-Evil: 1' account
	[ "$status" -eq 2 ]
	[[ $stderr == *"the session token from the environment"* ]]
	ident AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=AKIA/EXAMPLE \
		AWS_SECRET_ACCESS_KEY=envSecret account
	[ "$status" -eq 2 ]
	[[ $stderr == *"the access key id from the environment"* ]]
}

@test "a credentials file that others can read is warned of, once" {
	credentials <<-END
		[default]
		aws_access_key_id = AKIAEXAMPLEFILE
		aws_secret_access_key = fileSecret
	END
	scripted_start <<-'END'
		>> 200
		<R><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></R>
	END
	for mode in 644 640 604 600; do
		chmod "$mode" .aws/credentials
		ident AWS_ENDPOINT_URL="$SCRIPTED_URL" AWS_REGION=eu-west-1 \
			AWS_ACCOUNT_ID= account
		if [ "$mode" = 600 ]; then
			[[ $stderr != *chmod* ]]
		else
			[ "$(grep -c 'chmod 600' <<<"$stderr")" -eq 1 ]
			[[ $stderr == *"ident: ./.aws/credentials holds a\
 secret key and others can read it: chmod 600 it"* ]]
		fi
	done
}

@test "the account: the environment's, the profile's, else asked once" {
	ident "${keys[@]}" AWS_ACCOUNT_ID=123456789012 account
	[ "$output" = 123456789012 ]
	ident "${keys[@]}" AWS_ACCOUNT_ID=12345 account
	[ "$status" -eq 2 ]
	[ "$stderr" = "ident: BadConfig: AWS_ACCOUNT_ID is '12345': an account\
 has 12 digits" ]
	credentials <<-END
		[default]
		aws_access_key_id = AKIAEXAMPLEFILE
		aws_secret_access_key = fileSecret
		aws_account_id = 210987654321
	END
	ident account
	[ "$output" = 210987654321 ]
	scripted_start <<-'END'
		>> 200 for=GetCallerIdentity
		<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
		  <GetCallerIdentityResult>
		    <Arn>arn:aws:iam::111122223333:user/u</Arn>
		    <UserId>AIDAEXAMPLE</UserId>
		    <Account>111122223333</Account>
		  </GetCallerIdentityResult>
		</GetCallerIdentityResponse>
	END
	at_server account
	[ "$output" = 111122223333 ]
	[ "$(scripted_log .body)" = \
		'Action=GetCallerIdentity&Version=2011-06-15' ]
}

@test "an account that STS refuses, or answers oddly, is an error" {
	scripted_start <<-'END'
		>> 403
		<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid.</Message></Error></ErrorResponse>
		>> 200
		<R><GetCallerIdentityResult><Account>12</Account></GetCallerIdentityResult></R>
		>> 200
		<R>
	END
	at_server account
	[ "$status" -eq 2 ]
	[[ $stderr == *"InvalidClientTokenId: sts:GetCallerIdentity\
 (AWS_ACCOUNT_ID spares it): The security token"* ]]
	at_server account
	[ "$status" -eq 75 ]
	[[ $stderr == *"InvalidReply: sts:GetCallerIdentity answered without an\
 account"* ]]
	at_server account
	[ "$status" -eq 75 ]
	[[ $stderr == *InvalidReply* ]]
}

@test "expired credentials are read again from the file, once" {
	credentials <<-END
		[default]
		aws_access_key_id = AKIAEXAMPLEOLD
		aws_secret_access_key = oldSecret
		aws_session_token = old
	END
	scripted_start <<-'END'
		>> 403 for=GetCallerIdentity hold=2
		<ErrorResponse><Error><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error></ErrorResponse>
		>> 200 for=GetCallerIdentity
		<R><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></R>
		>> 200
		ok
	END
	env -i HOME=. AWS_ENDPOINT_URL="$SCRIPTED_URL" AWS_REGION=eu-west-1 \
		timeout 30 "$IDENT" account >out 2>&1 3>&- &
	until [ "$(scripted_count GetCallerIdentity)" -eq 1 ]; do :; done
	credentials <<-END
		[default]
		aws_access_key_id = AKIAEXAMPLENEW
		aws_secret_access_key = newSecret
		aws_session_token = new
	END
	curl -s "$SCRIPTED_URL/go"
	wait $!
	cat out
	[ "$(cat out)" = 111122223333 ]
	[ "$(scripted_log 'select(.operation == "GetCallerIdentity")
		| .headers["x-amz-security-token"]')" = old$'\n'new ]
	[[ $(scripted_log 'select(.n == 3) | .headers.authorization') == \
		*Credential=AKIAEXAMPLENEW/* ]]
}

@test "a file that is broken when it is read again is named" {
	credentials <<-END
		[default]
		aws_access_key_id = AKIAEXAMPLEOLD
		aws_secret_access_key = oldSecret
		aws_session_token = old
	END
	scripted_start <<-'END'
		>> 403 for=GetCallerIdentity hold=2
		<ErrorResponse><Error><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error></ErrorResponse>
		>> 200
		ok
	END
	env -i HOME=. AWS_ENDPOINT_URL="$SCRIPTED_URL" AWS_REGION=eu-west-1 \
		timeout 30 "$IDENT" account >out 2>&1 3>&- &
	until [ "$(scripted_count GetCallerIdentity)" -eq 1 ]; do :; done
	credentials <<<'[default'
	curl -s "$SCRIPTED_URL/go"
	status=0
	wait $! || status=$?
	cat out
	[ "$status" -eq 2 ]
	grep -q "BadConfig: .*: ./.aws/credentials: line 1: a section header\
 without its ']'" out
}

@test "expired credentials of which there are no newer end the matter" {
	scripted_start <<-'END'
		>> 403 repeat=inf
		<ErrorResponse><Error><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error></ErrorResponse>
	END
	export AWS_SESSION_TOKEN=old
	at_server account
	[ "$status" -eq 2 ]
	[[ $stderr == *"ExpiredToken: sts:GetCallerIdentity (AWS_ACCOUNT_ID\
 spares it): the session token from the environment has expired: renew it,\
 then run again"* ]]
	[ "$(scripted_count)" -eq 1 ]
}

@test "a topic: its ARN as it is, its name with region and account" {
	ident "${keys[@]}" topic arn:aws:sns:us-west-2:123456789012:t.fifo
	[ "$output" = arn:aws:sns:us-west-2:123456789012:t.fifo ]
	ident "${keys[@]}" AWS_REGION=cn-north-1 AWS_ACCOUNT_ID=123456789012 \
		topic luna_lottery_recommendation_topic
	[ "$output" = arn:aws-cn:sns:cn-north-1:123456789012:luna_lottery_recommendation_topic ]
	ident "${keys[@]}" AWS_ACCOUNT_ID=123456789012 topic t
	[ "$status" -eq 2 ]
	[[ $stderr == *"NoRegion: no region for topic 't'"* ]]
	# --dry-run: no call
	ident "${keys[@]}" AWS_REGION=eu-west-1 -d topic t
	[ "$output" = t ]
	ident AWS_REGION=eu-west-1 AWS_ACCOUNT_ID=123456789012 -d topic t
	[ "$output" = arn:aws:sns:eu-west-1:123456789012:t ]
}

@test "what is no topic is refused before any call" {
	long=$(printf 'a%.0s' $(seq 257))
	for bad in '' 'a b' a/b t.fifo.fifo .fifo "$long" arn:aws:sns \
		arn:aws:sqs:eu-west-1:123456789012:t arn:aws:sns:eu-west-1::t \
		arn:aws:sns::123456789012:t \
		arn:aws:sns:eu-west-1:12345678901x:t \
		arn:aws:sns:eu-west-1:123456789012:t:sub $'t\r\nX: y'; do
		ident "${keys[@]}" AWS_REGION=eu-west-1 \
			AWS_ACCOUNT_ID=123456789012 topic "$bad"
		[ "$status" -eq 2 ]
		[[ $stderr == *"BadTopic: '"* ]]
		[ -z "$output" ]
	done
}

@test "a queue's name and ARN are asked for; of the URL the path counts" {
	scripted_start <<-'END'
		>> 200 for=GetQueueUrl repeat=inf
		{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/123456789012/q.fifo"}
	END
	at_server queue q.fifo
	[ "$output" = "$SCRIPTED_URL/123456789012/q.fifo" ]
	at_server queue arn:aws:sqs:eu-west-1:210987654321:q.fifo
	[ "$output" = "$SCRIPTED_URL/123456789012/q.fifo" ]
	[ "$(scripted_log .body)" = '{"QueueName":"q.fifo"}
{"QueueName":"q.fifo","QueueOwnerAWSAccountId":"210987654321"}' ]
	# --dry-run: no call
	at_server -d queue q
	[ "$output" = q ]
	[ "$(scripted_count)" -eq 2 ]
}

@test "a queue's URL needs no call; an endpoint replaces its host" {
	url=https://sqs.eu-west-1.amazonaws.com/123456789012/q
	ident "${keys[@]}" AWS_REGION=eu-west-1 queue "$url"
	[ "$output" = "$url" ]
	ident "${keys[@]}" AWS_ENDPOINT_URL=http://localhost:4566/ queue "$url"
	[ "$output" = http://localhost:4566/123456789012/q ]
	ident "${keys[@]}" AWS_ENDPOINT_URL_SQS=http://localhost:9324 \
		queue http://other/queue/q
	[ "$output" = http://localhost:9324/queue/q ]
	ident "${keys[@]}" AWS_ENDPOINT_URL=http://example.com queue "$url"
	[ "$status" -eq 2 ]
	[[ $stderr == *"BadEndpoint: plain http to example.com"* ]]
}

@test "what is no queue is refused before any call" {
	long=$(printf 'a%.0s' $(seq 81))
	for bad in '' 'a b' a/b "$long" arn:aws:sns:eu-west-1:123456789012:q \
		https://host https://host/ 'https://host/a b' \
		$'https://host/a\r\nb' 'https://host/"' https://host/a?b; do
		ident "${keys[@]}" AWS_REGION=eu-west-1 queue "$bad"
		[ "$status" -eq 2 ]
		[[ $stderr == *"BadQueue: '"* ]]
		[ -z "$output" ]
	done
}

@test "a queue that is not there is named; a reply without URL is refused" {
	scripted_start <<-'END'
		>> 400
		x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender

		{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}
		>> 200
		{"Queue":"x"}
		>> 200
		{"QueueUrl":"x"}
	END
	at_server queue q
	[ "$status" -eq 2 ]
	[[ $stderr == *": queue 'q': The specified queue does not exist" ]]
	at_server queue q
	[ "$status" -eq 75 ]
	[[ $stderr == *"InvalidReply: sqs:GetQueueUrl answered without a\
 QueueUrl"* ]]
	at_server queue q
	[ "$status" -ne 0 ]
	[[ $stderr == *"'x' is no queue's URL"* ]]
}

@test "a process with secrets leaves no core" {
	ident dumpable
	[ "$output" = 0 ]
}

# derived DAY REGION SERVICE SECRET: the signing key in hex.
derived() {
	python3 - "$@" <<-'END'
		import hashlib, hmac, sys
		day, region, service, secret = sys.argv[1:]
		key = ('AWS4' + secret).encode()
		for part in (day, region, service, 'aws4_request'):
		    key = hmac.new(key, part.encode(), hashlib.sha256).digest()
		print(key.hex())
	END
}

@test "after the call no secret and no signing key is left in memory" {
	[ -z "$SANITIZE" ] || skip "not under a sanitizer: its shadow is huge"
	# looked for by their ends: free() overwrites the beginning
	tail=tailOfTheSecretEXAMPLE
	secret=fileSecretEXAMPLE/$tail
	credentials <<-END
		[default]
		aws_access_key_id = AKIAEXAMPLEFILE
		aws_secret_access_key = $secret
	END
	scripted_start <<-'END'
		>> 200
		<R><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></R>
	END
	hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }
	day=$(date -u +%Y%m%d)
	ident AWS_ENDPOINT_URL="$SCRIPTED_URL" AWS_REGION=eu-west-1 \
		LUNA_CONTROL=presentEXAMPLE -w "$(hex "$tail")" \
		-w "$(derived "$day" eu-west-1 sts "$secret" | cut -c 33-)" \
		-w "$(hex presentEXAMPLE)" account
	[ "${lines[0]}" = 111122223333 ]
	[[ ${lines[1]} == *": 0" ]]
	[[ ${lines[2]} == *": 0" ]]
	# what is there is found
	[[ ${lines[3]} == *": 1" ]]
}
