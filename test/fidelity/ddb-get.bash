# shellcheck shell=bash
fidelity() {
	table ddb-get k:S
	items_of_names ddb-get
	through -a got ddb-get ddb-get
	through -w into -a into ddb-get --into into ddb-get
}
