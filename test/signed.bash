# Calls of lunad's services, signed by curl: not by what signs luna's tools.
# Each prints the reply, keeps it in $reply, which the test names, and its
# headers in $headers, and is 1 when it is an error.

headers=${BATS_TEST_TMPDIR:?}/headers

signed() {
	local service=$1
	shift
	local status
	status=$(curl -sS --aws-sigv4 "aws:amz:us-east-1:$service" \
	    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    -D "$headers" -o "${reply:?}" -w '%{http_code}' "$@" \
	    "$AWS_ENDPOINT_URL/")
	cat "$reply"
	[ "$status" = 200 ]
}

# json SERVICE VERSION TARGET.OPERATION BODY
json() {
	signed "$1" -H "Content-Type: application/x-amz-json-$2" \
	    -H "X-Amz-Target: $3" -H 'x-amzn-query-mode: true' -d "$4"
}

# form SERVICE VERSION ACTION [NAME=VALUE…]
form() {
	local service=$1 version=$2 action=$3 arg args=()
	shift 3
	for arg; do
		args+=(--data-urlencode "$arg")
	done
	signed "$service" -d "Action=$action" -d "Version=$version" \
	    "${args[@]}"
}

# refused STATUS CODE: the last reply was just this error, in JSON or XML.
refused() {
	local code
	if [ "$(head -c 1 "$reply")" = '<' ]; then
		code=$(element Code)
	else
		code=$(jq -r '.__type | sub(".*#"; "")' "$reply")
	fi
	echo "refused with $code; wanted $1 $2"
	[ "$code" = "$2" ] && grep -q "^HTTP/1.1 $1 " "$headers"
}

# element NAME: texts of an XML reply's elements, a line each.
element() {
	grep -o "<$1>[^<]*</$1>" "$reply" | sed 's/<[^>]*>//g'
}

# A test that ends lunad has its own; the file's teardown is then
# `teardown() { own_stop; }`.
own_start() { # own_start [OPTION…]
	own=1
	lunad_start "$@"
}

own_stop() {
	[ -z "${own-}" ] || lunad_stop
}

# crash: kill it; own_again: another over the data it leaves.
crash() {
	kill -9 "$LUNAD_PID"
	wait "$LUNAD_PID" || true
} 2>/dev/null

own_again() {
	local line
	rm "${LUNAD_DIR:?}/says"
	mkfifo "$LUNAD_DIR/says"
	lunad -d "$LUNAD_DIR/data" -l 127.0.0.1:0 >"$LUNAD_DIR/says" \
	    2>>"$LUNAD_DIR/err" 3>&- &
	LUNAD_PID=$!
	read -r line <"$LUNAD_DIR/says"
	AWS_ENDPOINT_URL=${line##* }
}
