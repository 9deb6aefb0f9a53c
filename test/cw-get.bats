#!/usr/bin/env bats

load helpers

# A day in the past with a datum of N at N o'clock.
setup_file() {
	lunad_start
	DAY=$(date -u -d yesterday +%F)
	export DAY
	seq 0 23 | jq -c --arg d "$DAY" \
	    '{v: ., t: "\($d)T\(. + 100 | tostring | .[1:]):00:00Z"}' |
		cw-metric Test -m Hours --value '{{v}}' --at t --quiet
}

teardown_file() {
	lunad_stop
}

teardown() {
	lunad_fault
}

@test "help and usage" {
	try cw-get --help
	[ "$status" -eq 0 ]
	try cw-get
	[ "$status" -eq 2 ]
	try cw-get -m x
	[ "$status" -eq 2 ]
	try cw-get Test -m x --since noon-ish
	[ "$status" -eq 2 ]
	[[ $stderr == *noon-ish* ]]
	try cw-get Test -m x --since 2026-01-02 --until 2026-01-01
	[ "$status" -eq 2 ]
	try cw-get Test -m x -d nothing
	[ "$status" -eq 2 ]
}

@test "data points, oldest first, with their time" {
	try cw-get Test -m Hours --stat Sum --period 1h --since "$DAY" --until \
	    "${DAY}T23:59:59Z"
	[ "$status" -eq 0 ]
	[ "$(jq .value <<<"$output" | paste -sd ' ')" = "$(seq -s ' ' 0 23)" ]
	[ "$(jq -r .timestamp <<<"${lines[7]}")" = "${DAY}T07:00:00.000Z" ]
	[ "$(jq -c '."@metadata".from.cw.MetricName' <<<"${lines[0]}")" = \
	    '"Hours"' ]
}

@test "statistics over longer periods" {
	local s
	for s in Sum:276 Average:11.5 Maximum:23 Minimum:0 SampleCount:24; do
		try cw-get Test -m Hours --stat "${s%:*}" --period 1d \
		    --since "$DAY" --until "${DAY}T23:00:01Z"
		[ "$(jq .value <<<"$output")" = "${s#*:}" ]
	done
}

@test "no data is no output, and 0" {
	try cw-get Test -m Nothing
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

@test "--plot draws bars, axes and times within the width" {
	COLUMNS=60 try cw-get Test -m Hours --stat Sum --period 1h \
	    --since "$DAY" --until "${DAY}T23:59:59Z" --plot
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == *'Test Hours, Sum of 3600 s'* ]]
	[[ $output == *'50 ┤'* ]]
	[[ $output == *'└──'* ]]
	[[ $output == *"${DAY#*-} 00:00"*'UTC'* ]]
	local line
	for line in "${lines[@]}"; do
		[ "${#line}" -le 62 ]
	done
	[ "$(grep -o '█' <<<"$output" | wc -l)" -gt 20 ]
}

@test "throttled: goes on; denied: 2; away: 75; garbage: 75 or 2; full: 1" {
	lunad_fault cloudwatch:GetMetricData=denied
	try cw-get Test -m Hours
	[ "$status" -eq 2 ]
	lunad_fault cloudwatch:GetMetricData=503
	try cw-get Test -m Hours
	[ "$status" -eq 75 ]
	lunad_fault cloudwatch:GetMetricData=garbage
	try cw-get Test -m Hours
	[ "$status" -ne 0 ]
	[[ $stderr == 'cw-get: '* ]]
	lunad_fault
	run bash -c "cw-get Test -m Hours --since 3d >/dev/full"
	[ "$status" -eq 1 ]
}
