#!/usr/bin/env bats

load helpers
load contract

# give TEXT ARG…: csv-json with TEXT, in which printf's escapes are read.
give() {
	printf '%b' "$1" >"$BATS_TEST_TMPDIR/in"
	shift
	try csv-json "$@" <"$BATS_TEST_TMPDIR/in"
}

@test "help and usage" {
	try csv-json --help
	[ "$status" -eq 0 ]
	local bad
	for bad in -dab '-d"' -dé --types=a --types=a:text '--types=a:int,' \
	    --types=a:int,a:num operand; do
		try csv-json "$bad" </dev/null
		[ "$status" -eq 2 ]
		[[ $stderr == 'csv-json: '* ]]
	done
}

@test "rows become records, strings by the header's names" {
	give 'id,name,note\r\n1,"Smith, ""J""",\r\n\r\n2,a\\b,é\n'
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "${lines[0]}" = '{"id":"1","name":"Smith, \"J\"","note":""}' ]
	[ "${lines[1]}" = '{"id":"2","name":"a\\b","note":"é"}' ]
	[ "${#lines[@]}" -eq 2 ]
}

@test "no input and a header alone are no records, and no trouble" {
	for text in '' '\n\n' 'a,b' 'a,b\n' '\xef\xbb\xbfa,b\r\n'; do
		give "$text" --failed "$BATS_TEST_TMPDIR/f"
		[ "$status" -eq 0 ]
		[ -z "$output$stderr" ]
	done
	[ ! -s "$BATS_TEST_TMPDIR/f" ]
}

@test "a byte order mark is skipped, before a quote too" {
	give '\xef\xbb\xbfa,b\n1,2\n'
	[ "$output" = '{"a":"1","b":"2"}' ]
	give '\xef\xbb\xbf"a",b\n1,2\n'
	[ "$output" = '{"a":"1","b":"2"}' ]
}

@test "typed values keep their text, empty ones are null" {
	give 'i,n,b,s\n2103807459595387724,0.10,TRUE,7\n,,,\n"-5",1E400,false,\n' \
	    --types i:int,n:num --types b:bool
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = '{"i":2103807459595387724,"n":0.10,"b":true,"s":"7"}' ]
	[ "${lines[1]}" = '{"i":null,"n":null,"b":null,"s":""}' ]
	[ "${lines[2]}" = '{"i":-5,"n":1E400,"b":false,"s":""}' ]
}

@test "a typed value that is none fails its row" {
	local bad
	for bad in i:1.5 i:+5 i:007 i:1e3 i:x i:' 1' n:.5 n:5. n:1,5 n:NaN \
	    n:0x1 n:- b:1 b:yes b:' true'; do
		give "v,w\\n\"${bad#*:}\",1\\n" \
		    --types "v:$(case $bad in i*) echo int ;; n*) echo num ;; *) echo bool ;; esac)"
		[ "$status" -eq 1 ]
		[ -z "$output" ]
		[[ $stderr == "csv-json: line 2: WrongType: column 'v' has '${bad#*:}'"* ]]
	done
}

@test "rows that fail have their line's number and are kept as they were" {
	give 'a,b\n1,"x\ny"\n2\n"3\n3",4,5\n6,\xff\n7,8" x\n9,10\n' \
	    --failed "$BATS_TEST_TMPDIR/f"
	[ "$status" -eq 1 ]
	[ "${lines[0]}" = '{"a":"1","b":"x\ny"}' ]
	[ "${lines[1]}" = '{"a":"9","b":"10"}' ]
	[ "${#lines[@]}" -eq 2 ]
	[[ $stderr == *'line 4: WrongWidth: 1 fields, but the header has 2'* ]]
	[[ $stderr == *'line 5: WrongWidth: 3 fields'* ]]
	[[ $stderr == *'line 7: InvalidUtf8: '* ]]
	[[ $stderr == *'line 8: MalformedCsv: '* ]]
	jq -c '."@metadata" | [.raw, .raw_base64, .error.code, .error.line,
	    .error.tool, .error.retryable]' "$BATS_TEST_TMPDIR/f" \
	    >"$BATS_TEST_TMPDIR/got"
	diff - "$BATS_TEST_TMPDIR/got" <<-'E'
		["2",null,"WrongWidth",4,"csv-json",false]
		["\"3\n3\",4,5",null,"WrongWidth",5,"csv-json",false]
		[null,"Niz/","InvalidUtf8",7,"csv-json",false]
		["7,8\" x",null,"MalformedCsv",8,"csv-json",false]
	E
}

@test "without --failed they are counted" {
	give 'a,b\n1\n2,3\n'
	[ "$status" -eq 1 ]
	[[ $stderr == *'1 of 2 records failed and were not kept' ]]
}

@test "a failed file fed back fails again, and does not grow; records pass" {
	give 'a,b\n1\n' --failed "$BATS_TEST_TMPDIR/f"
	echo '{"a":"1","@metadata":{"error":{"code":"OutputFailed"}}}' \
	    >>"$BATS_TEST_TMPDIR/f"
	mv "$BATS_TEST_TMPDIR/f" "$BATS_TEST_TMPDIR/f.1"
	try csv-json --failed "$BATS_TEST_TMPDIR/f" <"$BATS_TEST_TMPDIR/f.1"
	[ "$status" -eq 1 ]
	[ "$output" = '{"a":"1"}' ]
	[ "$(jq -c '[."@metadata".raw, ."@metadata".error.code]' \
	    "$BATS_TEST_TMPDIR/f")" = '["1","NotARecord"]' ]
}

