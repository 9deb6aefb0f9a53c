# shellcheck shell=bash
fidelity() {
	table ddb-put k:S
	through ddb-put ddb-put
	scan ddb-put | arrived scanned
	table ddb-put-new k:S
	through -w new ddb-put --new ddb-put-new
	scan ddb-put-new | arrived scanned
}
