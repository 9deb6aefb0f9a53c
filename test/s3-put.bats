#!/usr/bin/env bats

load helpers
load servers

setup_file() {
	lunad_start
	aws-call --rest s3 PUT /s3-put-test >/dev/null
}

teardown_file() {
	lunad_stop
}

teardown() {
	scripted_stop
}

# megabytes N: so many MiB, no two of which are the same.
megabytes() {
	python3 -c 'import random, sys
r = random.Random(7)
for i in range(int(sys.argv[1])):
    sys.stdout.buffer.write(r.randbytes(1 << 20))' "$1"
}

# The multipart dialogue that a script answers; $1: what UploadPart does.
dialogue() {
	cat <<END
>> 200
<InitiateMultipartUploadResult><UploadId>u/1+</UploadId></InitiateMultipartUploadResult>
${1-}>> 200 repeat=3
ETag: "p"

END
}

operations() {
	scripted_log '"\(.method) \(.path | sub("/bucket/k"; ""))"' | sort |
		paste -sd ' '
}

@test "up to a part is one request, with its checksum, headers and record" {
	scripted_start <<'END'
>> 200
ETag: "e1"
x-amz-version-id: v7

END
	run -0 s3-put -t text/plain -m a=b --header Cache-Control=no-store \
	    --header x-amz-storage-class=STANDARD_IA 's3://bucket/a b' \
	    <<<hello
	[ "$output" = '{"Bucket":"bucket","Key":"a b","Size":6,"ETag":"\"e1\"","ChecksumCRC32":"NjowIA==","VersionId":"v7"}' ]
	[ "$(scripted_log '"\(.method) \(.path) \(.body)"')" = \
	'PUT /bucket/a%20b hello' ]
	[ "$(scripted_log '.headers | [.["content-type"], .["x-amz-meta-a"],
	    .["cache-control"], .["x-amz-storage-class"],
	    .["x-amz-checksum-crc32"], .["if-none-match"]] | tostring')" = \
	    '["text/plain","b","no-store","STANDARD_IA","NjowIA==",null]' ]
	# Over plain http the body is signed.
	[ "$(scripted_log '.headers["x-amz-content-sha256"]')" = \
	    "$(sha256sum <<<hello | cut -d' ' -f1)" ]
}

@test "an empty stdin is an empty object; --quiet prints nothing" {
	scripted_start <<'END'
>> 200
ETag: "e1"

END
	run -0 --separate-stderr s3-put --quiet s3://bucket/k </dev/null
	[ -z "$output$stderr" ]
	[ "$(scripted_log '.headers["content-length"]')" = 0 ]
	[ "$(scripted_log '.headers["x-amz-checksum-crc32"]')" = AAAAAA== ]
}

