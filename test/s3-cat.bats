#!/usr/bin/env bats

load helpers
load servers

setup_file() {
	lunad_start
	aws-call --rest s3 PUT /s3-cat-test >/dev/null
}

teardown_file() {
	lunad_stop
}

teardown() {
	scripted_stop
}

# crc TEXT: its x-amz-checksum-crc32.
crc() {
	python3 -c 'import base64, sys, zlib
print(base64.b64encode(zlib.crc32(sys.argv[1].encode()).to_bytes(4, "big"))
    .decode())' "$1"
}

@test "a small object is one request, and its checksum is compared" {
	scripted_start <<END
>> 200
ETag: "e1"
x-amz-checksum-crc32: $(crc 0123456789)
x-amz-checksum-type: FULL_OBJECT

0123456789
END
	try s3-cat -v 's3://bucket/a b/ü+%'
	[ "$status" -eq 0 ]
	[ "$output" = 0123456789 ]
	[ "$(scripted_log '"\(.method) \(.path)"')" = \
	    'GET /bucket/a%20b/%C3%BC%2B%25' ]
	[ "$(scripted_log '.headers["x-amz-checksum-mode"]')" = ENABLED ]
	[[ $stderr != *'no checksum of the whole'* ]]
}

@test "what is not what was stored is a failure that the status tells" {
	scripted_start <<END
>> 200
ETag: "e1"
x-amz-checksum-crc32: $(crc 0123456788)

0123456789
>> 200
never
END
	try s3-cat --jobs 1 s3://bucket/k s3://bucket/next
	[ "$status" -eq 1 ]
	[ "$output" = 0123456789 ]
	[[ $stderr == *ChecksumMismatch*s3://bucket/k* ]]
	[ "$(scripted_count)" = 1 ]
}

# parts: what S3 answers for an object of two parts, in two pages: the object,
# then its parts.
parts() {
	cat <<END
>> 200
ETag: "e1-2"
x-amz-checksum-crc32: $(crc x)-2
x-amz-checksum-type: COMPOSITE

$1
>> 200
<GetObjectAttributesResponse><ETag>e1-2</ETag><ObjectParts><PartsCount>2</PartsCount><PartNumberMarker>0</PartNumberMarker><NextPartNumberMarker>1</NextPartNumberMarker><IsTruncated>true</IsTruncated><Part><PartNumber>1</PartNumber><Size>4</Size><ChecksumCRC32>$(crc 0123)</ChecksumCRC32></Part></ObjectParts></GetObjectAttributesResponse>
>> 200
<GetObjectAttributesResponse><ETag>e1-2</ETag><ObjectParts><IsTruncated>false</IsTruncated><Part><PartNumber>2</PartNumber><Size>6</Size><ChecksumCRC32>$(crc 456789)</ChecksumCRC32></Part></ObjectParts></GetObjectAttributesResponse>
END
}

@test "where the checksum is of parts, each part is compared" {
	{
		parts 0123456789
		parts 0123456788
		parts 0133456789
	} >"$BATS_TEST_TMPDIR/script"
	scripted_start "$BATS_TEST_TMPDIR/script"
	try s3-cat -v s3://bucket/k
	[ "$status" -eq 0 ]
	[ "$output" = 0123456789 ]
	[[ $stderr != *'no checksum'* ]]
	[ "$(scripted_log '"\(.path) \(.headers["x-amz-part-number-marker"])"' |
		paste -sd ' ')" = '/bucket/k null /bucket/k?attributes null /bucket/k?attributes 1' ]
	try s3-cat s3://bucket/k
	[ "$status" -eq 1 ]
	[[ $stderr == *ChecksumMismatch* ]]
	try s3-cat s3://bucket/k
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[[ $stderr == *ChecksumMismatch* ]]
}

@test "a page of parts that comes again and again is asked for no third time" {
	local page
	page=$(parts 0123456789 | grep 'IsTruncated>true')
	{
		parts 0123456789 | sed '/IsTruncated>false/d'
		printf '%s\n>> 200\n%s\n' "$page" "$page"
	} >"$BATS_TEST_TMPDIR/script"
	scripted_start "$BATS_TEST_TMPDIR/script"
	try s3-cat -v s3://bucket/k
	[ "$status" -eq 0 ]
	[ "$output" = 0123456789 ]
	[[ $stderr == *'no checksum of the whole'* ]]
	[ "$(scripted_count)" = 3 ]
}

@test "a checksum of parts that are not told, or none, is said by -v" {
	scripted_start <<END
>> 200
ETag: "e1-2"
x-amz-checksum-crc32: $(crc x)-2
x-amz-checksum-type: COMPOSITE

0123456789
>> 403
<Error><Code>AccessDenied</Code><Message>no</Message></Error>
>> 200
ETag: "e1"

0123456789
END
	try s3-cat s3://bucket/k
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	try s3-cat -v s3://bucket/k
	[ "$status" -eq 0 ]
	[[ $stderr == *'no checksum of the whole'* ]]
}

@test "the checksums that other clients store are compared as well" {
	scripted_start <<'END'
>> 200
ETag: "e1"
x-amz-checksum-crc64nvme: rosUhgp5mIg=

123456789
>> 200
ETag: "e1"
x-amz-checksum-crc32c: 4waSgw==

123456789
>> 200
ETag: "e1"
x-amz-checksum-crc64nvme: rosUhgp5mIg=

12345678
END
	try s3-cat -v s3://bucket/k
	[ "$status" -eq 0 ]
	[[ $stderr != *'no checksum'* ]]
	try s3-cat -v s3://bucket/k
	[ "$status" -eq 0 ]
	[[ $stderr != *'no checksum'* ]]
	try s3-cat s3://bucket/k
	[ "$status" -eq 1 ]
	[[ $stderr == *ChecksumMismatch* ]]
}

@test "a transfer that is cut goes on where it was, with the same object" {
	scripted_start <<END
>> 200 truncate=4
ETag: "e1"
x-amz-checksum-crc32: $(crc 0123456789)

0123456789
>> 206 truncate=3
ETag: "e1"
Content-Range: bytes 4-9/10

456789
>> 503
>> 206
ETag: "e1"
Content-Range: bytes 7-9/10

789
END
	try s3-cat s3://bucket/k
	[ "$status" -eq 0 ]
	[ "$output" = 0123456789 ]
	[ "$(scripted_log '.headers.range // "-"' | paste -sd ' ')" = \
	    '- bytes=4-9 bytes=7-9 bytes=7-9' ]
	[ "$(scripted_log '.headers["if-match"] // "-"' | paste -sd ' ')" = \
	    '- "e1" "e1" "e1"' ]
}

@test "bytes that move count as progress: more cuts than attempts" {
	scripted_start <<'END'
>> 200 truncate=1
ETag: "e1"

01234
>> 206 truncate=1
ETag: "e1"
Content-Range: bytes 1-4/5

1234
>> 206 truncate=1
ETag: "e1"
Content-Range: bytes 2-4/5

234
>> 206 truncate=1
ETag: "e1"
Content-Range: bytes 3-4/5

34
>> 206
ETag: "e1"
Content-Range: bytes 4-4/5

4
END
	try s3-cat s3://bucket/k
	[ "$status" -eq 0 ]
	[ "$output" = 01234 ]
}

@test "an object that was replaced meanwhile is not mixed with the old one" {
	scripted_start <<'END'
>> 200 truncate=4
ETag: "e1"

0123456789
>> 412
<Error><Code>PreconditionFailed</Code><Message>no</Message></Error>
>> 200 truncate=4
ETag: "e1"

0123456789
>> 206
ETag: "e2"
Content-Range: bytes 4-9/10

abcdef
>> 200 truncate=4
ETag: "e1"

0123456789
>> 206
ETag: "e1"
Content-Range: bytes 0-9/10

0123456789
END
	try s3-cat s3://bucket/k
	[ "$status" -eq 75 ]
	[ "$output" = 0123 ]
	[[ $stderr == *ObjectChanged*s3://bucket/k* ]]
	try s3-cat s3://bucket/k
	[ "$status" -eq 75 ]
	[ "$output" = 0123 ]
	[[ $stderr == *ObjectChanged* ]]
	try s3-cat s3://bucket/k
	[ "$status" -eq 75 ]
	[ "$output" = 0123 ]
	[[ $stderr == *InvalidReply* ]]
}

@test "denied: 2; away: 75; refused with HTML: one line each" {
	scripted_start <<'END'
>> 403
<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>
>> 503 repeat=3
<Error><Code>SlowDown</Code><Message>slower</Message></Error>
>> 400
<html>no</html>
END
	try s3-cat s3://bucket/k
	[ "$status" -eq 2 ]
	[[ $stderr == 's3-cat: AccessDenied: s3://bucket/k: Access Denied'* ]]
	try s3-cat s3://bucket/k
	[ "$status" -eq 75 ]
	[[ $stderr == *SlowDown* ]]
	try s3-cat s3://bucket/k
	[ "$status" -eq 1 ]
	[[ $stderr == *HTTP400* ]]
	scripted_stop
	try s3-cat s3://bucket/k
	[ "$status" -eq 75 ]
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
}

@test "an address that is none is a usage error, and nothing is asked" {
	local a
	scripted_start </dev/null
	for a in bucket/k s3://bucket s3://bucket/ s3://b/k 's3://bu cket/k' \
	    s3://arn:aws:s3:eu-west-1:1:accesspoint/a/k \
	    s3://zone--use1-az4--x-s3/k "s3://bucket/$(printf '%01025d' 1)" \
	    $'s3://bucket/\xff'; do
		try s3-cat "$a"
		[ "$status" -eq 2 ]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
		# Not even the first of two, when the second is none.
		try s3-cat s3://bucket/k "$a"
		[ "$status" -eq 2 ]
	done
	[ "$(scripted_count)" = 0 ]
}

@test "without credentials nothing is tried; --help" {
	scripted_start </dev/null
	unset AWS_ACCESS_KEY_ID
	try s3-cat s3://bucket/k
	[ "$status" -eq 2 ]
	[[ $stderr == *NoCredentials* ]]
	[ "$(scripted_count)" = 0 ]
	try s3-cat --help
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == 'usage: s3-cat '* ]]
}

@test "a bucket elsewhere at an endpoint of one's own: a line names the region" {
	scripted_start <<'END'
>> 301
x-amz-bucket-region: eu-central-1

<Error><Code>PermanentRedirect</Code><Message>moved</Message></Error>
END
	try s3-cat s3://bucket/k
	[ "$status" -eq 2 ]
	[[ $stderr == *PermanentRedirect*'use --region eu-central-1'* ]]
}

@test "a full disk is a failure; a reader that has enough ends it quietly" {
	scripted_start <<'END'
>> 200 repeat=inf
ETag: "e1"

0123456789
END
	run -1 bash -c 's3-cat s3://bucket/k >/dev/full'
	[[ $output == *stdout* ]]
	run -0 bash -c 'set -o pipefail; s3-cat s3://bucket/{1..40} | head -c 5'
	[ "$output" = 01234 ]
}

@test "an object of two parts is whole, also by one request at a time" {
	local jobs
	for jobs in 1 2 8; do
		scripted_start <<'END'
>> 200 eval
ETag: "e1"

"0123456789abcdef" * 655360
>> 206 eval
ETag: "e1"
Content-Range: bytes 8388608-10485759/10485760

"0123456789abcdef" * 131072
END
		run -0 bash -c "set -o pipefail
		    s3-cat --jobs $jobs s3://bucket/k | cksum"
		echo "$output"
		[ "$output" = "$(yes 0123456789abcdef | tr -d '\n' |
			head -c 10485760 | cksum)" ]
		[ "$(scripted_log '.headers.range // "-"' | paste -sd ' ')" = \
		    '- bytes=8388608-10485759' ]
	done
}

# megabytes N: so many MiB, no two of which are the same.
megabytes() {
	python3 -c 'import random, sys
r = random.Random(int(sys.argv[1]))
for i in range(int(sys.argv[1])):
    sys.stdout.buffer.write(r.randbytes(1 << 20))' "$1"
}

@test "objects come one after the other, large and small, whatever arrives first" {
	local i address=()
	cd "$BATS_TEST_TMPDIR"
	megabytes 21 >large
	megabytes 17 >second
	: >empty
	for i in large second empty; do
		s3-put --quiet "s3://s3-cat-test/$i" <"$i"
	done
	for i in {1..20}; do
		echo "small $i" >"s$i"
		s3-put --quiet "s3://s3-cat-test/s$i" <"s$i"
	done
	for i in s1 large s2 empty s3 s4 second s5 s6 s7 s8 large s{9..20}; do
		address+=("s3://s3-cat-test/$i")
		cat "$i" >>expected
	done
	for i in '--jobs 1' '--jobs 3 --memory 1' '' '--jobs 40 --memory 1G'; do
		# shellcheck disable=SC2086  # options are words
		run -0 --separate-stderr bash -c 's3-cat "$@" | cmp - expected' \
		    - $i "${address[@]}"
		[ -z "$stderr" ]
	done
}

@test "with answers cut, reset and refused on the way every byte comes once" {
	cd "$BATS_TEST_TMPDIR"
	megabytes 40 >in
	s3-put --quiet s3://s3-cat-test/cut <in
	lunad_fault s3:GetObject=truncate:0.4 s3:GetObject=reset:0.2 \
	    s3:GetObject=503:0.2
	AWS_MAX_ATTEMPTS=20 run -0 bash -c 's3-cat s3://s3-cat-test/cut |
	    cmp - in'
	lunad_fault
}

@test "an object that is not there: 1, and nothing after it; no bucket: 2" {
	s3-put --quiet s3://s3-cat-test/there <<<there
	try s3-cat --jobs 1 s3://s3-cat-test/there s3://s3-cat-test/none \
	    s3://s3-cat-test/there
	[ "$status" -eq 1 ]
	[ "$output" = there ]
	[[ $stderr == 's3-cat: NoSuchKey: s3://s3-cat-test/none: '* ]]
	try s3-cat s3://s3-cat-test-none/k
	[ "$status" -eq 2 ]
	[[ $stderr == *NoSuchBucket* ]]
}

@test "a signal ends it for another time, also while nobody reads" {
	local cat n
	cd "$BATS_TEST_TMPDIR"
	megabytes 21 >in
	s3-put --quiet s3://s3-cat-test/signal <in
	mkfifo out
	s3-cat s3://s3-cat-test/signal >out 2>err 3>&- &
	cat=$!
	exec 4<out
	# It writes until the pipe is full.
	read -rN 1 -u 4 n || true
	until_true blocked "$cat"
	kill -TERM "$cat"
	reap "$cat"
	exec 4<&-
	[ "$status" -eq 75 ]
	grep Interrupted err
}

# Is the process waiting in a write to its stdout?
blocked() {
	[[ $(cat "/proc/$1/wchan") == *pipe_write* ]]
}

@test "the time limit is for standing still, not for the whole" {
	scripted_start <<'END'
>> 200 drip=0.002 eval
ETag: "e1"

"0123456789" * 220
>> 200 delay=20
ETag: "e1"

late
>> 200 repeat=inf
ETag: "e1"

in time
END
	try s3-cat --timeout 4 s3://bucket/k
	[ "$status" -eq 0 ]
	[ "${#output}" -eq 2200 ]
	[ "$(scripted_count)" = 1 ]
	try s3-cat -v --timeout 1 s3://bucket/k
	[ "$status" -eq 0 ]
	[ "$output" = 'in time' ]
	[[ $stderr == *Timeout* ]]
}
