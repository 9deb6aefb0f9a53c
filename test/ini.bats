load cases

@test "profile files: every case in test/cases/ini" {
	cases "$(program ini)" "$BATS_TEST_DIRNAME/cases/ini"
}

@test "an absent file is empty; one that cannot be read is named" {
	local p
	p=$(program ini)
	cd "$BATS_TEST_TMPDIR"
	run "$p" -f absent default a
	[ "$output" = - ]
	: >file
	run "$p" -f file/below default a
	[ "$output" = - ]
	mkdir folder
	run "$p" -f folder default a
	[ "$output" = "1 BadConfig: folder: Is a directory" ]
	printf '[default]\nb\n' >bad
	run "$p" -f bad default a
	[ "$output" = "1 BadConfig: bad: line 2: neither [section] nor\
 'key = value'" ]
}

@test "a file of 4 MiB is read to its end, a larger one refused" {
	local p
	p=$(program ini)
	cd "$BATS_TEST_TMPDIR"
	{ echo '[default]' && yes '# comment' | head -c 4000000 &&
		printf '\nb = end\n'; } >large
	run "$p" -f large default b
	[ "$output" = '"end"' ]
	yes '# comment' | head -c 5000000 >huge
	run "$p" -f huge default b
	[ "$output" = "1 BadConfig: huge: File too large" ]
}
