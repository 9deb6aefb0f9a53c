load ../cases

setup() {
	BATS_TEST_DIRNAME=$BATS_TEST_DIRNAME/..
}

@test "the table of services is that of botocore's models" {
	python=${PYTHON:-python3}
	"$python" -c 'import botocore.endpoint_provider' 2>/dev/null ||
		skip "botocore is not installed"
	run "$python" "$BATS_TEST_DIRNAME/interop/service.py" \
		"$(program service)" "$(program conf)"
	echo "$output"
	[ "$status" -eq 0 ]
	# a row that the script does not know would go unchecked
	rows=$(grep -c '^	\.name = ' "$BATS_TEST_DIRNAME/../libaws/service.c")
	[[ $output == *"$rows services, "* ]]
}
