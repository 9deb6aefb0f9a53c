# CloudWatch of lunad, by plain signed requests: JSON and the query form.
# Every operation through another's client: test/interop/boto3_cloudwatch.py.
load helpers
load cases

setup_file() { lunad_start; }
teardown_file() { lunad_stop; }

setup() {
	load signed
	reply=$BATS_TEST_TMPDIR/reply
	n=t$BATS_TEST_NUMBER
	topic=arn:aws:sns:us-east-1:000000000000:$n
	queue=arn:aws:sqs:us-east-1:000000000000:$n
}

teardown() {
	own_stop
}

cw() {
	json monitoring 1.0 "GraniteServiceVersion20100801.$1" "$2"
}

sqs() {
	json sqs 1.0 "AmazonSQS.$1" "$2"
}

# now: virtual time in seconds.
now() {
	lunad_clock 0s | jq -r '.now | sub("\\.[0-9]+"; "") | fromdate'
}

# put VALUE [TIME]
put() {
	cw PutMetricData "{\"Namespace\":\"$n\",\"MetricData\":[{
	    \"MetricName\":\"m\",\"Value\":$1,\"Timestamp\":${2:-$(now)}}]}"
}

# alarm [MORE]: of the test's name, over 5 in a minute's sum.
alarm() {
	cw PutMetricAlarm "{\"AlarmName\":\"$n\",\"Namespace\":\"$n\",
	    \"MetricName\":\"m\",\"Statistic\":\"Sum\",\"Period\":60,
	    \"EvaluationPeriods\":1,\"Threshold\":5,
	    \"ComparisonOperator\":\"GreaterThanThreshold\"${1:+,$1}}"
}

described() {
	cw DescribeAlarms "{\"AlarmNames\":[\"$n\"]}" |
		jq -r ".MetricAlarms[0].$1"
}

# listen: a topic and a queue that hears it.
listen() {
	form sns 2010-03-31 CreateTopic "Name=$n"
	sqs CreateQueue "{\"QueueName\":\"$n\"}"
	form sns 2010-03-31 Subscribe Protocol=sqs "Endpoint=$queue" \
	    "TopicArn=$topic"
} >/dev/null

# notices FILTER: of each notice in the queue, oldest first; they are taken.
notices() {
	while sqs ReceiveMessage \
	    "{\"QueueUrl\":\"$n\",\"MaxNumberOfMessages\":1}" >/dev/null &&
	    [ "$(jq '.Messages | length' "$reply")" -gt 0 ]; do
		jq -c ".Messages[].Body | fromjson | $1" "$reply"
		sqs DeleteMessage "$(jq -c --arg q "$n" '{QueueUrl: $q,
		    ReceiptHandle: .Messages[0].ReceiptHandle}' \
		    "$reply")" >/dev/null
	done
}

@test "alarms: every case in test/cases/alarm" {
	cases "$(program lunad_alarm)" "$BATS_TEST_DIRNAME/cases/alarm"
}

@test "metric math: every case in test/cases/metric_math" {
	cases "$(program lunad_math)" "$BATS_TEST_DIRNAME/cases/metric_math"
}

@test "an alarm tells each change once, in AWS's words" {
	listen
	alarm "\"TreatMissingData\":\"notBreaching\",\"DatapointsToAlarm\":1,
	    \"AlarmActions\":[\"$topic\"],\"OKActions\":[\"$topic\"]"
	lunad_minute
	lunad_clock 1m
	[ "$(described StateValue)" = OK ]
	since=$(described StateUpdatedTimestamp)
	lunad_clock 5m
	[ "$(described StateUpdatedTimestamp)" = "$since" ]
	notices . >/dev/null
	lunad_minute
	at=$(now)
	stamp=$(date -ud "@$((at / 60 * 60))" '+%d/%m/%y %H:%M:%S')
	put 21.5 "$at"
	put 3 "$at"
	lunad_clock 1m
	reason="Threshold Crossed: 1 out of the last 1 datapoints [24.5 ($stamp)] was greater than the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition)."
	echo "$reason"
	described StateReason
	[ "$(described StateReason)" = "$reason" ]
	lunad_clock 10m
	notices '[.Subject, (.Message | fromjson | .OldStateValue,
	    .NewStateValue, .NewStateReason, .Trigger.Threshold, .Region)]' \
		>"$BATS_TEST_TMPDIR/told"
	cat "$BATS_TEST_TMPDIR/told"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/told")" = 2 ]
	region='US East (N. Virginia)'
	[ "$(jq -c . <<<"[\"ALARM: \\\"$n\\\" in $region\",\"OK\",\"ALARM\",
	    \"$reason\",5.0,\"$region\"]")" = \
		"$(head -n 1 "$BATS_TEST_TMPDIR/told")" ]
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/told" | jq -r .[2])" = OK ]
	cw DescribeAlarmHistory "{\"AlarmName\":\"$n\",
	    \"HistoryItemType\":\"StateUpdate\"}"
	[ "$(jq -r '.AlarmHistoryItems[].HistorySummary' "$reply")" = \
"Alarm updated from ALARM to OK
Alarm updated from OK to ALARM
Alarm updated from INSUFFICIENT_DATA to OK" ]
}

