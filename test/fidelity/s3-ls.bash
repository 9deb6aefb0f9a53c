# shellcheck shell=bash
# A key comes as it was given.
fidelity() {
	local key
	way=s3-ls
	s3 PUT /s3-ls
	printf '%s\n' @metadata 'a b+c%25&=' 'q"\b' 'é😀' '{{k}}' \
	    '{"@metadata":{}}' 2103807459595387724 0.10 >keys
	while IFS= read -r key; do
		s3-put --quiet "s3://s3-ls/$key" </dev/null 2>>"$faults"
	done <keys
	s3-ls s3://s3-ls >out 2>>"$faults"
	diff <(jq -r .Key out) <(LC_ALL=C sort keys) >>"$faults" || true
	jq -e '."@metadata" | keys == ["from"]' out >judged ||
		echo "$way: foreign metadata" >>"$faults"
}
