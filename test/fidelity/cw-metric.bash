# shellcheck shell=bash
# Nothing of a record goes, or v as a value, or v as a dimension.
fidelity() {
	through cw-metric -m none fidelity
	through -w value cw-metric -m value --value '{{v}}' -d 'k={{k}}' fidelity
	ask monitoring GraniteServiceVersion20100801.ListMetrics \
	    '{"Namespace":"fidelity","MetricName":"value"}' |
		jq -r '.Metrics[].Dimensions[0].Value' | while read -r k; do
		ask monitoring GraniteServiceVersion20100801.GetMetricStatistics \
		    '{"Namespace":"fidelity","MetricName":"value",
		    "Dimensions":[{"Name":"k","Value":"'"$k"'"}],
		    "StartTime":'$(($(date +%s) - 3600))',
		    "EndTime":'$(($(date +%s) + 60))',"Period":86400,
		    "Statistics":["Maximum"]}' | jq -c '.Datapoints[].Maximum'
	done | arrived values
	through -w dimension cw-metric -m dimension -d 'v={{v}}' fidelity
	ask monitoring GraniteServiceVersion20100801.ListMetrics \
	    '{"Namespace":"fidelity","MetricName":"dimension"}' |
		jq -c '.Metrics[].Dimensions[0].Value' | arrived different
}
