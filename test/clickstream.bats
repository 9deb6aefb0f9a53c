#!/usr/bin/env bats
# examples/clickstream, as its README says to run it: few events, on lunad.

load helpers

setup_file() {
	export CLICKSTREAM_EVENTS=20000
	export -n CLICKSTREAM_DEMO
	"$top/examples/clickstream/demo.sh" >"$BATS_FILE_TMPDIR/out" \
	    2>"$BATS_FILE_TMPDIR/err" 3>&- || status=$?
	echo "${status-0}" >"$BATS_FILE_TMPDIR/status"
}

setup() {
	out=$BATS_FILE_TMPDIR/out
	echo "status $(cat "$BATS_FILE_TMPDIR/status")"
	cat "$BATS_FILE_TMPDIR/err" "$out"
}

@test "the demo ends well and says nothing on stderr" {
	[ "$(cat "$BATS_FILE_TMPDIR/status")" -eq 0 ]
	[ ! -s "$BATS_FILE_TMPDIR/err" ]
}

@test "what went onto the stream is what is in the windows" {
	grep -qE '^[0-9]+ windows; events in 20000, in windows 20000, late 0$' "$out"
	[ "$(awk '/ shardId-/ { n += $1 } END { print n }' "$out")" -eq 20000 ]
}

@test "each bot is told of once, in words and as JSON" {
	local bots
	bots=$(awk '/ minutes of user / { n++ } END { print n + 0 }' "$out")
	[ "$bots" -gt 0 ]
	[ "$(sed -n 's/^\([0-9]*\) alerts;.*/\1/p' "$out")" -ge "$bots" ]
	grep -q 'Subject: A bot: user ' "$out"
}

# An independent count of the same questions, by sqlite3.
@test "the insights are those of SQL over the same events" {
	cd "$BATS_TEST_TMPDIR" || return 1
	PATH=$top/examples/clickstream/bin:$PATH
	PATH=$(dirname "$(command -v lunad)")/../examples/clickstream:$PATH
	events -n 20000 >e.csv
	tr -d '\r' <e.csv >unix.csv
	ask() {
		sqlite3 -cmd '.import --csv unix.csv e' :memory: "$1"
	}
	diff <(insights visitors <e.csv | gojq -r '"\(.day)|\(.visitors)"') \
	    <(ask 'SELECT substr(event_time, 1, 10), count(DISTINCT user_id)
		FROM e GROUP BY 1 ORDER BY 1')
	diff <(insights carts <e.csv |
		gojq -r '"\(.product_id)|\(.carts)"') \
	    <(ask "SELECT product_id, sum(event_type = 'cart') AS c FROM e
		GROUP BY 1 HAVING c > 0 AND sum(event_type = 'purchase') = 0
		ORDER BY c DESC, CAST(product_id AS INTEGER)")
	diff <(insights brands <e.csv |
		gojq -r '"\(.brand)|\(.views)|\(.purchases)"') \
	    <(ask "SELECT brand, sum(event_type = 'view') AS v,
		sum(event_type = 'purchase') AS p FROM e WHERE brand <> ''
		GROUP BY 1 HAVING v >= 100 AND p * 100 < v ORDER BY v DESC, 1")
	diff <(insights categories <e.csv | gojq -r \
	    '"\(.weekday)|\(.hour)|\(.category_code)|\(.views)"') \
	    <(ask "SELECT d, h, category_code, n FROM (SELECT *, row_number()
		OVER (PARTITION BY d, h ORDER BY n DESC, category_code) AS r
		FROM (SELECT strftime('%w', substr(event_time, 1, 10)) AS d,
		substr(event_time, 12, 2) AS h, category_code, count(*) AS n
		FROM e WHERE event_type = 'view' AND category_code <> ''
		GROUP BY 1, 2, 3)) WHERE r <= 3 ORDER BY d, h, r")
}
