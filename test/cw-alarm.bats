#!/usr/bin/env bats

load helpers

# Two alarms: one that will see data above its threshold, one without data. A
# peer does not evaluate them: it is told what became of them.
setup_file() {
	lunad_start
	local name
	for name in high quiet; do
		jq -nc --arg n "$name" '{AlarmName: $n, Namespace: "Test",
		    MetricName: $n, Statistic: "Sum", Period: 60,
		    EvaluationPeriods: 1, Threshold: 5,
		    ComparisonOperator: "GreaterThanThreshold",
		    TreatMissingData: "notBreaching"}' |
			aws-call cloudwatch PutMetricAlarm - >/dev/null
	done
	if [ -n "${LUNA_PEER-}" ]; then
		for name in quiet:OK high:OK high:ALARM; do
			aws-call cloudwatch SetAlarmState \
			    "AlarmName=${name%:*}" "StateValue=${name#*:}" \
			    StateReason=test >/dev/null
		done
		return
	fi
	lunad_clock 3m >/dev/null
	now=$(curl -sS "$AWS_ENDPOINT_URL/_luna/clock" | jq -r .now)
	jq -nc --arg t "$now" '{v: 9, t: $t}' |
		cw-metric Test -m high --value '{{v}}' --at t --quiet
	lunad_clock 2m >/dev/null
}

teardown_file() {
	lunad_stop
}

@test "help and usage" {
	try cw-alarm --help
	[ "$status" -eq 0 ]
	try cw-alarm --state Fine
	[ "$status" -eq 2 ]
	[[ $stderr == *Fine* ]]
	try cw-alarm --state OK --history
	[ "$status" -eq 2 ]
}

@test "alarms are records, all or by name or by state" {
	try cw-alarm
	[ "$status" -eq 0 ]
	[ "$(jq -r .AlarmName <<<"$output" | sort | paste -sd ' ')" = 'high quiet' ]
	try cw-alarm quiet
	[ "$(jq -r .AlarmName <<<"$output")" = quiet ]
	[ "$(jq -r .StateValue <<<"$output")" = OK ]
	try cw-alarm --state INSUFFICIENT_DATA
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "the history tells each change of state once, oldest first" {
	try cw-alarm --history high
	[ "$status" -eq 0 ]
	jq -r 'select(.HistoryItemType == "StateUpdate") | .HistorySummary' \
	    <<<"$output" >"$BATS_TEST_TMPDIR/changes"
	cat "$BATS_TEST_TMPDIR/changes"
	[ "$(grep -c 'to ALARM' "$BATS_TEST_TMPDIR/changes")" -eq 1 ]
	[[ $(head -n 1 "$BATS_TEST_TMPDIR/changes") == *'INSUFFICIENT_DATA to OK'* ]]
}

@test "an alarm that is not there is no output" {
	try cw-alarm nothing
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "denied: 2; away: 75" {
	lunad_fault cloudwatch:DescribeAlarms=denied
	try cw-alarm
	lunad_fault
	[ "$status" -eq 2 ]
	try cw-alarm --endpoint-url http://127.0.0.1:9
	[ "$status" -eq 75 ]
}
