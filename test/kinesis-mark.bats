#!/usr/bin/env bats

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# from SHARD SEQUENCE [MEMBERS]: a record of stream s.
from() {
	printf '{"n":%s,"@metadata":{"from":{"kinesis":{"StreamName":"s","ShardId":"%s","SequenceNumber":"%s"%s}}}}\n' \
	    "$2" "$1" "$2" "${3-}"
}

# marked SHARD: its position in the file.
marked() {
	jq -c --arg s "$1" '.Shards[$s]' pos
}

@test "help and usage" {
	try kinesis-mark --help
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == 'usage: kinesis-mark '* ]]
	try kinesis-mark </dev/null
	[ "$status" -eq 2 ]
	try kinesis-mark --no-such pos </dev/null
	[ "$status" -eq 2 ]
}

@test "the last record of each shard is marked, and all come out as bytes" {
	{
		from a 5
		from b 7
		from a 10
	} >in
	try kinesis-mark pos <in
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	diff <(echo "$output") in
	[ "$(marked a)" = '{"SequenceNumber":"10"}' ]
	[ "$(marked b)" = '{"SequenceNumber":"7"}' ]
	[ "$(jq -r .StreamName pos)" = s ]
	[ "$(stat -c %a pos)" = 600 ]
}

@test "--quiet marks and prints nothing; nothing in, no file" {
	try kinesis-mark --quiet pos < <(from a 5)
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	[ "$(marked a)" = '{"SequenceNumber":"5"}' ]
	try kinesis-mark none </dev/null
	[ "$status" -eq 0 ]
	[ ! -e none ]
}

@test "a position does not move back, however many digits it has" {
	from a 49680416244189184177462135926394607730712750360002297858 |
		kinesis-mark --quiet pos
	from a 9999 | kinesis-mark --quiet pos
	[[ $(marked a) == *49680416244189184177462135926394607730712750360002297858* ]]
	from a 49680416244189184177462135926394607730712750360002297859 |
		kinesis-mark --quiet pos
	[[ $(marked a) == *859* ]]
}

@test "inside a record that was put together the later part counts" {
	from a 5 ,\"SubSequenceNumber\":3 | kinesis-mark --quiet pos
	from a 5 ,\"SubSequenceNumber\":1 | kinesis-mark --quiet pos
	[ "$(marked a)" = '{"SequenceNumber":"5","SubSequenceNumber":3}' ]
	from a 6 ,\"SubSequenceNumber\":0 | kinesis-mark --quiet pos
	[ "$(marked a)" = '{"SequenceNumber":"6","SubSequenceNumber":0}' ]
}

@test "Positions mark several shards, and what they carry" {
	echo '{"w":1,"@metadata":{"from":{"kinesis":{"StreamName":"s","Positions":{"a":{"SequenceNumber":"5","Carry":{"x":[1.0]}},"b":{"SequenceNumber":"6"}}}}}}' |
		kinesis-mark --quiet pos
	[ "$(jq -c .Shards.b pos)" = '{"SequenceNumber":"6"}' ]
	grep -qF '{"SequenceNumber":"5","Carry":{"x":[1.0]}}' pos
}

# clicks: five of two users in three minutes; the third with the state in pos.
clicks() {
	local n shards=
	for n in 1 2 3 4 5; do
		[ $n != 3 ] || [ ! -e pos ] ||
			shards=",\"Shards\":$(jq -c .Shards pos)"
		from a $n "$shards" | jq -c ".t = 60 * (($n + 1) / 2 |
		    floor) | .u = $n % 2"
		shards=
	done
}

@test "of a minute's windows those that were marked are not printed again" {
	clicks | tumble -e 1m -t t -b u n=count >all
	[ "$(wc -l <all)" -eq 4 ]
	head -n 3 all | kinesis-mark --quiet pos
	[ "$(jq -r .Shards.a.SequenceNumber pos)" = 2 ]
	clicks | tail -n 3 | tumble -e 1m -t t -b u n=count >rest
	diff rest <(tail -n 1 all)
}

