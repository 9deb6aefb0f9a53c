# A test is a subshell, and scripts in single quotes are meant so.
# shellcheck disable=SC2016
bats_require_minimum_version 1.5.0

KEY=AKIALUNADEXAMPLE0000
SECRET='lunad-example-secret-not-a-key'
IDENTITY='Action=GetCallerIdentity&Version=2011-06-15'
SESSION='Action=GetSessionToken&Version=2011-06-15'

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	case ${BUILD:-build} in
	/*) lunad=$BUILD/bin/lunad ;;
	*) lunad=$top/${BUILD:-build}/bin/lunad ;;
	esac
	dir=$BATS_TEST_TMPDIR/data
	for name in $(compgen -e AWS_); do
		unset "$name"
	done
	export HOME=$BATS_TEST_TMPDIR TMPDIR=$BATS_TEST_TMPDIR NO_PROXY=127.0.0.1
}

teardown() {
	stop
}

# start [OPTION…]: lunad on $dir; $url is where it listens.
start() {
	mkfifo "$BATS_TEST_TMPDIR/line" 2>/dev/null || true
	"$lunad" -d "$dir" -l 127.0.0.1:0 "$@" >"$BATS_TEST_TMPDIR/line" \
		2>"$BATS_TEST_TMPDIR/err" 3>&- &
	pid=$!
	read -r said <"$BATS_TEST_TMPDIR/line" || {
		cat "$BATS_TEST_TMPDIR/err"
		return 1
	}
	url=${said#lunad: listening on }
}

stop() {
	[ -n "${pid-}" ] || return 0
	kill "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
	pid=
}

# luna PATH [CURL OPTION…]: /_luna/PATH
luna() {
	local path=$1
	shift
	curl -sS "$url/_luna/$path" "$@"
}

# sign BODY [CURL OPTION…]: a call of STS, signed by curl.
sign() {
	local body=$1
	shift
	curl -sS --aws-sigv4 aws:amz:us-east-1:sts --user "$KEY:$SECRET" \
		-d "$body" "$@" "$url/"
}

# signed BODY [CURL OPTION…]: the two headers that sign it, for curl -H @FILE.
# (curl 7.88 sends a date that it was given twice.)
signed() {
	sign "$@" -o /dev/null -v 2>&1 | tr -d '\r' | sort -u |
		sed -n 's/^> \(Authorization\|X-Amz-Date\): /\1: /p' \
			>"$BATS_TEST_TMPDIR/signed"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/signed")" -eq 2 ]
}

# again BODY [CURL OPTION…]: send the headers of signed.
again() {
	local body=$1
	shift
	curl -sS -H "@$BATS_TEST_TMPDIR/signed" -d "$body" "$@" "$url/"
}

# sqs OPERATION BODY [CURL OPTION…]: a JSON service's call, signed by curl.
sqs() {
	local operation=$1 body=$2
	shift 2
	curl -sS --aws-sigv4 aws:amz:us-east-1:sqs --user "$KEY:$SECRET" \
		-H 'Content-Type: application/x-amz-json-1.0' \
		-H "X-Amz-Target: AmazonSQS.$operation" \
		-H 'x-amzn-query-mode: true' --data-binary "$body" "$@" "$url/"
}

# The text of an XML reply's element.
text() {
	sed -n "s:.*<$1>\(.*\)</$1>.*:\1:p"
}

# session: keys of GetSessionToken as "ID SECRET TOKEN".
session() {
	local reply
	reply=$(sign "$SESSION")
	echo "$(text AccessKeyId <<<"$reply") $(text SecretAccessKey <<<"$reply")" \
		"$(text SessionToken <<<"$reply")"
}

# as ID SECRET TOKEN: who that is.
as() {
	curl -sS --aws-sigv4 aws:amz:us-east-1:sts --user "$1:$2" \
		-H "X-Amz-Security-Token: $3" -d "$IDENTITY" "$url/"
}

@test "it says where it listens, and that it is well" {
	start
	[[ $said =~ ^lunad:\ listening\ on\ http://127\.0\.0\.1:[0-9]+$ ]]
	[ "$(luna health | jq -r .status)" = ok ]
	luna health | jq -e '.services | index("sts")'
}

@test "a request signed by curl is taken; the region is the caller's choice" {
	start
	reply=$(curl -sS --aws-sigv4 aws:amz:ap-moon-1:sts --user "$KEY:$SECRET" \
		-d "$IDENTITY" "$url/")
	[ "$(text Account <<<"$reply")" = 000000000000 ]
	[ "$(text Arn <<<"$reply")" = arn:aws:iam::000000000000:user/lunad ]
}

@test "every answer has a request id of its own" {
	start
	one=$(sign "$IDENTITY" -D- -o/dev/null | tr -d '\r' |
		sed -n 's/^x-amzn-RequestId: //p')
	two=$(sign "$IDENTITY" | text RequestId)
	[[ $one =~ ^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]]
	[ ${#two} -eq 36 ]
	[ "$one" != "$two" ]
}

@test "a wrong secret is told what should have been signed" {
	start
	SECRET=wrong
	reply=$(sign "$IDENTITY" -w '%{http_code}')
	[[ $reply == *'<Code>SignatureDoesNotMatch</Code>'* ]]
	[[ $reply == *'The Canonical String for this request should have been'* ]]
	[[ $reply == *403 ]]
	[[ $reply != *lunad-example-secret* ]]
}

@test "a body that was changed after signing is refused" {
	start
	signed "$IDENTITY"
	again "$IDENTITY" | grep -q '<Arn>'
	again "$IDENTITY&x=1" | grep -q '<Code>SignatureDoesNotMatch</Code>'
}

@test "a clock that is off by more than five minutes is told both times" {
	start
	old=$(date -u -d '-6 min' +%Y%m%dT%H%M%SZ)
	new=$(date -u -d '+6 min' +%Y%m%dT%H%M%SZ)
	near=$(date -u -d '-4 min' +%Y%m%dT%H%M%SZ)
	signed "$IDENTITY" -H "X-Amz-Date: $near"
	again "$IDENTITY" | grep -q '<Arn>'
	signed "$IDENTITY" -H "X-Amz-Date: $old"
	reply=$(again "$IDENTITY")
	[[ $reply =~ "<Message>Signature expired: $old is now earlier than "[0-9TZ]+" ("[0-9TZ]+" - 5 min.)</Message>" ]]
	signed "$IDENTITY" -H "X-Amz-Date: $new"
	reply=$(again "$IDENTITY")
	[[ $reply =~ "<Message>Signature not yet current: $new is still later than "[0-9TZ]+" ("[0-9TZ]+" + 5 min.)</Message>" ]]
	[[ $reply == *'<Code>SignatureDoesNotMatch</Code>'* ]]
}

@test "an unknown key, a missing and a broken signature have AWS's names" {
	start
	KEY=AKIANOBODY sign "$IDENTITY" |
		grep -q '<Code>InvalidClientTokenId</Code>'
	curl -sS -d "$IDENTITY" "$url/" |
		grep -q '<Code>MissingAuthenticationToken</Code>'
	reply=$(curl -sS -H 'Authorization: Basic eDp5' -d "$IDENTITY" "$url/")
	[[ $reply == *'<Code>IncompleteSignature</Code>'* ]]
	[[ $reply == *"requires &apos;Credential&apos; parameter."* ||
		$reply == *"requires &#39;Credential&#39; parameter."* ||
		$reply == *"requires 'Credential' parameter."* ]]
}

@test "a signature for another service, or for another day, is refused" {
	start
	curl -sS --aws-sigv4 aws:amz:us-east-1:sqs --user "$KEY:$SECRET" \
		-d "$IDENTITY" "$url/" | grep -q '<Code>'
	signed "$IDENTITY"
	sed -i -E 's:(Credential=[^/]*/)[0-9]{8}:\119990101:' \
		"$BATS_TEST_TMPDIR/signed"
	again "$IDENTITY" | grep -q 'Date in Credential scope does not match'
}