# mails FOLDER COUNT: wait until so many are there.
mails() {
	local try
	for try in {1..500}; do
		[ "$(find "$1" -type f 2>/dev/null | wc -l)" -lt "$2" ] ||
			return 0
		sleep 0.02
	done
	echo "mails in $1 after $try tries:"
	find "$1" -type f
	return 1
}

@test "a state that is set to what it is tells nobody" {
	listen
	alarm "\"AlarmActions\":[\"$topic\"]"
	for state in ALARM ALARM; do
		cw SetAlarmState "{\"AlarmName\":\"$n\",
		    \"StateValue\":\"$state\",\"StateReason\":\"drill\"}"
	done
	[ "$(notices '.Message | fromjson | .NewStateReason')" = '"drill"' ]
}

@test "an administrator gets a mail that people can read" {
	form sns 2010-03-31 CreateTopic "Name=$n"
	form sns 2010-03-31 Subscribe Protocol=email \
	    "Endpoint=$n@example.com" "TopicArn=$topic"
	box=$LUNAD_DIR/data/mail/$n@example.com/new
	mails "$box" 1
	link=$(sed 's/\r$//' "$box"/* | grep -o 'http://.*ConfirmSubscription.*')
	curl -sSf "$link"
	alarm "\"AlarmActions\":[\"$topic\"]"
	lunad_minute
	put 9
	lunad_clock 1m
	mails "$box" 2
	run grep -h -A 40 "^Subject: ALARM" "$box"/*
	[[ $output == *"Subject: ALARM: \"$n\" in US East (N. Virginia)"* ]]
	[[ $output == *'You are receiving this email because your Amazon CloudWatch Alarm'* ]]
	[[ $output == *'State Change: '*' -> ALARM'* ]]
	[[ $output != *'{"AlarmName"'* ]]
}

@test "an alarm whose actions are off changes and tells nobody" {
	listen
	alarm "\"AlarmActions\":[\"$topic\"]"
	cw DisableAlarmActions "{\"AlarmNames\":[\"$n\"]}"
	lunad_minute
	put 9
	lunad_clock 1m
	[ "$(described StateValue)" = ALARM ]
	[ "$(notices .)" = "" ]
}

@test "the query form: XML in AWS's shape, numbers as it writes them" {
	form monitoring 2010-08-01 PutMetricAlarm "AlarmName=$n" \
	    "Namespace=$n" MetricName=m Statistic=Sum Period=60 \
	    EvaluationPeriods=1 Threshold=5 \
	    ComparisonOperator=GreaterThanThreshold \
	    Dimensions.member.1.Name=a 'Dimensions.member.1.Value=<b&>'
	form monitoring 2010-08-01 DescribeAlarms \
	    "AlarmNames.member.1=$n"
	[ "$(element Threshold)" = 5.0 ]
	[ "$(element Value)" = '&lt;b&amp;&gt;' ]
	[ "$(element ActionsEnabled)" = true ]
	grep -q '^<DescribeAlarmsResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/">' "$reply"
	form monitoring 2010-08-01 PutMetricAlarm AlarmName=x && return 1
	refused 400 MissingParameter
	form monitoring 2010-08-01 PutCompositeAlarm AlarmName=x && return 1
	refused 400 InvalidAction
	cw PutCompositeAlarm '{"AlarmName":"x","AlarmRule":"TRUE"}' && return 1
	refused 400 UnknownOperationException
}

@test "a body that is compressed is read" {
	jq -nc --arg n "$n" --argjson t "$(now)" '{Namespace: $n,
	    MetricData: [{MetricName: "m", Value: 7, Timestamp: $t}]}' |
		gzip >"$BATS_TEST_TMPDIR/body"
	signed monitoring -H 'Content-Type: application/x-amz-json-1.0' \
	    -H 'X-Amz-Target: GraniteServiceVersion20100801.PutMetricData' \
	    -H 'Content-Encoding: gzip' \
	    --data-binary "@$BATS_TEST_TMPDIR/body"
	cw GetMetricStatistics "{\"Namespace\":\"$n\",\"MetricName\":\"m\",
	    \"StartTime\":$(($(now) - 600)),\"EndTime\":$(($(now) + 60)),
	    \"Period\":60,\"Statistics\":[\"Sum\",\"SampleCount\"]}"
	jq -e '.Datapoints | map([.Sum, .SampleCount]) == [[7, 1]]' "$reply"
}

@test "points and alarms outlive a crash, and nothing is told twice" {
	own_start
	listen
	alarm "\"AlarmActions\":[\"$topic\"],
	    \"TreatMissingData\":\"ignore\""
	lunad_minute
	put 9
	lunad_clock 1m
	crash
	own_again
	lunad_clock 3m
	[ "$(described StateValue)" = ALARM ]
	[ "$(notices .Subject | wc -l)" = 1 ]
	put 1
	lunad_clock 1m
	[ "$(described StateValue)" = OK ]
	cw GetMetricStatistics "{\"Namespace\":\"$n\",\"MetricName\":\"m\",
	    \"StartTime\":$(($(now) - 3600)),\"EndTime\":$(($(now) + 60)),
	    \"Period\":3600,\"Statistics\":[\"Sum\"]}"
	jq -e '[.Datapoints[].Sum] | add == 10' "$reply"
}

# worked: milliseconds of processor time that lunad has used. How long it
# takes by the clock depends on who else is at work here.
worked() {
	local stat
	read -ra stat <"/proc/$LUNAD_PID/stat"
	echo $(((stat[13] + stat[14]) * 1000 / $(getconf CLK_TCK)))
}

# An hour of the day has points, all there before it begins.
@test "a virtual day with a dozen alarms is a second of work or so" {
	own_start
	start=$(($(now) / 60 * 60 + 60))
	jq -nc --arg n "$n" --argjson t "$start" '{Namespace: $n,
	    MetricData: [range(12) as $i | range(60) as $k |
	    {MetricName: "m\($i)", Value: ($k % 7),
	    Timestamp: ($t + 60 * $k)}]}' >"$BATS_TEST_TMPDIR/points"
	cw PutMetricData "@$BATS_TEST_TMPDIR/points"
	for i in {0..11}; do
		cw PutMetricAlarm "{\"AlarmName\":\"$n-$i\",
		    \"Namespace\":\"$n\",\"MetricName\":\"m$i\",
		    \"Statistic\":\"Sum\",\"Period\":60,
		    \"EvaluationPeriods\":3,\"DatapointsToAlarm\":2,
		    \"Threshold\":4,\"TreatMissingData\":\"notBreaching\",
		    \"ComparisonOperator\":\"GreaterThanThreshold\"}"
	done
	before=$(worked)
	lunad_clock 1d
	ms=$(($(worked) - before))
	echo "a day took $ms ms"
	[ "$ms" -lt "${DAY_MS:-3000}" ]
	cw DescribeAlarmHistory "{\"AlarmName\":\"$n-11\",
	    \"HistoryItemType\":\"StateUpdate\",\"MaxRecords\":100}"
	[ "$(jq '.AlarmHistoryItems | length' "$reply")" -ge 16 ]
	cw DescribeAlarms "{\"AlarmNamePrefix\":\"$n-\"}"
	[ "$(jq -r '.MetricAlarms[].StateValue' "$reply" | uniq -c |
		tr -s ' ')" = ' 12 OK' ]
}