@test "a shard that is read from a time has it until it has a record" {
	from a 5 ,\"Shards\":'{"a":{},"b":{"Timestamp":"2026-11-21T00:00:00.000Z"}}' |
		kinesis-mark --quiet pos
	[ "$(marked b)" = '{"Timestamp":"2026-11-21T00:00:00.000Z"}' ]
	from b 1 | kinesis-mark --quiet pos
	[ "$(marked b)" = '{"SequenceNumber":"1"}' ]
	from a 6 ,\"Shards\":'{"b":{"Timestamp":"2026-11-22T00:00:00.000Z"}}' |
		kinesis-mark --quiet pos
	[ "$(marked b)" = '{"SequenceNumber":"1"}' ]
}

@test "what did not come from the stream fails alone, with its line" {
	{
		from a 5
		echo '{"n":2}'
		echo 'no record'
		from a 6 | sed 's/"s"/"other"/'
		from a 7
	} >in
	try kinesis-mark pos --failed failed <in
	[ "$status" -eq 1 ]
	[[ $stderr == *'line 2: NotReceived: '*'line 3: InvalidJson: '*'line 4: OtherStream: '* ]]
	[ "$(wc -l <failed)" -eq 3 ]
	[ "$(jq -c .n <<<"$output" | xargs)" = '5 7' ]
	[ "$(marked a)" = '{"SequenceNumber":"7"}' ]
}

@test "a file that is something else is 2, and stays as it is" {
	local text
	for text in 'x' '{"a":1}' '{"StreamName":"s","Shards":{"a":{"SequenceNumber":"x"}}}'; do
		echo "$text" >pos
		try kinesis-mark pos < <(from a 5)
		[ "$status" -eq 2 ]
		[[ $stderr == *pos:* ]]
		[ "$(cat pos)" = "$text" ]
	done
	try kinesis-mark no/such/folder < <(from a 5)
	[ "$status" -eq 2 ]
}

@test "a file of another stream is not written" {
	from a 5 | sed 's/"s"/"other"/' | kinesis-mark --quiet pos
	cp pos was
	try kinesis-mark pos < <(from a 9)
	[ "$status" -eq 1 ]
	[[ $stderr == *OtherStream* ]]
	cmp pos was
}

# A folder that nobody may write to would not stop root; one on a full disk
# stops everybody. A limit on the size of files is as good.
@test "a full disk: 75, the old file is whole, nothing comes out, all is kept" {
	from a 5 | kinesis-mark --quiet pos
	cp pos was
	{
		from a 6
		from a 7
	} >in
	run bash -c 'set -o pipefail
	    (trap "" XFSZ; ulimit -f 0; exec kinesis-mark pos <in 2>&1 >out) | cat'
	echo "$status: $output"
	[ "$status" -eq 75 ]
	[[ $output == *'pos: File too large'* ]]
	[ ! -s out ]
	cmp pos was
	[ "$(find . -name 'pos.*' | wc -l)" -eq 0 ]
}

@test "killed at any moment it leaves a whole file" {
	local i
	for i in $(seq 2000); do from a "$i"; done >in
	for i in 1 2 3 4 5 6 7 8; do
		(for _ in 1 2 3; do cat in; sleep 0.01; done) |
			timeout -s KILL "0.0$i" kinesis-mark --quiet pos || true
		[ ! -e pos ] || [ "$(jq -r .StreamName pos)" = s ]
	done
	kinesis-mark --quiet pos <in
	[ "$(marked a)" = '{"SequenceNumber":"2000"}' ]
}

@test "a record is marked and comes out though none follows" {
	mkfifo p
	kinesis-mark pos <p >out 3>&- &
	local pid=$!
	exec 9>p
	from a 5 >&9
	until_true lines_of out 1
	[ "$(marked a)" = '{"SequenceNumber":"5"}' ]
	exec 9>&-
	reap "$pid"
	[ "$status" -eq 0 ]
}

@test "stdout full is 1" {
	run bash -c 'kinesis-mark pos >/dev/full' < <(from a 5)
	[ "$status" -eq 1 ]
}
