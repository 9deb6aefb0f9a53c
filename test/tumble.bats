#!/usr/bin/env bats

load helpers
load cases

minute=(tumble -e 1m -t t -b u n=count)

@test "help and usage" {
	local -a bad
	try tumble --help
	[ "$status" -eq 0 ]
	for bad in '-e 1m -t t' '-e 1m n=count' '-t t n=count' \
	    '-e 1m --session 1m -t t n=count' '-e 1m -t t. n=count' \
	    '-e 1m -t t n' '-e 1m -t t n=sum' '-e 1m -t t n=sum:' \
	    '-e 1m -t t n=count:x' '-e 1m -t t =count' '-e 1m -t t n=mean:x' \
	    '-e 1m -t t n=count n=sum:v' '-e 1m -t t -b n n=count' \
	    '-e 1m -t t window_end=count' '-e 1m -t t -b a.x,b.x n=count' \
	    '-e 1m -t t -b window_start n=count' '-e 1m -t t -b a[0] n=count' \
	    '-e inf -t t n=count' '-e 1m -t t --lateness inf n=count'; do
		read -ra bad <<<"$bad"
		try tumble "${bad[@]}" </dev/null
		[ "$status" -eq 2 ]
		[[ $stderr == 'tumble: '* ]]
	done
}

@test "windows, groups, aggregates, sessions, streams: every case in test/cases/tumble" {
	cases "$(command -v tumble)" "$BATS_TEST_DIRNAME/cases/tumble"
}

@test "sums, means and order are exact: every case in test/cases/decimal" {
	cases "$(program decimal)" "$BATS_TEST_DIRNAME/cases/decimal"
}

@test "no input: nothing, and no trouble" {
	try "${minute[@]}" </dev/null
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

@test "what has no time or no number fails with its line, and is kept" {
	try tumble -e 1m -t t s=sum:v --failed "$BATS_TEST_TMPDIR/f" <<-'E'
		{"t":1,"v":1}
		{"v":1}
		{"t":"yesterday","v":1}
		{"t":null,"v":1}
		{"t":1}
		{"t":1,"v":null}
		{"t":1,"v":"1"}
		{"t":1,"v":1e1001}
		{"t":1,
		{"t":2,"v":2}
	E
	[ "$status" -eq 1 ]
	[[ $output == *'"s":3}' ]]
	jq -r '."@metadata".error | "\(.line) \(.code)"' \
	    "$BATS_TEST_TMPDIR/f" >"$BATS_TEST_TMPDIR/got"
	diff - "$BATS_TEST_TMPDIR/got" <<-'E'
		2 NoTime
		3 NoTime
		4 NoTime
		5 NoNumber
		6 NoNumber
		7 NoNumber
		8 NoNumber
		9 InvalidJson
	E
	[[ $stderr == *'line 3: NoTime: field t is no time: "yesterday"'* ]]
	# Mended, they are taken.
	sed 's/"v":"1"/"v":1/' "$BATS_TEST_TMPDIR/f" | grep '"line":7' |
		tumble -e 1m -t t s=sum:v | grep -q '"s":1}'
}

late_input() {
	printf '%s\n' '{"t":5,"u":1}' '{"t":61,"u":1}' '{"u":2, "t":7 }' \
	    '{"t":62,"u":1}'
}

@test "a late record is appended to the file of --late as it came" {
	echo first >"$BATS_TEST_TMPDIR/l"
	try "${minute[@]}" --late "$BATS_TEST_TMPDIR/l" < <(late_input)
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[1]} == *'"n":2}' ]]
	[ "$(cat "$BATS_TEST_TMPDIR/l")" = $'first\n{"u":2, "t":7 }' ]
	rm "$BATS_TEST_TMPDIR/l"
	"${minute[@]}" --late "$BATS_TEST_TMPDIR/l" < <(late_input)
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/l")" = 600 ]
}

