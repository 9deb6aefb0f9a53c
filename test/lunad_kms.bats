# KMS of lunad, by plain signed requests. Every operation through another's
# client: test/interop/boto3_kms.py.
load helpers

setup_file() { lunad_start; }
teardown_file() { lunad_stop; }

setup() {
	load signed
	reply=$BATS_TEST_TMPDIR/reply
}

teardown() {
	own_stop
}

kms() {
	json kms 1.1 "TrentService.$1" "$2"
}

# key [MORE]: a new one, as $key.
key() {
	key=$(kms CreateKey "{${1-}}" | jq -r .KeyMetadata.KeyId)
}

# seal TEXT [CONTEXT]: as $blob.
seal() {
	blob=$(kms Encrypt "$(jq -nc --arg k "$key" --arg t "$1" \
	    --argjson c "${2:-{\}}" '{KeyId: $k, Plaintext: ($t | @base64),
	    EncryptionContext: $c}')" | jq -r .CiphertextBlob)
}

# open [CONTEXT]: prints what $blob holds.
open() {
	kms Decrypt "$(jq -nc --arg b "$blob" --argjson c "${1:-{\}}" \
	    '{CiphertextBlob: $b, EncryptionContext: $c}')" >/dev/null &&
		jq -r '.Plaintext | @base64d' "$reply"
}

@test "what is sealed opens with its context alone, whatever its order" {
	key
	seal 'a secret' '{"b":"2","a":"1"}'
	[ "$(base64 -d <<<"$blob" | grep -c 'a secret')" = 0 ]
	[ "$(open '{"a":"1","b":"2"}')" = 'a secret' ]
	open '{"a":"1"}' && return 1
	refused 400 InvalidCiphertextException
	open '{"a":"1","b":"3"}' && return 1
	refused 400 InvalidCiphertextException
	# Where a name ends and a value begins counts too.
	open '{"a":"1b2"}' && return 1
	refused 400 InvalidCiphertextException
	open '{"a1":"b2"}' && return 1
	refused 400 InvalidCiphertextException
	open && return 1
	refused 400 InvalidCiphertextException
}

@test "no byte of what was sealed can be changed" {
	key
	seal 'ten bytes.'
	good=$blob
	size=$(base64 -d <<<"$good" | wc -c)
	for ((i = 0; i < size; i += 3)); do
		blob=$(base64 -d <<<"$good" | od -An -v -tu1 -w1 | awk -v i="$i" \
		    'NR == i + 1 { $1 = ($1 + 1) % 256 }
		    { printf "\\%03o", $1 }' | xargs -0 printf '%b' | base64 -w0)
		if open; then
			echo "byte $i of $size does not count"
			return 1
		fi
		refused 400 InvalidCiphertextException
	done
	blob=$good
	[ "$(open)" = 'ten bytes.' ]
}

@test "keys, their names and what they sealed outlive a crash" {
	own_start
	key '"Description":"d"'
	kms CreateAlias "{\"AliasName\":\"alias/a\",\"TargetKeyId\":\"$key\"}"
	seal 'kept' '{"x":"y"}'
	crash
	own_again
	[ "$(open '{"x":"y"}')" = kept ]
	kms DescribeKey '{"KeyId":"alias/a"}'
	[ "$(jq -r '.KeyMetadata | .KeyId + .Description' "$reply")" = "${key}d" ]
}

@test "a key turns with the clock; what it sealed before still opens" {
	key
	seal old
	kms EnableKeyRotation \
	    "{\"KeyId\":\"$key\",\"RotationPeriodInDays\":90}"
	kms DescribeKey "{\"KeyId\":\"$key\"}"
	first=$(jq -r .KeyMetadata.CurrentKeyMaterialId "$reply")
	lunad_clock 89d
	kms DescribeKey "{\"KeyId\":\"$key\"}"
	[ "$(jq -r .KeyMetadata.CurrentKeyMaterialId "$reply")" = "$first" ]
	lunad_clock 2d
	kms DescribeKey "{\"KeyId\":\"$key\"}"
	[ "$(jq -r .KeyMetadata.CurrentKeyMaterialId "$reply")" != "$first" ]
	[ "$(open)" = old ]
	[ "$(jq -r .KeyMaterialId "$reply")" = "$first" ]
}

@test "a key that is to go rests first, and is gone when its time is" {
	key
	seal x
	kms ScheduleKeyDeletion \
	    "{\"KeyId\":\"$key\",\"PendingWindowInDays\":7}"
	open && return 1
	refused 400 KMSInvalidStateException
	lunad_clock 6d
	kms CancelKeyDeletion "{\"KeyId\":\"$key\"}"
	kms EnableKey "{\"KeyId\":\"$key\"}"
	[ "$(open)" = x ]
	kms ScheduleKeyDeletion \
	    "{\"KeyId\":\"$key\",\"PendingWindowInDays\":7}"
	lunad_clock 7d
	lunad_clock 1s
	kms DescribeKey "{\"KeyId\":\"$key\"}" && return 1
	refused 400 NotFoundException
	open && return 1
	[ "$(sqlite3 "$LUNAD_DIR"/data/*.db "select count(*) from kms_material
	    where key = '$key'")" = 0 ]
}

@test "no key is in another region" {
	key
	status=$(curl -sS --aws-sigv4 aws:amz:eu-central-1:kms \
	    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    -H 'Content-Type: application/x-amz-json-1.1' \
	    -H 'X-Amz-Target: TrentService.DescribeKey' \
	    -d "{\"KeyId\":\"$key\"}" -o "$reply" -w '%{http_code}' \
	    "$AWS_ENDPOINT_URL/")
	[ "$status" = 400 ]
	[ "$(jq -r '.message // .Message' "$reply")" = "Key 'arn:aws:kms:eu-central-1:000000000000:key/$key' does not exist" ]
}

@test "inputs that KMS does not take" {
	key
	while read -r operation body code; do
		kms "$operation" "${body//KEY/$key}" && return 1
		refused 400 "$code"
	done <<-'END'
		Encrypt {"KeyId":"KEY","Plaintext":""} ValidationException
		Encrypt {"KeyId":"KEY","Plaintext":"%"} SerializationException
		Encrypt {"Plaintext":"YQ=="} ValidationException
		Encrypt {"KeyId":"alias/none","Plaintext":"YQ=="} NotFoundException
		GenerateDataKey {"KeyId":"KEY"} ValidationException
		GenerateDataKey {"KeyId":"KEY","KeySpec":"AES_512"} ValidationException
		GenerateDataKey {"KeyId":"KEY","NumberOfBytes":1025} ValidationException
		ScheduleKeyDeletion {"KeyId":"KEY","PendingWindowInDays":6} ValidationException
		EnableKeyRotation {"KeyId":"KEY","RotationPeriodInDays":89} ValidationException
		CreateAlias {"AliasName":"a","TargetKeyId":"KEY"} ValidationException
		PutKeyPolicy {"KeyId":"KEY","Policy":"{}"} MalformedPolicyDocumentException
		CreateKey {"KeySpec":"RSA_2048"} UnsupportedOperationException
		CreateGrant {"KeyId":"KEY"} UnknownOperationException
	END
}
