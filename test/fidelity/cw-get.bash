# shellcheck shell=bash
# A value comes as the service wrote it.
fidelity() {
	local numbers='2103807459595387724,0.10,1.50E+2,-0,1E-7'
	way=cw-get
	scripted_start <<END
>> 200
{"MetricDataResults":[{"Id":"m","Label":"@metadata","StatusCode":"Complete",
"Timestamps":[1,2,3,4,5],"Values":[$numbers]}]}
END
	cw-get -m m n >out 2>>"$faults"
	diff <(sed 's/.*"value":\([^,}]*\),"@meta.*/\1/' out) \
	    <(tr , '\n' <<<"$numbers") >>"$faults" || true
}
