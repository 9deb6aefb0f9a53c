# shellcheck shell=bash
# A template goes as the file is, a parameter as it was typed, and an output
# comes as it is; what is no text is refused. It reads no records.
fidelity() {
	way=cfn-deploy
	cat >template <<'END'
{ "Description": "2103807459595387724 1e400 0.10 é\u00e9\/ \"@metadata\"",
	"Parameters": {"P": {"Type": "String"}},
  "Resources": {"T": {"Type": "AWS::SNS::Topic"}}, "Metadata": {"n": [1e400,
  0.10, 2103807459595387724, "a\u0000b"]},
  "Outputs": {"O": {"Value": {"Ref": "P"}}} }
END
	local value='{"@metadata":{"from":1},"n":2103807459595387724,"z":0.10} é%+&='
	cfn-deploy fidelity template "P=$value" >out 2>>"$faults"
	# The reply's text is JSON in XML.
	aws-call cloudformation GetTemplate StackName=fidelity |
		jq -rj '.. | .TemplateBody? // empty' >got
	cmp template got >>"$faults" 2>&1 || true
	diff <(jq -r 'select(.OutputKey).OutputValue' out) <(echo "$value") \
	    >>"$faults" || true
	local status=0
	printf '{"Description":"\xff","Resources":{}}' >template
	cfn-deploy fidelity-binary template >out 2>err || status=$?
	[[ $status == [12] && ! -s out && $(wc -l <err) == 1 ]] ||
		echo "$way: $status: $(cat out err)" >>"$faults"
}