@test "what lunad does not have is refused, never made up" {
	start
	sign 'Action=DecodeAuthorizationMessage&Version=2011-06-15' |
		grep -q '<Code>InvalidAction</Code>'
	curl -sS -H 'X-Amz-Target: Nobody_1.Do' -d '{}' "$url/" |
		jq -e '.__type | endswith("#UnknownOperationException")'
	[ "$(curl -sS -o /dev/null -w '%{http_code}' "$url/nowhere")" = 404 ]
	[ "$(curl -sS -o /dev/null -w '%{http_code}' -d x \
		-H 'smithy-protocol: rpc-v2-cbor' \
		"$url/service/S/operation/O")" = 415 ]
}

@test "a JSON service says it in JSON, and in query's words where asked" {
	start
	KEY=AKIANOBODY sqs ListQueues '{}' -D "$BATS_TEST_TMPDIR/h" | jq -e \
		'.__type == "com.amazon.coral.service#UnrecognizedClientException"
		and .message == "The security token included in the request is invalid."'
	tr -d '\r' <"$BATS_TEST_TMPDIR/h" >"$BATS_TEST_TMPDIR/head"
	grep -qx 'x-amzn-query-error: InvalidClientTokenId;Sender' \
		"$BATS_TEST_TMPDIR/head"
	grep -qx 'Content-Type: application/x-amz-json-1.0' \
		"$BATS_TEST_TMPDIR/head"
	for body in '{' '[]' '"x"' '{"a":1}}' $'{"a":"\xff"}' 'null'; do
		sqs ListQueues "$body" |
			jq -e '.__type | endswith("#SerializationException")'
	done
	sqs Nothing '{}' |
		jq -e '.__type | endswith("#UnknownOperationException")'
	SECRET=wrong sqs ListQueues '{}' |
		jq -e '.__type | endswith("#InvalidSignatureException")'
	curl -sS -H 'X-Amz-Target: AmazonSQS.ListQueues' -d '{}' "$url/" |
		jq -e '.__type | endswith("#MissingAuthenticationTokenException")'
	sqs ListQueues '{}' --aws-sigv4 aws:amz:us-east-1:sns | jq -e '.message ==
		"Credential should be scoped to correct service: '"'sqs'"'."'
}

