#!/usr/bin/env bats
# examples/lottery, as its README says to run it: a short day of it on lunad.

load helpers

# 36 draws: three hours.
setup_file() {
	export LOTTERY_DRAWS=36
	export -n LOTTERY_DEMO
	"$top/examples/lottery/demo.sh" >"$BATS_FILE_TMPDIR/out" \
	    2>"$BATS_FILE_TMPDIR/err" 3>&- || status=$?
	echo "${status-0}" >"$BATS_FILE_TMPDIR/status"
	# What the same seeds draw, without any service.
	local i
	for ((i = 1; i <= LOTTERY_DRAWS; i++)); do
		lotto-draw --seed "$i"
	done >"$BATS_FILE_TMPDIR/draws"
}

setup() {
	out=$BATS_FILE_TMPDIR/out
	echo "status $(cat "$BATS_FILE_TMPDIR/status")"
	cat "$BATS_FILE_TMPDIR/err"
	thirteens=$(jq -s 'map(select(.numbers[6] == 13)) | length' \
	    "$BATS_FILE_TMPDIR/draws")
}

shown() { # shown NUMBER WHAT
	grep -qE "^ *$1  $2\$" "$out" || {
		grep -F "$2" "$out"
		return 1
	}
}

@test "the demo ends well, says nothing on stderr, and leaves nothing" {
	[ "$(cat "$BATS_FILE_TMPDIR/status")" -eq 0 ]
	[ ! -s "$BATS_FILE_TMPDIR/err" ]
	[ -z "$(pgrep -f 'lunad --seed 13' || true)" ]
	[ "$thirteens" -gt 0 ]
}

@test "every draw is kept, mailed to each customer and the VIP, once" {
	shown 36 luna_lottery
	shown 36 luna_lottery_mails
	# and a mail that asked for confirmation
	shown 37 ann@example.org
	shown 37 bob@example.org
	shown 37 vip@example.org
}

@test "the alarm on 13 follows the draws: once a change of state" {
	local runs
	# Draws with a 13 that follow each other are one episode.
	runs=$(jq -s '[.[].numbers[6] == 13] | [., [false] + .[:-1]] |
	    transpose | map(select(.[0] and (.[1] | not))) | length' \
	    "$BATS_FILE_TMPDIR/draws")
	[ "$(awk '/from OK to ALARM .luna_lottery_drew_13/ { print $1 }' \
	    "$out")" -eq "$runs" ]
	[ "$(awk '/from ALARM to OK .luna_lottery_drew_13/ { print $1 }' \
	    "$out")" -eq "$runs" ]
}

@test "the unlucky wait, raise their alarm, and end it" {
	grep -qE '^ *1 Alarm updated from OK to ALARM .luna_vip_unlucky' "$out"
	grep -qE '^ *1 Alarm updated from ALARM to OK .luna_vip_unlucky' "$out"
}

@test "every alarm notification is kept and reaches the administrator" {
	local kept mails
	kept=$(awk '$2 == "luna_lottery_alarms" { print $1 }' "$out")
	mails=$(awk '$1 + 0 > 0 && $2 == "admin@example.org" { print $1 }' "$out")
	# one confirmation and one summary are mail and no alarm
	[ "$kept" -gt 2 ]
	[ "$mails" -eq $((kept + 2)) ]
	grep -q '^- State Change: *ALARM -> OK' "$out"
}

@test "the stack is clean, and each pipe is what the crontab calls" {
	local name
	for name in "$top"/examples/lottery/bin/*; do
		grep -qE "(^|[^a-z-])$(basename "$name")\$" \
		    "$top/examples/lottery/crontab" || {
			echo "$name is in no crontab line"
			return 1
		}
	done
	grep -qx 'SHELL=/bin/bash' "$top/examples/lottery/crontab"
}
