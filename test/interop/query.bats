load ../cases

setup() {
	BATS_TEST_DIRNAME=$BATS_TEST_DIRNAME/..
}

@test "forms of nested parameters are those that botocore writes" {
	python=${PYTHON:-python3}
	"$python" -c 'import botocore.serialize' 2>/dev/null ||
		skip "botocore is not installed"
	run "$python" "$BATS_TEST_DIRNAME/interop/query.py" "$(program query)"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${output%% *}" -gt 1000 ]
}
