# shellcheck shell=bash
# A value comes as it is in its row, or the row is refused.
fidelity() {
	local long status=0
	way=csv-json
	long=$(head -c 1048576 /dev/zero | tr '\0' x)
	{
		printf 'k,s,n\r\n'
		printf 'digits,1e400,2103807459595387724\n'
		printf 'crlf,"a\r\nb",0.10\r\n'
		printf 'nul,"a\0b",1e400\n'
		printf 'escape,a\\u0000b,\n'
		printf 'not-utf8,\xff,1\n'
		printf 'surrogate-raw,\xed\xa0\x80,1\n'
		printf 'hex,x,0x1p3\n'
		printf 'json,"{""@metadata"":1}",-0\n'
		printf 'long,%s,1' "$long"
	} >in
	cat >want <<END
{"k":"digits","s":"1e400","n":2103807459595387724}
{"k":"crlf","s":"a\r\nb","n":0.10}
{"k":"nul","s":"a\u0000b","n":1e400}
{"k":"escape","s":"a\\\\u0000b","n":null}
{"k":"json","s":"{\"@metadata\":1}","n":-0}
{"k":"long","s":"$long","n":1}
END
	csv-json --types n:num --failed failed <in >out 2>err || status=$?
	cmp out want >>"$faults" 2>&1 || true
	[ "$status" = 1 ] || echo "$way: status $status" >>"$faults"
	diff <(sed -n 's/^csv-json: line \([0-9]*\): \([A-Za-z0-9]*\): .*/\1 \2/p' err) \
	    <(printf '%s\n' '7 InvalidUtf8' '8 InvalidUtf8' '9 WrongType') \
	    >>"$faults" || true
	diff <(jq -r '."@metadata" | .raw // (.raw_base64 | @base64d)' failed |
		tail -n 1) <(echo 'hex,x,0x1p3') >>"$faults" || true
	diff <(jq -r '."@metadata".raw_base64 // empty' failed | head -n 1 |
		base64 -d) <(printf 'not-utf8,\xff,1') >>"$faults" || true
	echo 'k,@metadata' | csv-json >out 2>err && [ ! -s out ] &&
		echo "$way: it takes @metadata" >>"$faults"
	return 0
}
