# shellcheck shell=bash
# An alarm's description comes as it is.
fidelity() {
	local n=0
	way=cw-alarm
	cases bodies | while read -r body; do
		[ ${#body} -lt 1000 ] || continue
		n=$((n + 1))
		printf '{"AlarmName":"a%d","AlarmDescription":%s,"Namespace":"n",
		    "MetricName":"m","Period":60,"EvaluationPeriods":1,
		    "Statistic":"Sum","Threshold":1,
		    "ComparisonOperator":"GreaterThanThreshold"}' "$n" "$body" |
			ask monitoring GraniteServiceVersion20100801.PutMetricAlarm
		echo "$body" >>put
	done >said
	cw-alarm >out 2>>"$faults"
	diff <(jq -c .AlarmDescription out | LC_ALL=C sort) \
	    <(jq -c . put | LC_ALL=C sort) >>"$faults" || true
}
