# Calls of lunad's services, signed by curl: not by what signs luna's tools.
# Each prints the reply, keeps it in $reply and its headers in $headers, and
# is 1 when it is an error.

reply=${BATS_TEST_TMPDIR:?}/reply
headers=$BATS_TEST_TMPDIR/headers

signed() {
	local service=$1
	shift
	local status
	status=$(curl -sS --aws-sigv4 "aws:amz:us-east-1:$service" \
	    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    -D "$headers" -o "$reply" -w '%{http_code}' "$@" \
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
		code=$(jq -r .__type "$reply")
	fi
	echo "refused with $code; wanted $1 $2"
	[ "$code" = "$2" ] && grep -q "^HTTP/1.1 $1 " "$headers"
}

# element NAME: texts of an XML reply's elements, a line each.
element() {
	grep -o "<$1>[^<]*</$1>" "$reply" | sed 's/<[^>]*>//g'
}
