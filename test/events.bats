#!/usr/bin/env bats
# The generator of examples/clickstream.

load helpers

setup() {
	case ${BUILD:-build} in
	/*) PATH=$BUILD/examples/clickstream:$PATH ;;
	*) PATH=$top/${BUILD:-build}/examples/clickstream:$PATH ;;
	esac
	e=$BATS_TEST_TMPDIR/e
}

# lag FILE: how far the time of an event is at most behind an earlier one's,
# and how many are behind by more than 30 seconds.
lag() {
	awk -F, 'NR > 1 {
		split($1, a, /[-: ]/)
		t = ((a[3] * 24 + a[4]) * 60 + a[5]) * 60 + a[6]
		if (t > top) top = t
		if (top - t > most) most = top - t
		if (top - t > 30) late++
	} END { print most + 0, late + 0 }' "$1"
}

@test "events: usage" {
	try events --help
	[ "$status" -eq 0 ]
	try events --start never
	[ "$status" -eq 2 ]
	try events --shuffle 99d
	[ "$status" -eq 2 ]
}

@test "events: the same seed gives the same bytes everywhere, another one others" {
	events -n 2000 >"$e"
	[ "$(md5sum <"$e")" = '0201a5dcf0fdf7887897c13ddfcd77d8  -' ]
	run ! cmp -s "$e" <(events -n 2000 --seed 2)
	cmp <(events -n 1000) <(head -n 1001 "$e")
}

@test "events: nine columns, CR LF, so many rows, in order" {
	events -n 20000 >"$e"
	[ "$(wc -l <"$e")" -eq 20001 ]
	[ "$(grep -c $'\r$' "$e")" -eq 20001 ]
	[ "$(head -n 1 "$e")" = $'event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\r' ]
	run ! grep -vqE $'^(event_|2020-01-01 ..:..:.. UTC,(view|cart|remove_from_cart|purchase),[0-9]{7},2[0-9]{18},[a-z.]*,[a-z]*,[0-9]+[.][0-9][0-9],[4-6][0-9]{8},[0-9a-f-]{36}\r$)' "$e"
	[ "$(lag "$e")" = '0 0' ]
}

@test "events: visits have the shape of a shop's" {
	events -n 200000 | csv-json --types price:num >"$e"
	# shellcheck disable=SC2016 # $ are gojq's
	gojq -cn '[inputs | [.event_type, .brand, .user_session, .product_id]] |
	    (group_by(.[1]) | map(select(length > 500 and .[0][1] != "") |
		select(all(.[0] != "purchase"))) | length) as $shunned |
	    (group_by(.[2]) | map(map(.[0])) | length) as $visits |
	    (group_by(.[2]) | map(map(.[0])) |
		map(select(index("cart") and (index("purchase") | not))) |
		length) as $abandoned |
	    (map(.[0]) | group_by(.) | map({(.[0]): length}) | add) +
	    {$shunned, $visits, $abandoned}' "$e" >"$BATS_TEST_TMPDIR/shape"
	cat "$BATS_TEST_TMPDIR/shape"
	jq -e '.view > 80000 and .cart > 50000 and .remove_from_cart > 20000 and
	    .purchase > 10000 and .shunned >= 3 and .abandoned > 3000 and
	    .visits > 15000' "$BATS_TEST_TMPDIR/shape"
}

@test "events: bots do more in a minute than people" {
	events -n 200000 | awk -F, '
	    { n[substr($1, 1, 16) $8]++ }
	    END {
		for (i in n)
			if (n[i] > 60) { bots++ } else if (n[i] > 30) { near++ }
		print bots + 0, near + 0
		exit !(bots >= 5)
	    }'
}

@test "events: shuffled within a bound, and late beyond it: the same events" {
	events -n 20000 >"$e"
	events -n 20000 --shuffle 30 >"$e.shuffled"
	events -n 20000 --shuffle 30 --late 5 --late-by 10m >"$e.late"
	cmp <(sort "$e") <(sort "$e.shuffled")
	cmp <(sort "$e") <(sort "$e.late")
	read -r most late < <(lag "$e.shuffled")
	[ "$most" -gt 20 ]
	[ "$late" -eq 0 ]
	read -r most late < <(lag "$e.late")
	[ "$most" -le 631 ]
	[ "$late" -gt 70 ]
	[ "$late" -lt 130 ]
}

@test "events: a reader that goes away ends it quietly" {
	set +o pipefail
	events -n 1000000000 2>"$BATS_TEST_TMPDIR/err" | head -n 1
	[ ! -s "$BATS_TEST_TMPDIR/err" ]
}