@test "without --late it fails" {
	try "${minute[@]}" --failed "$BATS_TEST_TMPDIR/f" < <(late_input)
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 2 ]
	[[ $stderr == 'tumble: line 3: Late: '*'--late'* ]]
	[ "$(jq -c '[.u, ."@metadata".error.code]' "$BATS_TEST_TMPDIR/f")" = \
	    '[2,"Late"]' ]
}

@test "a file for late records that is full fails them; stdin and stdout are none" {
	try "${minute[@]}" --late /dev/full --failed "$BATS_TEST_TMPDIR/f" \
	    < <(late_input)
	[ "$status" -eq 75 ]
	[ "$(jq -c '."@metadata".error | [.code, .retryable]' \
	    "$BATS_TEST_TMPDIR/f")" = '["LateFile",true]' ]
	late_input >"$BATS_TEST_TMPDIR/in"
	try "${minute[@]}" --late "$BATS_TEST_TMPDIR/in" <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 2 ]
	[[ $stderr == *'is also stdin'* ]]
}

@test "a window is printed as soon as it closes" {
	mkfifo "$BATS_TEST_TMPDIR/p"
	"${minute[@]}" <"$BATS_TEST_TMPDIR/p" >"$BATS_TEST_TMPDIR/out" 3>&- &
	local pid=$!
	exec 9>"$BATS_TEST_TMPDIR/p"
	printf '%s\n' '{"t":1,"u":1}' '{"t":60,"u":1}' >&9
	until_true lines_of "$BATS_TEST_TMPDIR/out" 1
	exec 9>&-
	reap "$pid"
	[ "$status" -eq 0 ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -eq 2 ]
}

@test "a source that is idle is not waited for, and what it sends then is late" {
	mkfifo "$BATS_TEST_TMPDIR/p"
	"${minute[@]}" --idle 200ms --late "$BATS_TEST_TMPDIR/l" \
	    <"$BATS_TEST_TMPDIR/p" >"$BATS_TEST_TMPDIR/out" 3>&- &
	local pid=$!
	exec 9>"$BATS_TEST_TMPDIR/p"
	echo '{"t":1,"u":1}' >&9
	until_true lines_of "$BATS_TEST_TMPDIR/out" 1
	echo '{"t":2,"u":1}' >&9
	until_true lines_of "$BATS_TEST_TMPDIR/l" 1
	echo '{"t":61,"u":1}' >&9
	exec 9>&-
	reap "$pid"
	[ "$status" -eq 0 ]
	[ "$(jq -s -c 'map(.n)' "$BATS_TEST_TMPDIR/out")" = '[1,1]' ]
}

@test "up to 1,024 different values are counted, past that estimated within the error" {
	local n got
	for n in 1 1024 1025 5000 30000 60000 200000; do
		got=$(seq "$n" | awk '{ printf "{\"t\":1,\"v\":\"user-%d\"}\n{\"t\":1,\"v\":\"user-%d\"}\n", $1, $1 }' |
			tumble -e 1m -t t d=distinct:v | jq .d)
		echo "$n: $got"
		[ "$n" -gt 1024 ] || [ "$got" -eq "$n" ]
		# Three standard errors.
		awk -v n="$n" -v g="$got" \
		    'BEGIN { exit !(g > n * 0.9757 && g < n * 1.0243) }'
	done
	# The order of values, or how often they come, makes no difference.
	[ "$got" = "$(seq "$n" | tac | sed 's/.*/{"t":1,"v":"user-&"}/' |
		tumble -e 1m -t t d=distinct:v | jq .d)" ]
}

