# S3 of lunad. Requests byte by byte: s3_wire.py beside this file; every
# operation through another's client: test/interop/boto3_s3.py.
load helpers
load cases

setup_file() { lunad_start; }
teardown_file() { lunad_stop; }

setup() {
	load signed
	cd "$BATS_TEST_TMPDIR" || return 1
	reply=$BATS_TEST_TMPDIR/reply
	b=bucket-$BATS_TEST_NUMBER
}

teardown() {
	own_stop
}

# s3 METHOD PATH [CURL-OPTION…]: signed by curl; the body's hash is not. An
# own -o takes the reply's place.
s3() {
	local method=$1 path=$2 status
	shift 2
	: >"$reply"
	status=$(curl -sS --path-as-is -X "$method" "$@" \
	    --aws-sigv4 aws:amz:us-east-1:s3 \
	    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' -D "$headers" \
	    -o "$reply" -w '%{http_code}' "$AWS_ENDPOINT_URL/$path") || return
	cat "$reply"
	[[ $status == 2* ]]
}

# noise BYTES: a file of that name and size, not compressible.
noise() {
	openssl enc -aes-128-ctr -K 00 -iv 00 </dev/zero 2>/dev/null |
		head -c "$1" >"noise.$1"
}

# files: how many lunad has beside its store.
files() {
	find "$LUNAD_DIR/data/s3" -type f | wc -l
}

@test "requests as they stand on the wire: chunks, trailers, paths, hosts" {
	run python3 "$top/test/s3_wire.py" "$AWS_ENDPOINT_URL"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep -c '^ok' <<<"$output")" -ge 11 ]
}

@test "an answered object survives kill -9, a cut-off one leaves nothing" {
	own_start
	noise 3000000
	noise 100
	s3 PUT "$b"
	s3 PUT "$b/large" -T noise.3000000
	s3 PUT "$b/small" -T noise.100
	s3 POST "$b/parts?uploads=" -d ''
	upload=$(element UploadId)
	s3 PUT "$b/parts?partNumber=1&uploadId=$upload" -T noise.3000000
	s3 PUT "$b/cut" -T <(exec 3>&-; head -c 9000000 /dev/zero; sleep 60) \
	    -H 'Content-Length: 10000000' -H 'Transfer-Encoding:' &
	curl=$!
	until [ "$(files)" = 3 ]; do sleep 0.02; done
	lunad_again
	kill "$curl" 2>/dev/null || true
	s3 GET "$b/large" >/dev/null
	cmp "$reply" noise.3000000
	s3 GET "$b/small" >/dev/null
	cmp "$reply" noise.100
	s3 GET "$b/cut" && return 1
	refused 404 NoSuchKey
	[ "$(files)" = 2 ]
	s3 GET "$b/parts?uploadId=$upload"
	[ "$(element PartNumber)" = 1 ]
}

@test "what was overwritten or removed leaves no file" {
	own_start
	noise 200000
	s3 PUT "$b"
	s3 PUT "$b/k" -T noise.200000
	s3 PUT "$b/k" -T noise.200000
	s3 POST "$b/k?uploads=" -d ''
	upload=$(element UploadId)
	for n in 1 1 2; do
		s3 PUT "$b/k?partNumber=$n&uploadId=$upload" -T noise.200000
	done
	wait_for 3
	s3 DELETE "$b/k?uploadId=$upload"
	wait_for 1
	s3 DELETE "$b/k"
	wait_for 0
	s3 DELETE "$b"
}

# wait_for FILES: that there are so many; fails after 10 s.
wait_for() {
	local i
	for ((i = 0; i < 500; i++)); do
		[ "$(files)" = "$1" ] && return
		sleep 0.02
	done
	echo "$(files) files, not $1"
	return 1
}

@test "what is being read stays, though it is overwritten meanwhile" {
	own_start
	noise 30000000
	s3 PUT "$b"
	s3 PUT "$b/k" -T noise.30000000
	mkfifo pipe
	s3 GET "$b/k" -o pipe &
	exec 5<pipe
	head -c 1000 <&5 >got
	s3 PUT "$b/k" -d ''
	wait_for 0
	cat <&5 >>got
	exec 5<&-
	cmp got noise.30000000
}

@test "large objects are in no memory, and others are answered meanwhile" {
	own_start
	s3 PUT "$b"
	rss() { awk '/^VmHWM/ { print $2 }' "/proc/$LUNAD_PID/status"; }
	before=$(rss)
	head -c 400000000 /dev/zero |
		s3 PUT "$b/k" -T - -H 'Content-Length: 400000000' \
		    -H 'Transfer-Encoding:' -o put &
	put=$!
	n=0
	while kill -0 "$put" 2>/dev/null; do
		curl -sSf -o health "$AWS_ENDPOINT_URL/_luna/health"
		n=$((n + 1))
	done
	wait "$put"
	s3 GET "$b/k" -o /dev/null
	grep -i '^content-length: 400000000' "$headers"
	after=$(rss)
	echo "asked $n times; $before kB before, $after kB after"
	[ "$n" -ge 2 ]
	[ $((after - before)) -lt 16384 ]
}

