# shellcheck shell=bash
fidelity() {
	through -a at stamp at
}