@test "the same queue by JSON and by query" {
	start
	queue=$(sqs CreateQueue '{"QueueName":"q"}' | jq -r .QueueUrl)
	[ "$queue" = "$url/000000000000/q" ]
	curl -sS --aws-sigv4 aws:amz:us-east-1:sqs --user "$KEY:$SECRET" \
		-d 'Action=ListQueues&Version=2012-11-05' "$url/" |
		text QueueUrl | grep -qx "$queue"
}

@test "a gzipped body is taken, a broken one refused" {
	start
	printf '{"QueueName":"zipped"}' | gzip >"$BATS_TEST_TMPDIR/z"
	sqs CreateQueue "@$BATS_TEST_TMPDIR/z" \
		-H 'Content-Encoding: gzip' | jq -e '.QueueUrl | endswith("/zipped")'
	sqs CreateQueue '{"QueueName":"plain"}' -H 'Content-Encoding: gzip' |
		jq -e '.__type | endswith("#SerializationException")'
}

@test "a long poll holds up nobody and wakes when there is something" {
	start
	queue=$(sqs CreateQueue '{"QueueName":"q"}' | jq -r .QueueUrl)
	sqs ReceiveMessage "{\"QueueUrl\":\"$queue\",\"WaitTimeSeconds\":20}" \
		-w '\n%{time_total}\n' >"$BATS_TEST_TMPDIR/got" 3>&- &
	poll=$!
	for i in 1 2 3 4 5; do
		sqs ListQueues '{}' | jq -e .QueueUrls >/dev/null
	done
	[ ! -s "$BATS_TEST_TMPDIR/got" ]
	sqs SendMessage "{\"QueueUrl\":\"$queue\",\"MessageBody\":\"hi\"}" |
		jq -e .MessageId
	wait "$poll"
	head -n 1 "$BATS_TEST_TMPDIR/got" | jq -e '.Messages[0].Body == "hi"'
	tail -n 1 "$BATS_TEST_TMPDIR/got" | awk '{ exit !($1 < 19) }'
	sqs ReceiveMessage "{\"QueueUrl\":\"$queue\",\"WaitTimeSeconds\":1}" \
		-w '\n%{time_total}\n' | tail -n 1 |
		awk '{ exit !($1 >= 1) }'
}

