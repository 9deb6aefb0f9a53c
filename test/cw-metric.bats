#!/usr/bin/env bats

load helpers
load contract

setup_file() {
	lunad_start
}

teardown_file() {
	lunad_stop
}

setup() {
	space=Test/$BATS_TEST_NUMBER
	sink=(cw-metric "$space" -m Things)
	action=cloudwatch:PutMetricData
}

teardown() {
	lunad_fault
}

good() {
	records "$1"
}

sum() { # sum [OPTION…]: of all data points of the last hour
	cw-get "$space" -m Things --stat Sum --since 1h "$@" |
		jq -s 'map(.value) | add // 0'
}

@test "help and usage" {
	contract_help
	contract_usage
	try cw-metric "$space" </dev/null
	[ "$status" -eq 2 ]
	[[ $stderr == *--metric* ]]
	try cw-metric AWS/SQS -m x </dev/null
	[ "$status" -eq 2 ]
	try cw-metric "$space" -m x -u Furlongs </dev/null
	[ "$status" -eq 2 ]
	[[ $stderr == *Furlongs* ]]
}

@test "each record is one, and comes out in order" {
	contract_happy
	[ "$(sum)" = 12 ]
}

@test "empty input, --quiet, --when, --dry-run, bad lines" {
	contract_empty
	contract_quiet
	contract_unless
	contract_dry_run
	contract_bad_line
	contract_not_kept
}

@test "bytes pass as they are" {
	contract_bytes
}

@test "data are folded into values and counts" {
	local t
	t=$(date -u -d '-20 min' +%Y-%m-%dT%H:%M)
	# The last is of the next minute.
	printf '{"v":%s,"t":"%s"}\n' 1 "$t:00Z" 2 "$t:30Z" 1 "$t:59.999Z" \
	    2.5 "$t:00Z" 1 "$t:00Z" 1 "$(date -u -d "$t:00Z 1 min" \
	    +%Y-%m-%dT%H:%M:%SZ)" >"$BATS_TEST_TMPDIR/in"
	try cw-metric "$space" -m Things --value '{{v}}' --at t --dry-run \
	    <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 0 ]
	[ "$(jq -c '.parameters.MetricData | map([.Values, .Counts])' \
	    <<<"$output")" = '[[[1,2,2.5],[3,1,1]],[[1],[1]]]' ]
}

@test "values, units, dimensions and times are what CloudWatch gets" {
	local t
	t=$(date -u -d '-20 min' +%Y-%m-%dT%H:%M:%SZ)
	try cw-metric "$space" -m Things --value '{{v}}' -u Seconds \
	    -d Host='{{h}}' --at t <<<"{\"v\":2.5,\"h\":\"a b\",\"t\":\"$t\"}"
	[ "$status" -eq 0 ]
	[ "$(sum -d 'Host=a b')" = 2.5 ]
	[ "$(sum)" = 0 ]
	[ "$(cw-get "$space" -m Things -d 'Host=a b' --stat Sum --period 60 \
	    --since 1h | jq -r .timestamp)" = "${t%:*}:00.000Z" ]
}

@test "a metric's name may come from the record" {
	printf '{"k":"%s"}\n' One Two One | cw-metric "$space" -m '{{k}}' --quiet
	[ "$(cw-get "$space" -m One --stat Sum --since 1h | jq .value)" = 2 ] ||
		[ "$(cw-get "$space" -m One --stat Sum --since 1h |
			jq -s 'map(.value) | add')" = 2 ]
}

@test "what is no number, or no time that is taken, fails alone" {
	printf '%s\n' '{"v":"x","t":0}' '{"v":1e400}' '{"v":"0x10"}' '{"v":5}' \
	    >"$BATS_TEST_TMPDIR/in"
	try cw-metric "$space" -m Things --value '{{v}}' <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 1 ]
	[[ $stderr == *'line 1: InvalidValue'*'line 2: InvalidValue'*'line 3: InvalidValue'* ]]
	[ "$(out_count)" -eq 1 ]
	try cw-metric "$space" -m Things --at t <<<'{"t":"2020-01-01"}'
	[ "$status" -eq 1 ]
	[[ $stderr == *TimeOutOfRange* ]]
	try cw-metric "$space" -m Things --at t <<<'{"t":"noon"}'
	[[ $stderr == *InvalidTime* ]]
}

@test "a large body is compressed, unless the environment says no" {
	seq 900 | jq -c '{k: "metric\(.)"}' >"$BATS_TEST_TMPDIR/in"
	try cw-metric "$space" -m '{{k}}' --quiet <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 0 ]
	AWS_DISABLE_REQUEST_COMPRESSION=true \
	    try cw-metric "$space" -m '{{k}}' --quiet <"$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 0 ]
	[ "$(cw-get "$space" -m metric900 --stat Sum --since 1h |
		jq -s 'map(.value) | add')" = 2 ]
}

@test "throttled, denied, away, full, no credentials" {
	contract_throttle
	[ "$(sum)" = 20 ]
	contract_denied
	contract_away
	[ "$(sum)" = 50 ]
	contract_full
	contract_no_credentials
}

@test "a second signal kills" {
	contract_second_signal
}
