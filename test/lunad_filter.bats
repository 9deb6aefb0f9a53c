# Filter policies of SNS (lunad/sns_filter.c, sns_rule.c): what is refused and
# in which words, what passes.
load cases

@test "filter policies: every case in test/cases/lunad_filter" {
	cases "$(program lunad_filter)" "$BATS_TEST_DIRNAME/cases/lunad_filter"
}

# Recorded: every policy that AWS was seen to refuse is refused in its words.
@test "filter policies that AWS was recorded to refuse are refused so" {
	[ -d "${LUNA_VECTORS:-}/recorded/sns" ] ||
		skip "LUNA_VECTORS does not name the published vectors"
	local program why policy run=0 bad=0
	program=$(program lunad_filter)
	while IFS=$'\t' read -r policy why; do
		run=$((run + 1))
		got=$(printf 'scope attributes\npolicy %s\n' "$policy" |
			"$program")
		[ "$got" = "refused $why" ] && continue
		echo "$policy: $got"
		echo "AWS: $why"
		bad=$((bad + 1))
	done < <(jq -r '.. | objects | select(.Error?) | .Error.Message |
	    select(test("Source: \\(String\\)")) |
	    capture("^Invalid parameter: (Attributes Reason: )?(?<why>FilterPolicy: .*\n at \\[Source: \\(String\\)\"(?<policy>.*)\"; line: 1.*)$") |
	    "\(.policy)\t\(.why | gsub("\n"; "\\n"))"' \
	    "$LUNA_VECTORS/recorded/sns/test_sns_filter_policy.snapshot.json")
	echo "$run recorded, $bad differ"
	[ "$run" -gt 20 ] && [ "$bad" -eq 0 ]
}
