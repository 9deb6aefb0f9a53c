#!/usr/bin/env bats

load helpers
load servers

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
	scripted_stop
	[ -n "${SCRIPTED_URL-}" ] || lunad_fault
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
	local line LC_ALL=C.UTF-8 # characters, not bytes
	for line in "${lines[@]}"; do
		[ "${#line}" -le 62 ]
	done
	[ "$(grep -o '█' <<<"$output" | wc -l)" -gt 20 ]
}

# results STATUS [MEMBERS]: a reply with one series of two points.
results() {
	jq -nc --arg s "$1" --argjson more "${2-{\}}" '{MetricDataResults: [
	    {Id: "m", Label: "L", Timestamps: [1767225600, 1767225660],
	    Values: [1, 2.50], StatusCode: $s}]} + $more'
}

@test "a series that failed is a failure, and so is a reply without any" {
	scripted_start <<END
>> 200
$(results InternalError)
>> 200
$(results Forbidden)
>> 200
{}
END
	try cw-get Test -m Hours
	[ "$status" -eq 75 ]
	[[ $stderr == *InternalError* ]]
	try cw-get Test -m Hours
	[ "$status" -eq 2 ]
	[[ $stderr == *Forbidden* ]]
	try cw-get Test -m Hours
	[ "$status" -eq 75 ]
	[[ $stderr == *InvalidReply* ]]
}

@test "pages follow each other; a signal between them is 75" {
	scripted_start <<END
>> 200
$(results PartialData '{"NextToken":"more"}')
>> 200
$(results Complete)
>> 200 repeat=inf delay=0.1
$(results PartialData '{"NextToken":"more"}')
END
	try cw-get Test -m Hours
	[ "$status" -eq 0 ]
	[ "$(jq -c .value <<<"$output" | paste -sd ' ')" = '1 2.5 1 2.5' ]
	[ "$(scripted_log '.body | fromjson | .NextToken')" = $'null\nmore' ]
	cw-get Test -m Hours >"$BATS_TEST_TMPDIR/out" 3>&- &
	local pid=$! status=0
	until [ -s "$BATS_TEST_TMPDIR/out" ]; do sleep 0.05; done
	kill "$pid"
	wait "$pid" || status=$?
	[ "$status" -eq 75 ]
}

@test "throttled: goes on; denied: 2; away: 75; garbage: 75; full: 1" {
	lunad_fault cloudwatch:GetMetricData=denied
	try cw-get Test -m Hours
	[ "$status" -eq 2 ]
	lunad_fault cloudwatch:GetMetricData=503
	try cw-get Test -m Hours
	[ "$status" -eq 75 ]
	lunad_fault cloudwatch:GetMetricData=garbage
	try cw-get Test -m Hours
	[ "$status" -eq 75 ]
	[[ $stderr == 'cw-get: '* ]]
	lunad_fault
	run bash -c "cw-get Test -m Hours --since 3d >/dev/full"
	[ "$status" -eq 1 ]
}

@test "a second signal kills" {
	lunad_fault cloudwatch:GetMetricData=delay:60s
	hearing cw-get Test -m Hours >"$BATS_TEST_TMPDIR/out" 3>&- &
	killed_by_second "$!" INT+TERM
}
