# shellcheck shell=bash
# Kinesis streams as tests need them.

# stream NAME [SHARDS [MEMBER:=VALUE…]]: make one and wait until it takes
# records.
stream() {
	aws-call kinesis CreateStream "StreamName=$1" "ShardCount:=${2:-1}" \
	    "${@:3}" >/dev/null
	until_true stream_is "$1" ACTIVE
}

stream_is() {
	[ "$(aws-call kinesis DescribeStreamSummary "StreamName=$1" |
		jq -r .StreamDescriptionSummary.StreamStatus)" = "$2" ]
}

# shards NAME: their ids, one a line, closed ones too.
shards() {
	aws-call kinesis ListShards "StreamName=$1" | jq -r '.Shards[].ShardId'
}

# stream_shard NAME SHARD: its records as the service has them, one a line.
stream_shard() {
	local next=null reply
	next=$(aws-call kinesis GetShardIterator "StreamName=$1" "ShardId=$2" \
	    ShardIteratorType=TRIM_HORIZON | jq -r .ShardIterator)
	while [ "$next" != null ]; do
		reply=$(aws-call kinesis GetRecords "ShardIterator=$next")
		jq -c '.Records[]' <<<"$reply"
		next=$(jq -r 'if .MillisBehindLatest == 0 and .Records == []
		    then null else .NextShardIterator end' <<<"$reply")
	done
}

# stream_data NAME: what is on it, a record a line, shard by shard.
stream_data() {
	local shard
	for shard in $(shards "$1"); do
		stream_shard "$1" "$shard"
	done | jq -r '.Data | @base64d'
}

# stream_texts NAME: what is on it, a JSON string each.
stream_texts() {
	local shard
	for shard in $(shards "$1"); do
		stream_shard "$1" "$shard"
	done | jq -r .Data | while read -r data; do
		base64 -d <<<"$data" | jq -Rs .
	done
}

# aggregated KEY=TEXT…: these as one record of the Kinesis Producer Library, in
# base64.
aggregated() {
	python3 -c '
import base64, hashlib, sys
def number(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])
def field(n, data):
    return number(n << 3 | 2) + number(len(data)) + data
pairs = [a.encode().split(b"=", 1) for a in sys.argv[1:]]
keys = list(dict.fromkeys(k for k, _ in pairs))
body = b"".join(field(1, k) for k in keys) + b"".join(
    field(3, b"\x08" + number(keys.index(k)) + field(3, v)) for k, v in pairs)
data = b"\xf3\x89\x9a\xc2" + body + hashlib.md5(body).digest()
print(base64.b64encode(data).decode(), end="")' "$@"
}