@test "a poller that hung up takes no message with it" {
	start
	queue=$(sqs CreateQueue '{"QueueName":"q"}' | jq -r .QueueUrl)
	sqs ReceiveMessage "{\"QueueUrl\":\"$queue\",\"WaitTimeSeconds\":20}" \
		--max-time 1 || [ $? -eq 28 ]
	sqs SendMessage "{\"QueueUrl\":\"$queue\",\"MessageBody\":\"hi\"}" |
		jq -e .MessageId
	sqs ReceiveMessage "{\"QueueUrl\":\"$queue\"}" |
		jq -e '.Messages[0].Body == "hi"'
}

# between PORT: passes one request on to PORT and prints its own port, then
# "sent"; resets that connection at the end of its stdin.
between() {
	python3 -c '
import socket, struct, sys
l = socket.socket()
l.bind(("127.0.0.1", 0))
l.listen()
print(l.getsockname()[1], flush=True)
a = l.accept()[0]
b = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
sent = b""
while b"WaitTimeSeconds" not in sent:
    piece = a.recv(65536)
    b.sendall(piece)
    sent += piece
print("sent", flush=True)
sys.stdin.read()
b.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
b.close()' "$1"
}

@test "nor does one whose connection was reset" {
	start
	queue=$(sqs CreateQueue '{"QueueName":"q"}' | jq -r .QueueUrl)
	coproc BETWEEN { between "${url##*:}"; }
	pid=$BETWEEN_PID
	read -r port <&"${BETWEEN[0]}"
	url=http://127.0.0.1:$port sqs ReceiveMessage \
		"{\"QueueUrl\":\"$queue\",\"WaitTimeSeconds\":20}" 3>&- &
	read -r line <&"${BETWEEN[0]}"
	[ "$line" = sent ]
	# Answered after what came before it.
	sqs ListQueues '{}' | jq -e .QueueUrls
	eval "exec ${BETWEEN[1]}>&-"
	wait "$pid"
	sqs SendMessage "{\"QueueUrl\":\"$queue\",\"MessageBody\":\"hi\"}" |
		jq -e .MessageId
	sqs ReceiveMessage "{\"QueueUrl\":\"$queue\"}" |
		jq -e '.Messages[0].Body == "hi"'
}

@test "what is refused changed nothing" {
	start
	queue=$(sqs CreateQueue '{"QueueName":"q"}' | jq -r .QueueUrl)
	sqs TagQueue "{\"QueueUrl\":\"$queue\",\"Tags\":{\"a\":\"1\"}}" >/dev/null
	sqs SetQueueAttributes "{\"QueueUrl\":\"$queue\",
		\"Attributes\":{\"DelaySeconds\":\"5\",\"Nonsense\":\"1\"}}" |
		jq -e .__type
	sqs GetQueueAttributes "{\"QueueUrl\":\"$queue\",
		\"AttributeNames\":[\"All\"]}" |
		jq -e '.Attributes.DelaySeconds == "0"'
}

@test "session keys verify, with their token only, and survive a restart" {
	start
	read -r id secret token <<<"$(session)"
	[[ $id == ASIA* ]]
	as "$id" "$secret" "$token" | grep -q ':user/lunad</Arn>'
	as "$id" "$secret" "not$token" | grep -q InvalidClientTokenId
	curl -sS --aws-sigv4 aws:amz:us-east-1:sts --user "$id:$secret" \
		-d "$IDENTITY" "$url/" | grep -q InvalidClientTokenId
	stop
	start
	as "$id" "$secret" "$token" | grep -q ':user/lunad</Arn>'
}