@test "more goes in parts and is joined under the checksum of the whole" {
	local sum
	{
		dialogue
		cat <<'END'
>> 200
<CompleteMultipartUploadResult><ETag>"e-3"</ETag></CompleteMultipartUploadResult>
END
	} >"$BATS_TEST_TMPDIR/script"
	scripted_start "$BATS_TEST_TMPDIR/script"
	megabytes 20 >"$BATS_TEST_TMPDIR/in"
	sum=$(python3 -c 'import base64, sys, zlib
print(base64.b64encode(zlib.crc32(open(sys.argv[1], "rb").read())
    .to_bytes(4, "big")).decode())' "$BATS_TEST_TMPDIR/in")
	run -0 bash -c "cat '$BATS_TEST_TMPDIR/in' | s3-put -t a/b s3://bucket/k"
	[ "$output" = "{\"Bucket\":\"bucket\",\"Key\":\"k\",\"Size\":20971520,\"ETag\":\"\\\"e-3\\\"\",\"ChecksumCRC32\":\"$sum\"}" ]
	[ "$(operations)" = 'POST ?uploadId=u%2F1%2B POST ?uploads PUT ?partNumber=1&uploadId=u%2F1%2B PUT ?partNumber=2&uploadId=u%2F1%2B PUT ?partNumber=3&uploadId=u%2F1%2B' ]
	[ "$(scripted_log 'select(.path | endswith("?uploads")) | .headers |
	    [.["content-type"], .["x-amz-checksum-algorithm"],
	    .["x-amz-checksum-type"]] | join(" ")')" = \
	    'a/b CRC32 FULL_OBJECT' ]
	[ "$(scripted_log 'select(.path | contains("k?uploadId")) | .headers |
	    [.["x-amz-checksum-crc32"], .["x-amz-checksum-type"],
	    .["x-amz-mp-object-size"]] | join(" ")')" = \
	    "$sum FULL_OBJECT 20971520" ]
	scripted_log 'select(.path | contains("k?uploadId")) | .body' |
		grep -c '<PartNumber>1</.*<PartNumber>2</.*<PartNumber>3</'
}

@test "a part that fails for now is sent again; 8 MiB to the byte is no part" {
	{
		dialogue $'>> 503\n>> 500 reset\n'
		cat <<'END'
>> 200
<CompleteMultipartUploadResult><ETag>"e-3"</ETag></CompleteMultipartUploadResult>
>> 200
ETag: "e1"

END
	} >"$BATS_TEST_TMPDIR/script"
	scripted_start "$BATS_TEST_TMPDIR/script"
	megabytes 20 >"$BATS_TEST_TMPDIR/in"
	run -0 s3-put s3://bucket/k <"$BATS_TEST_TMPDIR/in"
	[ "$(scripted_log 'select(.path | contains("partNumber")) | .path' |
		wc -l)" -eq 5 ]
	megabytes 8 >"$BATS_TEST_TMPDIR/in"
	run -0 s3-put s3://bucket/one <"$BATS_TEST_TMPDIR/in"
	[ "$(scripted_log '"\(.method) \(.path)"' | tail -n 1)" = \
	    'PUT /bucket/one' ]
}

@test "a part that is refused aborts the upload" {
	{
		dialogue $'>> 403\n<Error><Code>AccessDenied</Code><Message>no</Message></Error>\n'
		echo '>> 204 repeat=inf'
	} >"$BATS_TEST_TMPDIR/script"
	scripted_start "$BATS_TEST_TMPDIR/script"
	megabytes 20 >"$BATS_TEST_TMPDIR/in"
	run --separate-stderr s3-put --jobs 1 s3://bucket/k \
	    <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[[ $stderr == *AccessDenied*s3://bucket/k*'part 1'* ]]
	[ "$(scripted_log '"\(.method) \(.path)"' | tail -n 1)" = \
	    'DELETE /bucket/k?uploadId=u%2F1%2B' ]
}

@test "an error within the 200 of the last call is an error" {
	{
		dialogue
		cat <<'END'
>> 200
<?xml version="1.0" encoding="UTF-8"?>

<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>
>> 200
<Error><Code>InvalidPart</Code><Message>One is missing.</Message></Error>
>> 204
END
	} >"$BATS_TEST_TMPDIR/script"
	scripted_start "$BATS_TEST_TMPDIR/script"
	megabytes 20 >"$BATS_TEST_TMPDIR/in"
	run --separate-stderr s3-put s3://bucket/k <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[[ $stderr == *InvalidPart* ]]
	[ "$(scripted_log '"\(.method) \(.path)"' | tail -n 3 | paste -sd ' ')" \
	    = 'POST /bucket/k?uploadId=u%2F1%2B POST /bucket/k?uploadId=u%2F1%2B DELETE /bucket/k?uploadId=u%2F1%2B' ]
}

@test "an abort that fails says what is left, and how to remove it" {
	scripted_start <<'END'
>> 200
<InitiateMultipartUploadResult><UploadId>u/1+</UploadId></InitiateMultipartUploadResult>
>> 400
<Error><Code>BadDigest</Code><Message>no</Message></Error>
>> 403
END
	megabytes 20 >"$BATS_TEST_TMPDIR/in"
	run --separate-stderr s3-put --jobs 1 s3://bucket/k \
	    <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 1 ]
	[[ $stderr == *"aws-call --rest s3 DELETE '/bucket/k?uploadId=u%2F1%2B'"* ]]
	[[ $stderr == *BadDigest* ]]
}

@test "an answer that was lost is made good: the object is there" {
	{
		dialogue
		cat <<'END'
>> 200 reset
>> 404
<Error><Code>NoSuchUpload</Code><Message>none</Message></Error>
>> 200
ETag: "e-3"
x-amz-checksum-crc32: SUM
Content-Length: 20971520

END
	} >"$BATS_TEST_TMPDIR/script"
	megabytes 20 >"$BATS_TEST_TMPDIR/in"
	sed -i "s|SUM|$(python3 -c 'import base64, sys, zlib
print(base64.b64encode(zlib.crc32(open(sys.argv[1], "rb").read())
    .to_bytes(4, "big")).decode())' "$BATS_TEST_TMPDIR/in")|" \
	    "$BATS_TEST_TMPDIR/script"
	scripted_start "$BATS_TEST_TMPDIR/script"
	run -0 --separate-stderr s3-put s3://bucket/k <"$BATS_TEST_TMPDIR/in"
	[[ $output == *'"ETag":"\"e-3\""'* ]]
	[ -z "$stderr" ]
	[ "$(scripted_log '.method' | tail -n 2 | paste -sd ' ')" = 'POST HEAD' ]
}

@test "--new asks for it; what is there already is 1" {
	scripted_start <<'END'
>> 412
<Error><Code>PreconditionFailed</Code><Message>At least one of the pre-conditions you specified did not hold</Message></Error>
END
	run --separate-stderr s3-put --new s3://bucket/k <<<x
	[ "$status" -eq 1 ]
	[[ $stderr == *PreconditionFailed* ]]
	[ "$(scripted_log '.headers["if-none-match"]')" = '*' ]
}

@test "a signal aborts the upload, and nothing is stored" {
	local put
	{
		dialogue
		echo '>> 204 repeat=inf'
	} >"$BATS_TEST_TMPDIR/script"
	scripted_start "$BATS_TEST_TMPDIR/script"
	mkfifo "$BATS_TEST_TMPDIR/in"
	s3-put s3://bucket/k <"$BATS_TEST_TMPDIR/in" \
	    >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	put=$!
	exec 4>"$BATS_TEST_TMPDIR/in"
	megabytes 17 >&4
	until_true parts_came 2
	kill -TERM "$put"
	reap "$put"
	exec 4>&-
	[ "$status" -eq 75 ]
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
	grep Interrupted "$BATS_TEST_TMPDIR/err"
	[ "$(scripted_log .method | tail -n 1)" = DELETE ]
}

parts_came() {
	[ "$(scripted_log '.path' | grep -c partNumber)" -ge "$1" ]
}

@test "stdin that cannot be read stores nothing" {
	scripted_start </dev/null
	run --separate-stderr s3-put s3://bucket/k <"$BATS_TEST_TMPDIR"
	[ "$status" -eq 2 ]
	[[ $stderr == *'stdin: Is a directory'* ]]
	[[ $stderr == *ReadFailed* ]]
	[ "$(scripted_count)" = 0 ]
}

@test "denied: 2; away: 75; no credentials: 2; a full disk: 1; --help" {
	scripted_start <<'END'
>> 404
<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>
>> 200
ETag: "e1"

END
	run --separate-stderr s3-put s3://bucket/k <<<x
	[ "$status" -eq 2 ]
	[[ $stderr == *NoSuchBucket* ]]
	run -1 bash -c 's3-put s3://bucket/k <<<x >/dev/full'
	[[ $output == *stdout* ]]
	run -2 env -u AWS_ACCESS_KEY_ID s3-put s3://bucket/k <<<x
	scripted_stop
	run -75 s3-put s3://bucket/k <<<x
	try s3-put --help
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == 'usage: s3-put '* ]]
}

@test "headers that are no headers, or not the user's, are usage errors" {
	local h
	scripted_start </dev/null
	for h in a =b 'a b=c' Host=x content-length=3 x-amz-checksum-sha256=x \
	    x-amz-server-side-encryption-customer-key=x $'a=b\nc' a=ü; do
		run --separate-stderr s3-put --header "$h" s3://bucket/k <<<x
		[ "$status" -eq 2 ]
		[[ $stderr == *--header* ]]
	done
	run --separate-stderr s3-put -m a s3://bucket/k <<<x
	[ "$status" -eq 2 ]
	[[ $stderr == *--meta* ]]
	[ "$(scripted_count)" = 0 ]
}

head_of() { # head_of KEY: the header lines of the object
	curl -sSI "$(aws-call --rest --presign s3 HEAD "/s3-put-test/$1")" |
		tr -d '\r'
}

uploads() {
	aws-call --rest s3 GET '/s3-put-test?uploads' | jq '[.Upload] |
	    flatten | map(values) | length'
}

@test "what is stored comes back byte for byte, of whatever size" {
	local size k
	cd "$BATS_TEST_TMPDIR"
	megabytes 21 >all
	for size in 0 1 8388607 8388608 8388609 16777216 22020096; do
		head -c "$size" all >in
		for k in file 'pi pe/ü+%&=?#'; do
			[ "$k" = file ] && run -0 s3-put "s3://s3-put-test/$k" <in
			[ "$k" = file ] ||
				run -0 bash -c 'cat in | s3-put --jobs 2 "$@"' \
				    - "s3://s3-put-test/$k"
			[ "$(jq .Size <<<"$output")" = "$size" ]
			[ "$(jq -r .Key <<<"$output")" = "$k" ]
			run -0 bash -c 's3-cat "$@" | cmp - in' - \
			    "s3://s3-put-test/$k"
		done
	done
	[ "$(uploads)" = 0 ]
}

@test "type, metadata and headers are the object's, also of parts" {
	local k
	cd "$BATS_TEST_TMPDIR"
	megabytes 9 >large
	echo small >small
	for k in small large; do
		s3-put --quiet -t text/csv -m colour=red \
		    --header Cache-Control=no-store "s3://s3-put-test/$k" <"$k"
		head_of "$k" >lines
		grep -ix 'content-type: text/csv' lines
		grep -ix 'x-amz-meta-colour: red' lines
		grep -ix 'cache-control: no-store' lines
	done
}

@test "--new stores once, in one request or in parts" {
	local k
	cd "$BATS_TEST_TMPDIR"
	megabytes 9 >large
	echo small >small
	for k in small large; do
		run -0 s3-put --new "s3://s3-put-test/new/$k" <"$k"
		run -1 --separate-stderr s3-put --new \
		    "s3://s3-put-test/new/$k" <"$k"
		[[ $stderr == *PreconditionFailed* ]]
	done
	[ "$(uploads)" = 0 ]
}

@test "parts refused now and then are sent again, those for good abort" {
	cd "$BATS_TEST_TMPDIR"
	megabytes 40 >in
	lunad_fault s3:UploadPart=503:0.3 s3:UploadPart=lost-reply:0.2
	AWS_MAX_ATTEMPTS=20 run -0 s3-put s3://s3-put-test/again <in
	lunad_fault
	run -0 bash -c 's3-cat s3://s3-put-test/again | cmp - in'
	lunad_fault s3:UploadPart=denied
	run -2 --separate-stderr s3-put s3://s3-put-test/denied <in
	lunad_fault
	[[ $stderr == *AccessDenied* ]]
	[ "$(uploads)" = 0 ]
	run -1 s3-cat s3://s3-put-test/denied
}

@test "the last answer lost: the object is there once, and it is said so" {
	cd "$BATS_TEST_TMPDIR"
	megabytes 9 >in
	lunad_fault s3:CompleteMultipartUpload=lost-reply:0.5
	AWS_MAX_ATTEMPTS=20 run -0 s3-put --new s3://s3-put-test/lost <in
	lunad_fault s3:PutObject=lost-reply:0.5
	AWS_MAX_ATTEMPTS=20 run -0 s3-put --new s3://s3-put-test/lost1 <<<x
	lunad_fault
	run -0 bash -c 's3-cat s3://s3-put-test/lost | cmp - in'
}

@test "a signal leaves neither an object nor an upload" {
	local put
	cd "$BATS_TEST_TMPDIR"
	mkfifo in
	s3-put s3://s3-put-test/signal <in >out 2>err 3>&- &
	put=$!
	exec 4>in
	megabytes 17 >&4
	until_true upload_there
	kill -TERM "$put"
	reap "$put"
	exec 4>&-
	[ "$status" -eq 75 ]
	[ "$(uploads)" = 0 ]
	run -1 s3-cat s3://s3-put-test/signal
}

upload_there() {
	[ "$(uploads)" = 1 ]
}
