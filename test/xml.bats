load cases

@test "replies read, and text escaped: every case in test/cases/xml" {
	cases "$(program xml)" "$BATS_TEST_DIRNAME/cases/xml"
}

# levels COUNT: a document that deep.
levels() {
	printf '<a>%.0s' $(seq "$1")
	printf '</a>%.0s' $(seq "$1")
	echo
}

@test "64 levels are read, 65 refused, also unclosed ones" {
	local p
	p=$(program xml)
	run "$p" tree < <(levels 64)
	[ "${#lines[@]}" -eq 64 ]
	run "$p" tree < <(levels 65)
	[[ $output == *"InvalidReply: "*"nested deeper than 64"* ]]
	run "$p" tree < <(printf '<a>%.0s' $(seq 100000); echo)
	[[ $output == *"InvalidReply: "*"nested deeper than 64"* ]]
}

@test "a reply of more than 262,144 elements is refused in little memory" {
	local p
	p=$(program xml)
	(
		# ASan reserves more than any limit
		[ -n "$SANITIZE" ] || ulimit -v 131072
		{ echo '<a>' && yes '<b/>' | head -n 400000 && echo '</a>'; } |
			"$p" tree
	) >"$BATS_TEST_TMPDIR/out"
	grep -q 'InvalidReply: .*more than 262144 elements' \
		"$BATS_TEST_TMPDIR/out"
}