# kill_on_answer BODY: send the headers of signed, kill lunad in the moment its
# answer is there, and print that.
kill_on_answer() {
	python3 -c '
import os, signal, socket, sys
url, pid, path, body = sys.argv[1:]
host, port = url[len("http://"):].split(":")
head = "".join(line.strip() + "\r\n" for line in open(path))
s = socket.create_connection((host, int(port)))
s.sendall(f"POST / HTTP/1.1\r\nHost: {host}:{port}\r\n{head}"
    "Content-Type: application/x-www-form-urlencoded\r\n"
    f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
got = s.recv(65536)
os.kill(int(pid), signal.SIGKILL)
sys.stdout.buffer.write(got)' "$url" "$pid" "$BATS_TEST_TMPDIR/signed" "$1"
}

@test "an answered request survives kill -9, in the moment of its answer" {
	for i in {1..12}; do
		start
		signed "$SESSION"
		reply=$(kill_on_answer "$SESSION")
		wait "$pid" || true
		id=$(text AccessKeyId <<<"$reply")
		[[ $id == ASIA* ]]
		start
		as "$id" "$(text SecretAccessKey <<<"$reply")" \
			"$(text SessionToken <<<"$reply")" | grep -q '<Arn>' || {
			echo "lost the $i. answer"
			return 1
		}
		stop
	done
}

@test "what was answered under load survives kill -9" {
	start
	# Four at a time; each appends its keys once it has the answer.
	export -f session sign text as
	export KEY SECRET SESSION url
	kept=$BATS_TEST_TMPDIR/kept
	: >"$kept"
	seq 200 | xargs -P 4 -I{} bash -c 'session >>"$1" 2>/dev/null' - "$kept" \
		2>/dev/null 3>&- &
	calls=$!
	until [ "$(wc -l <"$kept")" -ge 20 ]; do :; done
	kill -9 "$pid"
	wait "$pid" || true
	wait "$calls" || true
	start
	count=0
	while read -r id secret token; do
		[ -n "$token" ] || continue
		count=$((count + 1))
		as "$id" "$secret" "$token" | grep -q '<Arn>' || {
			echo "lost: $id"
			return 1
		}
	done <"$kept"
	echo "answered before the kill: $count"
	[ "$count" -ge 20 ]
}

@test "a full disk refuses, keeps what it answered, and reads go on" {
	run -0 bash -c 'trap "" XFSZ; ulimit -f 1200
		exec "$1" -d "$2" -- bash -c "$3"' - "$lunad" "$dir" "
		$(declare -f sign text)
		KEY=$KEY SECRET=$SECRET url=\$AWS_ENDPOINT_URL kept=0 refused=0
		while [ \$refused -lt 3 ]; do
			reply=\$(sign '$SESSION')
			case \$reply in
			*'<Code>InternalFailure</Code>'*)
				refused=\$((refused + 1)) ;;
			*'<SessionToken>'*) kept=\$((kept + 1)) ;;
			*) echo \"\$reply\"; exit 1 ;;
			esac
		done
		sign '$IDENTITY' | grep -q '<Arn>' || exit 1
		echo kept \$kept"
	[[ ${lines[-1]} == "kept "* ]]
	kept=${lines[-1]#kept }
	[ "$kept" -gt 20 ]
	[ "$(sqlite3 "$dir/lunad.db" \
		'SELECT count(*) FROM sts_session')" = "$kept" ]
	[ "$(stat -c %a "$dir/lunad.db")" = 600 ]
}

@test "every option of --help is in the page, and none is only there" {
	page=$BATS_TEST_DIRNAME/../man/lunad.8
	"$lunad" --help | grep -oE -- '--[a-z][a-z0-9-]+' | sort -u \
		>"$BATS_TEST_TMPDIR/help"
	grep -oE '^\.It .*' "$page" | grep -oE 'Fl -[a-z][a-z0-9-]+' |
		sed 's/Fl -/--/' | sort -u >"$BATS_TEST_TMPDIR/page"
	diff "$BATS_TEST_TMPDIR/help" "$BATS_TEST_TMPDIR/page"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/help")" -ge 11 ]
}

@test "further keys come from a credentials file" {
	cat >"$BATS_TEST_TMPDIR/keys" <<-'END'
	[shop]
	aws_access_key_id = AKIASHOPEXAMPLE
	aws_secret_access_key = shop-example-secret
	aws_account_id = 111122223333
	END
	start --credentials "$BATS_TEST_TMPDIR/keys"
	KEY=AKIASHOPEXAMPLE SECRET=shop-example-secret sign "$IDENTITY" |
		grep -q 'arn:aws:iam::111122223333:user/shop'
	sign "$IDENTITY" | grep -q ':user/lunad'
	stop
	run -2 timeout 5 "$lunad" -d "$dir" --credentials /nonexistent
	[[ $output == *"--credentials /nonexistent: "* ]]
}