@test "faults: throttled, failed, denied, cut short, lost" {
	own_start --fault 's3:GetObject=throttle:x1' \
	    --fault 's3:PutObject=500:x1' --fault 's3:DeleteObject=denied:x1' \
	    --fault 's3:HeadBucket=expire:x1' \
	    --fault 's3:ListObjects=503:x1' \
	    --fault 's3:GetObjectTagging=garbage:x1' \
	    --fault 's3:CopyObject=lost-reply:x1' \
	    --fault 's3:HeadObject=wrong-md5:x1' \
	    --fault 's3:DeleteObjects=refuse:bad'
	noise 200000
	s3 PUT "$b"
	s3 PUT "$b/k" -T noise.200000 && return 1
	refused 500 InternalError
	s3 PUT "$b/k" -T noise.200000
	s3 GET "$b/k" && return 1
	refused 503 SlowDown
	s3 DELETE "$b/k" && return 1
	refused 403 AccessDenied
	s3 GET "$b" && return 1
	refused 503 ServiceUnavailable
	s3 GET "$b/k?tagging="
	grep -q neither "$reply"
	s3 PUT "$b/copy" -H "x-amz-copy-source: $b/k" && return 1
	s3 GET "$b/copy" >/dev/null
	cmp "$reply" noise.200000
	etag() {
		s3 HEAD "$b/k" -I >/dev/null
		sed -n 's/^ETag: "\(.*\)".*/\1/Ip' "$headers"
	}
	[ "$(etag)" != "$(md5sum <noise.200000 | cut -c -32)" ]
	[ "$(etag)" = "$(md5sum <noise.200000 | cut -c -32)" ]
	printf '<Delete><Object><Key>copy</Key></Object><Object><Key>bad</Key></Object></Delete>' >delete
	s3 POST "$b?delete=" --data-binary @delete \
	    -H "Content-MD5: $(openssl dgst -md5 -binary delete | base64)"
	[ "$(element Key | xargs) $(element Code)" = 'copy bad AccessDenied' ]
}

@test "a truncated answer is cut in its middle, a slow one comes bytewise" {
	own_start --fault 's3:GetObject=truncate:x1'
	noise 200000
	s3 PUT "$b"
	s3 PUT "$b/k" -T noise.200000
	s3 GET "$b/k" >/dev/null && return 1
	[ "$(wc -c <"$reply")" = 100000 ]
	head -c 100000 noise.200000 | cmp - "$reply"
	s3 GET "$b/k" >/dev/null
	cmp "$reply" noise.200000
}

@test "objects expire and uploads end as the lifecycle says, in virtual time" {
	own_start --clock 2030-01-01T12:00:00Z
	s3 PUT "$b"
	for key in logs/a logs/b logs/d keep/a log logs0 zoo; do
		s3 PUT "$b/$key" -d a
	done
	s3 POST "$b/logs/u?uploads=" -d ''
	s3 PUT "$b?lifecycle=" -d '<LifecycleConfiguration><Rule>
	<ID>x</ID><Filter><Prefix>logs/</Prefix></Filter>
	<Status>Enabled</Status><Expiration><Days>2</Days></Expiration>
	<AbortIncompleteMultipartUpload>
	<DaysAfterInitiation>3</DaysAfterInitiation>
	</AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>'
	s3 GET "$b?lifecycle="
	[ "$(element Days)" = 2 ]
	advance() {
		curl -sS -d "{\"advance\":\"$1\"}" "$AWS_ENDPOINT_URL/_luna/clock"
	}
	advance 59h
	s3 GET "$b/logs/a"
	s3 PUT "$b/logs/c" -d young
	advance 2h
	s3 GET "$b/logs/a" && return 1
	refused 404 NoSuchKey
	s3 GET "$b?list-type=2"
	[ "$(element Key | paste -sd ' ')" = 'keep/a log logs/c logs0 zoo' ]
	s3 GET "$b?uploads="
	[ "$(element Key)" = logs/u ]
	advance 24h
	s3 GET "$b?uploads="
	[ "$(element Key)" = '' ]
	s3 PUT "$b?lifecycle=" -d '<LifecycleConfiguration><Rule>
	<Status>Enabled</Status><Filter/><Transition><Days>2</Days>
	<StorageClass>GLACIER</StorageClass></Transition></Rule>
	</LifecycleConfiguration>' && return 1
	refused 501 NotImplemented
}