@test "20,000 events: windows are those of SQLite, in order, shuffled and late" {
	local db=$BATS_TEST_TMPDIR/db
	PATH=$PATH:$(dirname "$(find "$(dirname "$(command -v tumble)")/.." \
	    -path '*clickstream/events' -type f)")
	for how in '' '--shuffle 30' '--shuffle 30 --late 20 --late-by 20m'; do
		read -ra how <<<"$how"
		events -n 20000 "${how[@]}" >"$BATS_TEST_TMPDIR/e"
		csv-json --types user_id:int,price:num,product_id:int \
		    <"$BATS_TEST_TMPDIR/e" |
			tumble -e 1m -t event_time -b user_id,event_type \
			    --lateness 30s --late "$BATS_TEST_TMPDIR/late" \
			    n=count s=sum:price lo=min:price hi=max:price \
			    d=distinct:product_id |
			jq -r '[.window_start[:19], .user_id, .event_type, .n,
			    .s, .lo, .hi, .d] | @csv' |
			tr -d '"' >"$BATS_TEST_TMPDIR/got"
		rm -f "$db"
		# What a window of event time is, said in SQL: a row is late
		# when one before it was past the end of its minute by 30 s.
		sed 's/\r$//' "$BATS_TEST_TMPDIR/e" >"$BATS_TEST_TMPDIR/lf"
		sqlite3 -csv "$db" ".import $BATS_TEST_TMPDIR/lf e" "
		with t as (select rowid as r,
		    unixepoch(substr(event_time, 1, 19)) as t, * from e),
		w as (select *, t / 60 * 60 as m, coalesce(max(t) over (
		    order by r rows between unbounded preceding
		    and 1 preceding), 0) as top from t)
		select strftime('%Y-%m-%dT%H:%M:%S', m, 'unixepoch'), user_id,
		    event_type, count(*), sum(cast(price * 100 + 0.5 as int)),
		    min(cast(price as real)), max(cast(price as real)),
		    count(distinct product_id)
		from w where m + 60 + 30 > top group by m, user_id, event_type
		order by m, user_id, event_type" |
			awk -F, -v OFS=, -v CONVFMT=%.2f '{ $5 /= 100; print }' \
			    >"$BATS_TEST_TMPDIR/expected"
		wc -l "$BATS_TEST_TMPDIR/expected"
		diff <(awk -F, -v OFS=, -v CONVFMT=%.2f '{ $5 += 0; $6 += 0; $7 += 0; print }' \
		    "$BATS_TEST_TMPDIR/got") \
		    <(awk -F, -v OFS=, -v CONVFMT=%.2f '{ $5 += 0; $6 += 0; $7 += 0; print }' \
			"$BATS_TEST_TMPDIR/expected")
	done
	[ "$(wc -l <"$BATS_TEST_TMPDIR/late")" -gt 100 ]
}

@test "windows after restarts at random places are those of one run" {
	python3 "$BATS_TEST_DIRNAME/faults/tumble_restart.py" -e 10s -b u \
	    --lateness 3s n=count s=sum:v d=distinct:v
	python3 "$BATS_TEST_DIRNAME/faults/tumble_restart.py" --session 4s \
	    -b u --lateness 3s n=count s=sum:v
}

@test "memory is that of the open windows" {
	[ -z "${SANITIZE-}" ] || skip "a sanitizer keeps what was freed"
	local many
	for many in 20000 400000; do
		seq "$many" | awk '{ printf "{\"t\":%d,\"u\":%d}\n", $1 / 20, $1 }' \
		    >"$BATS_TEST_TMPDIR/in"
		/usr/bin/env python3 - "$BATS_TEST_TMPDIR/in" <<-'E' >"$BATS_TEST_TMPDIR/$many"
		import resource, subprocess, sys
		with open(sys.argv[1]) as f:
		    subprocess.run(["tumble", "-e", "1m", "-t", "t", "-b", "u",
		        "n=count"], stdin=f, stdout=subprocess.DEVNULL)
		print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
		E
	done
	cat "$BATS_TEST_TMPDIR/20000" "$BATS_TEST_TMPDIR/400000"
	# 20 times the input, and not twice the memory.
	[ "$(cat "$BATS_TEST_TMPDIR/400000")" -lt \
	    $(($(cat "$BATS_TEST_TMPDIR/20000") * 2)) ]
}

@test "a full disk is 1, and a window it did not take is kept" {
	status=0
	"${minute[@]}" --failed "$BATS_TEST_TMPDIR/f" >/dev/full \
	    < <(late_input | sed 3d) || status=$?
	[ "$status" -eq 1 ]
	[ "$(jq -s -c 'map(.n)' "$BATS_TEST_TMPDIR/f")" = '[1]' ]
}
