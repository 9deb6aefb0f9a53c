load cases

@test "scanning, looking and decoding: every case in test/cases/json" {
	cases "$(program json)" "$BATS_TEST_DIRNAME/cases/json"
}

# repeat TEXT COUNT
repeat() {
	local i
	for ((i = 0; i < $2; i++)); do
		printf '%s' "$1"
	done
}

@test "512 levels are accepted, 513 refused, also unclosed ones" {
	local p
	p=$(program json)
	run "$p" count <<<"$(repeat '[' 512)$(repeat ']' 512)"
	[ "$output" = 1 ]
	run "$p" scan <<<"$(repeat '[' 513)$(repeat ']' 513)"
	[ "$output" = "InvalidJson: more than 512 levels at byte 513" ]
	run "$p" scan <<<"$(repeat '{"a":' 511)[[]]$(repeat '}' 511)"
	[ "$output" = "InvalidJson: more than 512 levels at byte 2557" ]
	run "$p" scan <<<"$(repeat '[' 512)"
	[ "$output" = "InvalidJson: expected a value, found the end at byte 513" ]
}

@test "a line of 1 MiB keeps its bytes" {
	local p
	p=$(program json)
	{
		printf '{"big":"'
		head -c 1048576 /dev/zero | tr '\0' 'x'
		printf '","n":2103807459595387724}\n'
	} >"$BATS_TEST_TMPDIR/line"
	{ printf 'object ' && cat "$BATS_TEST_TMPDIR/line"; } \
		>"$BATS_TEST_TMPDIR/expected"
	"$p" scan <"$BATS_TEST_TMPDIR/line" >"$BATS_TEST_TMPDIR/got"
	cmp "$BATS_TEST_TMPDIR/expected" "$BATS_TEST_TMPDIR/got"
	run "$p" get n <"$BATS_TEST_TMPDIR/line"
	[ "$output" = "number 2103807459595387724" ]
}

@test "JSONTestSuite: 95 of 95 accepted, 188 of 188 refused" {
	[ -n "${LUNA_VECTORS:-}" ] || skip "LUNA_VECTORS names no folder"
	[ -d "$LUNA_VECTORS/json" ] || skip "$LUNA_VECTORS has no json"
	"$(program json)" verdict "$LUNA_VECTORS"/json/*.json \
		>"$BATS_TEST_TMPDIR/verdicts"
	[ "$(grep -ac -e '^refused [^:]*/y_' -e '^accepted [^:]*/n_' \
		"$BATS_TEST_TMPDIR/verdicts")" -eq 0 ]
	[ "$(grep -ac '^accepted .*/y_' "$BATS_TEST_TMPDIR/verdicts")" -eq 95 ]
	[ "$(grep -ac '^refused .*/n_' "$BATS_TEST_TMPDIR/verdicts")" -eq 188 ]
}

# Quotes, escapes and ends at every place of a block of 64 bytes.
@test "a member is found wherever it lies" {
	local p i pad=
	p=$(program json)
	for ((i = 0; i < 150; i++)); do
		printf '{"p":"%s","name":%d,"q":"%s"}\n' "$pad" "$i" "$pad"
		printf '{"%s\\"":"%s\\\\","name":%d}\n' "$pad" "$pad" "$i"
		printf '{"p":[{"name":"%s"}],"\\u006eame":%d}\n' "$pad" "$i"
		pad+=x
	done >"$BATS_TEST_TMPDIR/lines"
	for ((i = 0; i < 150; i++)); do
		printf 'number %d\nnumber %d\nnumber %d\n' "$i" "$i" "$i"
	done >"$BATS_TEST_TMPDIR/expected"
	"$p" get name <"$BATS_TEST_TMPDIR/lines" |
		cmp - "$BATS_TEST_TMPDIR/expected"
}