@test "a reset takes the files too" {
	own_start
	noise 200000
	s3 PUT "$b"
	s3 PUT "$b/k" -T noise.200000
	curl -sS -X POST "$AWS_ENDPOINT_URL/_luna/reset"
	[ "$(files)" = 0 ]
	s3 PUT "$b"
	s3 GET "$b"
	[ "$(element Key)" = '' ]
}

@test "other services read what is committed, and write" {
	own_start
	noise 200000
	noise 10
	s3 PUT "$b"
	for k in a/1 a/2 b; do
		s3 PUT "$b/$k" -T noise.200000
	done
	s3 POST "$b/m?uploads=" -d ''
	upload=$(element UploadId)
	s3 PUT "$b/m?partNumber=1&uploadId=$upload" -T noise.200000
	etag=$(sed -n 's/^ETag: "\(.*\)".*/\1/Ip' "$headers")
	s3 POST "$b/m?uploadId=$upload" -d "<CompleteMultipartUpload><Part>
	<PartNumber>1</PartNumber><ETag>$etag</ETag></Part>
	</CompleteMultipartUpload>"
	kill "$LUNAD_PID"
	wait "$LUNAD_PID" || true
	unit() { "$(program lunad_s3)" "$LUNAD_DIR/data" "$@"; }
	[ "$(unit list "$b" a/ | cut -d ' ' -f 1 | xargs)" = 'a/1 a/2' ]
	[ "$(unit list "$b" '' | wc -l)" = 4 ]
	unit read "$b" m | cmp - noise.200000
	run unit read "$b" none
	[ "$status" = 3 ]
	run unit list nowhere ''
	[ "$status" = 2 ]
	unit write "$b" r/1.csv text/csv <noise.200000
	unit write "$b" r/2.csv text/csv <noise.10
	unit read "$b" r/1.csv | cmp - noise.200000
	unit read "$b" r/2.csv | cmp - noise.10
	[ "$(unit write nowhere k text/csv <noise.10)" = '404 NoSuchBucket' ]
	[ "$(files)" = 5 ]
}

@test "CloudFormation makes, changes and removes buckets and their policies" {
	cat >t.yaml <<'YAML'
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - ServerSideEncryptionByDefault: {SSEAlgorithm: AES256}
      PublicAccessBlockConfiguration: {BlockPublicAcls: true}
      OwnershipControls:
        Rules: [{ObjectOwnership: BucketOwnerEnforced}]
      LifecycleConfiguration:
        Rules: [{Id: r, Status: Enabled, ExpirationInDays: 7, Prefix: tmp/}]
      Tags: [{Key: app, Value: clickstream}]
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument:
        Statement: [{Effect: Deny, Principal: '*', Action: 's3:*',
          Resource: !Sub '${Bucket.Arn}/*'}]
Outputs:
  Name: {Value: !Ref Bucket}
  Arn: {Value: !GetAtt Bucket.Arn}
  Domain: {Value: !GetAtt Bucket.RegionalDomainName}
YAML
	cfn-deploy s3-stack t.yaml >events
	out() { jq -rs --arg k "$1" 'map(.Outputs // empty | .[$k]) | last' events; }
	bucket=$(aws-call cloudformation DescribeStacks StackName=s3-stack |
		jq -r '.Stacks[0].Outputs[] | select(.OutputKey == "Name").OutputValue')
	[[ $bucket == s3-stack-bucket-* ]]
	[ "$bucket" = "${bucket,,}" ]
	s3 GET "$bucket?tagging="
	[ "$(element Key) $(element Value)" = 'app clickstream' ]
	s3 GET "$bucket?publicAccessBlock="
	[ "$(element BlockPublicAcls)" = true ]
	s3 GET "$bucket?lifecycle="
	[ "$(element Days) $(element Prefix) $(element ID)" = '7 tmp/ r' ]
	s3 GET "$bucket?encryption="
	[ "$(element SSEAlgorithm)" = AES256 ]
	s3 GET "$bucket?policy="
	[ "$(jq -r '.Statement[0].Resource' "$reply")" = "arn:aws:s3:::$bucket/*" ]
	sed -i -e '/Tags:/d' -e 's/7/9/' t.yaml
	cfn-deploy s3-stack t.yaml >events
	s3 GET "$bucket?tagging=" && return 1
	refused 404 NoSuchTagSet
	s3 GET "$bucket?lifecycle="
	[ "$(element Days)" = 9 ]
	s3 PUT "$bucket/k" -d x
	cfn-deploy --delete s3-stack >events 2>said && return 1
	grep -q 'not empty' said
	s3 DELETE "$bucket/k"
	cfn-deploy --delete s3-stack >events
	s3 GET "$bucket" && return 1
	refused 404 NoSuchBucket
}
