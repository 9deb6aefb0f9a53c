# shellcheck shell=bash
# Parameters from stdin go as they are, but for white space and metadata; a
# reply comes as it is.
fidelity() {
	local line status
	way=aws-call
	scripted_start <<'END'
>> 200 repeat=inf eval
body.decode()
END
	cases records | while IFS= read -r line; do
		aws-call dynamodb PutItem - <<<"$line"
	done >out 2>>"$faults"
	judge replied out
	cases broken | while IFS= read -r line; do
		status=0
		base64 -d <<<"$line" | aws-call dynamodb PutItem - \
		    >out 2>err || status=$?
		[[ $status == 2 && ! -s out && $(wc -l <err) == 1 ]] ||
			echo "$way: $status: $line gave $(cat out err)"
	done >>"$faults"
}