@test "a quote too many costs its line" {
	give 'a,b\n1,"2\n3,4\n5,6\n'
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 2 ]
	[[ $stderr == 'csv-json: line 2: MalformedCsv: field 2 has no closing quote'* ]]
}

@test "a header that cannot be used is refused, and stdin kept" {
	local text
	for text in 'a,a\n1,2\n' 'a,@metadata\n1,2\n' 'a,"b\n1,2\n' \
	    'a,b"\n1,2\n' 'a,\xff\n1,2\n'; do
		rm -f "$BATS_TEST_TMPDIR/f"
		give "$text" --failed "$BATS_TEST_TMPDIR/f"
		[ "$status" -eq 2 ]
		[ -z "$output" ]
		[[ $stderr == 'csv-json: line 1: '* ]]
		[ "$(wc -l <"$BATS_TEST_TMPDIR/f")" -eq 2 ]
	done
	give 'a,b\n1,2\n' --types c:int
	[ "$status" -eq 2 ]
	[[ $stderr == *"no column 'c'"* ]]
}

@test "another delimiter" {
	give 'a;b\n1,5;"x;y"\n' -d ';'
	[ "$output" = '{"a":"1,5","b":"x;y"}' ]
	give 'a\tb\n1\t"x\ty"\n' -d '\t'
	[ "$output" = '{"a":"1","b":"x\ty"}' ]
}

@test "one column: an empty value is written as quotes" {
	give 'a\n\n""\n1\n'
	[ "${lines[0]}" = '{"a":""}' ]
	[ "${lines[1]}" = '{"a":"1"}' ]
}

@test "a row past --max-line fails alone, one with a missing quote by its line" {
	printf 'a,b\n1,2\n%05000d,x\n3,4\n5,"6\n' 0 >"$BATS_TEST_TMPDIR/in"
	seq 1000 | sed 's/.*/7,&/' >>"$BATS_TEST_TMPDIR/in"
	try csv-json --max-line 1000 --failed "$BATS_TEST_TMPDIR/f" \
	    <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1002 ]
	[[ $stderr == *'line 3: LineTooLong'*'line 5: MalformedCsv'* ]]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/f")" -eq 2 ]
	[ "${lines[1001]}" = '{"a":"7","b":"1000"}' ]
}

@test "fields of a MiB and rows across every block's border arrive whole" {
	python3 - "$BATS_TEST_TMPDIR" <<-'E'
	import csv, json, random, sys
	random.seed(7)
	rows = [[str(i), "x" * random.randrange(3000), 'a"\n\r\n,é\\' * (i % 7)]
	    for i in range(2000)]
	rows[1000][1] = "y" * (1 << 20)
	with open(sys.argv[1] + "/in", "w", newline="") as f:
	    csv.writer(f).writerows([["n", "x", "q"]] + rows)
	with open(sys.argv[1] + "/expected", "w") as f:
	    for r in rows:
	        print(json.dumps(dict(zip(["n", "x", "q"], r)),
	            ensure_ascii=False, separators=(",", ":")), file=f)
	E
	csv-json <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/expected"
}

@test "output comes row by row where input does" {
	mkfifo "$BATS_TEST_TMPDIR/p"
	csv-json <"$BATS_TEST_TMPDIR/p" >"$BATS_TEST_TMPDIR/out" 3>&- &
	exec 9>"$BATS_TEST_TMPDIR/p"
	printf 'a,b\n1,2\n3' >&9
	until_true lines_of "$BATS_TEST_TMPDIR/out" 1
	exec 9>&-
	status=0
	wait || status=$?
}

@test "a row that a signal cuts off is no record" {
	mkfifo "$BATS_TEST_TMPDIR/p"
	csv-json --failed "$BATS_TEST_TMPDIR/f" <"$BATS_TEST_TMPDIR/p" \
	    >"$BATS_TEST_TMPDIR/out" 3>&- &
	local pid=$!
	exec 9>"$BATS_TEST_TMPDIR/p"
	printf 'a,b\n1,2\n3,4' >&9
	until_true lines_of "$BATS_TEST_TMPDIR/out" 1
	kill -TERM "$pid"
	reap "$pid"
	exec 9>&-
	[ "$status" -eq 75 ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -eq 1 ]
	[ "$(jq -c '."@metadata" | [.raw, .error.retryable]' \
	    "$BATS_TEST_TMPDIR/f")" = '["3,4",true]' ]
}

@test "a full disk is 1, and what it did not take is kept" {
	printf 'a,b\n1,2\n' >"$BATS_TEST_TMPDIR/in"
	status=0
	csv-json --failed "$BATS_TEST_TMPDIR/f" <"$BATS_TEST_TMPDIR/in" \
	    >/dev/full || status=$?
	[ "$status" -eq 1 ]
	[ "$(jq -c '[.a, .b]' "$BATS_TEST_TMPDIR/f")" = '["1","2"]' ]
}

@test "a second signal kills" {
	local sink=(csv-json)
	contract_second_signal
}
