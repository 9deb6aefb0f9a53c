#!/usr/bin/env bats
# Where requests to S3 go: hosts, regions, paths and what is signed, as AWS's
# own endpoints see it.

load helpers
load servers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	[ -z "${TUNNEL-}" ] || kill "$TUNNEL"
	scripted_stop
}

# aws_start: a server behind AWS's names for S3 that answers what the script on
# stdin says.
aws_start() {
	local names=DNS:s3.eu-west-1.amazonaws.com url
	names+=",DNS:*.s3.eu-west-1.amazonaws.com"
	names+=",DNS:*.s3.eu-central-1.amazonaws.com"
	names+=",DNS:*.s3.dualstack.eu-west-1.amazonaws.com"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -days 2 -subj /CN=luna -addext "subjectAltName=$names" \
	    -keyout key -out cert 2>/dev/null
	scripted_start -t cert key
	unset AWS_ENDPOINT_URL NO_PROXY
	mkfifo tunnel
	python3 "$BATS_TEST_DIRNAME/servers/tunnel.py" "${SCRIPTED_URL##*:}" \
	    >tunnel 2>/dev/null 3>&- &
	TUNNEL=$!
	read -r url <tunnel
	export https_proxy=$url AWS_CA_BUNDLE=$PWD/cert
}

hosts() {
	scripted_log '"\(.headers.host)\(.path)"'
}

@test "a bucket is a host; one that cannot be is in the path" {
	aws_start <<'END'
>> 200 repeat=inf
ETag: "e1"

x
END
	try s3-cat s3://my-bucket/a/../b//c s3://my.bucket/k s3://My_Bucket/k \
	    s3://my-bucket//k
	[ "$status" -eq 0 ]
	[ "$output" = xxxx ]
	[ "$(hosts | sort)" = "$(sort <<'END'
my-bucket.s3.eu-west-1.amazonaws.com/a/../b//c
s3.eu-west-1.amazonaws.com/my.bucket/k
s3.eu-west-1.amazonaws.com/My_Bucket/k
my-bucket.s3.eu-west-1.amazonaws.com//k
END
)" ]
	AWS_USE_DUALSTACK_ENDPOINT=true try s3-cat s3://my-bucket/k
	[ "$(hosts | tail -n 1)" = \
	    my-bucket.s3.dualstack.eu-west-1.amazonaws.com/k ]
}

@test "a bucket in another region is found, and asked there from then on" {
	aws_start <<'END'
>> 301
x-amz-bucket-region: eu-central-1

<Error><Code>PermanentRedirect</Code><Message>moved</Message></Error>
>> 200
<ListBucketResult><NextContinuationToken>t</NextContinuationToken><Contents><Key>a</Key></Contents></ListBucketResult>
>> 200
<ListBucketResult><Contents><Key>b</Key></Contents></ListBucketResult>
END
	try s3-ls s3://bucket
	[ "$status" -eq 0 ]
	[ "$(jq -r .Key <<<"$output" | paste -sd ' ')" = 'a b' ]
	[ "$(scripted_log .headers.host)" = 'bucket.s3.eu-west-1.amazonaws.com
bucket.s3.eu-central-1.amazonaws.com
bucket.s3.eu-central-1.amazonaws.com' ]
	[ "$(scripted_log '.headers.authorization | split("/") | .[2]' |
		paste -sd ' ')" = 'eu-west-1 eu-central-1 eu-central-1' ]
}

@test "s3-cat and s3-put find it, too" {
	aws_start <<'END'
>> 400
x-amz-bucket-region: eu-central-1

<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region is wrong</Message></Error>
>> 200
ETag: "e1"

found
>> 307
x-amz-bucket-region: eu-central-1

<Error><Code>TemporaryRedirect</Code><Message>moved</Message></Error>
>> 200
ETag: "e2"

>> 301
x-amz-bucket-region: eu-central-1

<Error><Code>PermanentRedirect</Code><Message>moved</Message></Error>
>> 200
<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>
>> 200 repeat=2
ETag: "p"

>> 200
<CompleteMultipartUploadResult><ETag>"e3"</ETag></CompleteMultipartUploadResult>
END
	try s3-cat s3://bucket/k
	[ "$status" -eq 0 ]
	[ "$output" = found ]
	run -0 s3-put s3://bucket/k <<<x
	[[ $output == *e2* ]]
	head -c 9000000 /dev/zero >in
	run -0 s3-put s3://bucket/k <in
	[[ $output == *e3* ]]
	[ "$(scripted_log .headers.host | sort | uniq -c | awk '{ print $1 }' |
		paste -sd ' ')" = '6 3' ]
}

@test "a bucket that moves twice is not followed for ever" {
	aws_start <<'END'
>> 301
x-amz-bucket-region: eu-central-1

<Error><Code>PermanentRedirect</Code><Message>moved</Message></Error>
>> 301 repeat=inf
x-amz-bucket-region: eu-west-1

<Error><Code>PermanentRedirect</Code><Message>moved</Message></Error>
END
	try s3-cat s3://bucket/k
	[ "$status" -eq 2 ]
	[[ $stderr == *'use --region eu-west-1'* ]]
	[ "$(scripted_count)" = 2 ]
}

@test "over TLS the object is not hashed but by its checksum" {
	aws_start <<'END'
>> 200
ETag: "e1"

END
	run -0 s3-put s3://bucket/k <<<hello
	[ "$(scripted_log '.headers | .["x-amz-content-sha256"] + " " +
	    .["x-amz-checksum-crc32"]')" = 'UNSIGNED-PAYLOAD NjowIA==' ]
}
