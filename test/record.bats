load cases

@test "lines are cut and spliced: every case in test/cases/record" {
	cases "$(program record)" "$BATS_TEST_DIRNAME/cases/record"
}

@test "a line of 1 MiB comes out with the same payload" {
	local p
	p=$(program record)
	{
		printf '{"big":"'
		head -c 1048576 /dev/zero | tr '\0' 'x'
		printf '","n":1e400}\n'
	} >"$BATS_TEST_TMPDIR/line"
	"$p" emit sns '"MessageId":"n"' <"$BATS_TEST_TMPDIR/line" |
		"$p" fail sns-pub Throttling x | "$p" payload \
		>"$BATS_TEST_TMPDIR/payload"
	cmp "$BATS_TEST_TMPDIR/line" "$BATS_TEST_TMPDIR/payload"
}

@test "failing a line again and again does not make it longer" {
	local p line again
	p=$(program record)
	for line in '{"a":1}' 'no record'; do
		again=$("$p" fail t Code why <<<"$line" | "$p" fail t Code why)
		[ "$("$p" fail t Code why <<<"$again")" = "$again" ]
	done
}

@test "the examples of luna-record(5) are what comes out" {
	local p
	local -a example
	p=$(program record)
	mapfile -t example < <(grep '^{"' "$BATS_TEST_DIRNAME/../man/luna-record.5")
	[ "${#example[@]}" -eq 4 ]
	[ "$("$p" emit sns '"MessageId":"c9cb"' <<<"${example[0]}")" = \
		"${example[1]}" ]
	[ "$(printf '{"id":1}\n{"id":2}\n[3]\n' |
		"$p" fail sns-pub InvalidParameter 'too long' | tail -n 2)" = \
		"$(printf '%s\n' "${example[@]:2}")" ]
}