@test "the clock moves forward only, and stays moved" {
	start
	luna clock -d '{"advance":"36h"}' | jq -e '.ahead_ms == 129600000'
	luna clock | jq -e '.ahead_ms == 129600000'
	[[ $(luna clock -d '{"to":"2001-01-01"}') == *"never goes back"* ]]
	luna clock -d '{"to":"2101-01-01T00:00:00Z"}' |
		jq -e '.now | startswith("2101-01-01T00:00:0")'
	# Signatures are of real time.
	sign "$IDENTITY" | grep -q '<Arn>'
	stop
	start
	luna clock | jq -e '.now | startswith("2101-01-01T00:00:")'
	[ "$(luna clock -d '{}' -o /dev/null -w '%{http_code}')" = 400 ]
	[ "$(luna clock -d 'no' -o /dev/null -w '%{http_code}')" = 400 ]
	stop
	run -2 timeout 5 "$lunad" -d "$dir" -l 127.0.0.1:0 --clock 2100-01-01
	[[ $output == *"never goes back"* ]]
}

@test "--clock begins in the past" {
	start --clock 1d
	luna clock | jq -e '.ahead_ms == -86400000'
	luna clock -d '{"advance":"1d"}' | jq -e '.ahead_ms == 0'
}

@test "reset forgets all but the clock" {
	start
	read -r id secret token <<<"$(session)"
	luna clock -d '{"advance":"1h"}' >/dev/null
	[ "$(luna reset -X POST)" = '{}' ]
	as "$id" "$secret" "$token" | grep -q InvalidClientTokenId
	luna clock | jq -e '.ahead_ms == 3600000'
}

@test "/_luna/ is not for pages of a browser" {
	start
	[ "$(luna reset -X POST -H 'Origin: http://x.example' \
		-o /dev/null -w '%{http_code}')" = 403 ]
	[ "$(luna nothing -o /dev/null -w '%{http_code}')" = 404 ]
}

@test "an address that others reach needs --expose" {
	run -2 timeout 5 "$lunad" -d "$dir" -l 0.0.0.0:0
	[[ $output == *"--expose"* ]]
	start -l 0.0.0.0:0 --expose
	[[ $said == *0.0.0.0:* ]]
}

@test "a port that is taken and a directory in use are said in one line" {
	start
	run -2 timeout 5 "$lunad" -d "$dir.2" -l "${url#http://}"
	[[ $output == *"Address already in use"* ]]
	[ "${#lines[@]}" -eq 1 ]
	run -2 timeout 5 "$lunad" -d "$dir" -l 127.0.0.1:0
	[[ $output == *"in use by another lunad"* ]]
}

@test "a body past the limit is refused before it is sent" {
	start
	code=$(curl -sS -o /dev/null -w '%{http_code}' -H 'Expect:' \
		-H 'Content-Length: 99999999999' -X POST --data-binary x "$url/")
	[ "$code" = 413 ]
	head -c 12000000 /dev/zero | tr '\0' a >"$BATS_TEST_TMPDIR/big"
	sign "$IDENTITY" -d "@$BATS_TEST_TMPDIR/big" | grep -q '<Arn>'
}

