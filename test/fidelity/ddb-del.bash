# shellcheck shell=bash
fidelity() {
	table ddb-del k:S
	items_of_names ddb-del
	through ddb-del ddb-del
	diff <(scan ddb-del | jq -r '.Items[].k.S' | LC_ALL=C sort) \
	    <(cases names ddb-del) >>"$faults" || true
}
