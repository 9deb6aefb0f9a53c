#!/usr/bin/env bats

load helpers
load servers

setup_file() {
	lunad_start
	aws-call --rest s3 PUT /s3-ls-test >/dev/null
}

teardown_file() {
	lunad_stop
}

teardown() {
	scripted_stop
}

@test "pages follow each other; keys are as they are; prefixes in between" {
	scripted_start <<'END'
>> 200
<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix>a+b</Prefix><EncodingType>url</EncodingType><KeyCount>2</KeyCount><MaxKeys>1000</MaxKeys><Delimiter>/</Delimiter><IsTruncated>true</IsTruncated><NextContinuationToken>1/t+k==</NextContinuationToken><Contents><Key>a+b%01%26%3C</Key><LastModified>2026-11-20T22:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>5497558138880</Size><StorageClass>GLACIER</StorageClass></Contents><Contents><Key>a+bz%2B</Key><Size>0</Size></Contents><CommonPrefixes><Prefix>a+bc/</Prefix></CommonPrefixes></ListBucketResult>
>> 200
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><IsTruncated>false</IsTruncated><Contents><Key>raw%20+</Key><Size>1</Size></Contents></ListBucketResult>
END
	try s3-ls -d / 's3://bucket/a b'
	[ "$status" -eq 0 ]
	[ "$(jq -c 'del(."@metadata")' <<<"$output")" = '{"Bucket":"bucket","Key":"a b\u0001&<","Size":5497558138880,"LastModified":"2026-11-20T22:00:00.000Z","ETag":"\"e\"","StorageClass":"GLACIER"}
{"Bucket":"bucket","Prefix":"a bc/"}
{"Bucket":"bucket","Key":"a bz+","Size":0}
{"Bucket":"bucket","Key":"raw%20+","Size":1}' ]
	[ "$(jq -r '."@metadata".from.s3.Bucket' <<<"$output" | sort -u)" = \
	    bucket ]
	[ "$(scripted_log .path)" = '/bucket/?list-type=2&encoding-type=url&max-keys=1000&prefix=a%20b&delimiter=%2F
/bucket/?list-type=2&encoding-type=url&max-keys=1000&prefix=a%20b&delimiter=%2F&continuation-token=1%2Ft%2Bk%3D%3D' ]
}

@test "-n and --after ask for no more than they print" {
	scripted_start <<'END'
>> 200
<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents><Key>b</Key></Contents><Contents><Key>c</Key></Contents></ListBucketResult>
END
	try s3-ls -n 2 --after a s3://bucket
	[ "$status" -eq 0 ]
	[ "$(jq -r .Key <<<"$output" | paste -sd ' ')" = 'b c' ]
	[ "$(scripted_log .path)" = \
	    '/bucket/?list-type=2&encoding-type=url&max-keys=2&start-after=a' ]
}

@test "a failure on a later page is no success, and keeps what was printed" {
	scripted_start <<'END'
>> 200
<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents><Key>b</Key></Contents></ListBucketResult>
>> 200
<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>u</NextContinuationToken><Contents><Key>c</Key></Contents></ListBucketResult>
>> 403
<Error><Code>AccessDenied</Code><Message>no</Message></Error>
>> 200
<ListBucketResult><IsTruncated>true</IsTruncated>
END
	try s3-ls s3://bucket
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 2 ]
	[[ $stderr == *AccessDenied* ]]
	try s3-ls s3://bucket
	[ "$status" -eq 75 ]
	[[ $stderr == *InvalidReply* ]]
}

@test "a page that would come again and again is not asked for a third time" {
	scripted_start <<'END'
>> 200 repeat=3
<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents><Key>b</Key></Contents></ListBucketResult>
END
	try s3-ls -n 2 s3://bucket
	[ "$status" -eq 0 ]
	scripted_stop
	scripted_start <<'END'
>> 200 repeat=3
<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents><Key>b</Key></Contents></ListBucketResult>
END
	try s3-ls s3://bucket
	[ "$status" -eq 75 ]
	[[ $stderr == *InvalidReply* ]]
	[ "$(scripted_count)" = 2 ]
}

@test "no such bucket: 2; an empty one: nothing; away: 75; usage: 2; --help" {
	scripted_start <<'END'
>> 404
<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>
>> 200 repeat=2
<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>
END
	try s3-ls s3://bucket
	[ "$status" -eq 2 ]
	[[ $stderr == *NoSuchBucket* ]]
	try s3-ls s3://bucket
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	try env -u AWS_SECRET_ACCESS_KEY s3-ls s3://bucket
	[ "$status" -eq 2 ]
	scripted_stop
	try s3-ls s3://bucket
	[ "$status" -eq 75 ]
	try s3-ls bucket
	[ "$status" -eq 2 ]
	[[ $stderr == *s3://* ]]
	try s3-ls
	[ "$status" -eq 2 ]
	try s3-ls --help
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == 'usage: s3-ls '* ]]
}

# A page that is more than a pipe holds.
@test "a full disk is a failure; a reader that has enough ends it quietly" {
	scripted_start < <(
		echo '>> 200 repeat=inf'
		printf '<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>'
		printf '<Contents><Key>b%s</Key></Contents>' {1..5000}
		echo '</ListBucketResult>'
	)
	run -1 bash -c 's3-ls s3://bucket >/dev/full'
	[[ $output == *stdout* ]]
	run -0 bash -c 'set -o pipefail; s3-ls s3://bucket | head -n 2'
	[ "${#lines[@]}" -eq 2 ]
}

@test "an object a record, in the order of keys, below a prefix" {
	local k
	for k in b/2 a 'c d+e%&<ü' b/1/x b/1/y; do
		s3-put --quiet "s3://s3-ls-test/$k" <<<"$k"
	done
	try s3-ls s3://s3-ls-test
	[ "$status" -eq 0 ]
	[ "$(jq -r .Key <<<"$output")" = 'a
b/1/x
b/1/y
b/2
c d+e%&<ü' ]
	[ "$(jq -c 'select(.Key == "a") | [.Bucket, .Size, .ETag,
	    .StorageClass]' <<<"$output")" = \
	    "[\"s3-ls-test\",2,\"\\\"$(md5sum <<<a | cut -d ' ' -f 1)\\\"\",\"STANDARD\"]" ]
	try s3-ls s3://s3-ls-test/b/
	[ "$(jq -r .Key <<<"$output" | paste -sd ' ')" = 'b/1/x b/1/y b/2' ]
	try s3-ls -d / s3://s3-ls-test/b/
	[ "$(jq -r '.Key // .Prefix' <<<"$output" | paste -sd ' ')" = \
	    'b/1/ b/2' ]
	try s3-ls -n 2 --after a s3://s3-ls-test
	[ "$(jq -r .Key <<<"$output" | paste -sd ' ')" = 'b/1/x b/1/y' ]
	try s3-ls s3://s3-ls-test/none
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	try s3-ls s3://s3-ls-test-none
	[ "$status" -eq 2 ]
	[[ $stderr == *NoSuchBucket* ]]
}