@test "no broken request stops it" {
	start
	port=${url##*:}
	for text in 'GET' 'GET / HTTP/9.9\r\n\r\n' 'POST / HTTP/1.1\r\n\r\n' \
		'GET /%00%zz?%&=&& HTTP/1.1\r\nHost: a\r\n\r\n' \
		'GET /?X-Amz-Algorithm=x HTTP/1.1\r\nHost: a\r\n\r\n' \
		'GET /?X-Amz-Credential=%2F%2F HTTP/1.1\r\nHost: a\r\n\r\n' \
		'POST / HTTP/1.1\r\nHost: a\r\nAuthorization: AWS4-HMAC-SHA256 Credential=,SignedHeaders=,Signature=\r\nContent-Length: 0\r\n\r\n' \
		'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n' \
		'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n' \
		'POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: .\r\nContent-Length: 0\r\n\r\n' \
		'GET /?Action=GetSigningCertificate&Version=2010-03-31 HTTP/1.1\r\nHost: a\r\n\r\n'; do
		exec 9<>"/dev/tcp/127.0.0.1/$port"
		printf %b "$text" >&9
		exec 9>&-
	done
	luna health | grep -q ok
	head -c 200000 /dev/urandom >"/dev/tcp/127.0.0.1/$port" || true
	luna health | grep -q ok
	[ ! -s "$BATS_TEST_TMPDIR/err" ]
}

@test "clients that hang up before their answer hurt nobody" {
	start
	signed "$SESSION"
	python3 -c '
import socket, struct, sys
url, path, body = sys.argv[1:]
host, port = url[len("http://"):].split(":")
head = "".join(line.strip() + "\r\n" for line in open(path))
request = (f"POST / HTTP/1.1\r\nHost: {host}:{port}\r\n{head}"
    "Content-Type: application/x-www-form-urlencoded\r\n"
    f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
for i in range(250):
    held = []
    for j in range(4):
        s = socket.create_connection((host, int(port)))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
            struct.pack("ii", 1, 0))
        s.sendall(request)
        held.append(s)
    if i % 3 == 0:
        assert held[0].recv(12) == b"HTTP/1.1 200"
    for s in held:
        s.close()
' "$url" "$BATS_TEST_TMPDIR/signed" "$SESSION"
	sign "$IDENTITY" | grep -q '<Arn>'
	[ ! -s "$BATS_TEST_TMPDIR/err" ]
}

@test "-- COMMAND sees lunad only, and its status is lunad's" {
	AWS_PROFILE=prod AWS_ENDPOINT_URL_SQS=https://prod.example \
		AWS_SESSION_TOKEN=real run -0 --separate-stderr "$lunad" -- env
	[[ $output == *AWS_ENDPOINT_URL=http://127.0.0.1:* ]]
	[ "$(grep -c '^AWS_' <<<"$output")" -eq 9 ]
	[[ $output == *AWS_EC2_METADATA_DISABLED=true* ]]
	[[ $output != *prod* && $output != *AWS_SESSION_TOKEN* ]]
	grep '^AWS_CONFIG_FILE=/' <<<"$output"
	grep '^NO_PROXY=127.0.0.1' <<<"$output"
	[ -z "$stderr" ]
	# The temporary directory is gone.
	[ ! -e "$(sed -n 's/^LUNAD_DIR=//p' <<<"$output")" ]
	run -3 "$lunad" -- sh -c 'exit 3'
	run -137 "$lunad" -- sh -c 'kill -9 $$'
	run -127 "$lunad" -- /no/such/command
	run -126 "$lunad" -- /etc/passwd
	run -125 "$lunad" -l 300.0.0.1:0 -- true
	run -125 "$lunad" --nonsense -- true
	run -2 "$lunad" --nonsense
	run -2 "$lunad" command
}

@test "-- COMMAND: the config files there name lunad too" {
	run -0 "$lunad" -d "$dir" -- sh -c \
		'cat "$AWS_CONFIG_FILE" "$AWS_SHARED_CREDENTIALS_FILE"; echo $AWS_ENDPOINT_URL'
	[[ $output == *"endpoint_url = ${lines[-1]}"* ]]
	[[ $output == *"aws_access_key_id = $KEY"* ]]
	[ -e "$dir/lunad.db" ]
}

@test "-- COMMAND: TERM and HUP are passed on, INT is the command's" {
	for signal in TERM HUP; do
		"$lunad" -- sh -c 'trap "exit 7" TERM HUP
			: >"$1"; while :; do sleep 0.05; done' - \
			"$BATS_TEST_TMPDIR/up.$signal" 3>&- &
		one=$!
		until [ -e "$BATS_TEST_TMPDIR/up.$signal" ]; do :; done
		kill -"$signal" "$one"
		status=0
		wait "$one" || status=$?
		[ "$status" -eq 7 ]
	done
	"$lunad" -- sh -c ': >"$1"; until [ -e "$1.end" ]; do sleep 0.02; done' \
		- "$BATS_TEST_TMPDIR/up.INT" 3>&- &
	one=$!
	until [ -e "$BATS_TEST_TMPDIR/up.INT" ]; do :; done
	kill -INT "$one"
	kill -0 "$one"
	: >"$BATS_TEST_TMPDIR/up.INT.end"
	wait "$one"
}

# Processor time: the other kind depends on who else is at work here.
@test "it starts with little work and is small" {
	[ -z "${SANITIZE-}" ] || skip "figures of a sanitizer's"
	TIMEFORMAT='%3U %3S'
	read -r user system <<<"$({ time "$lunad" -- true; } 2>&1)"
	ms=$((10#${user/./} + 10#${system/./}))
	echo "start and stop: $ms ms"
	[ "$ms" -lt 150 ]
	start
	kb=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status")
	echo "resident: $kb KiB"
	[ "$kb" -lt 15360 ]
}
