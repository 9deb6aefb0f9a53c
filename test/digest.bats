load cases

setup() {
	p=$(program digest)
}

# input SIZE: something to hash.
input() {
	case $1 in
	empty) ;;
	short) printf 'abc' ;;
	large) seq 1 300000 | gzip -n ;;
	esac
}

@test "hashes are those of coreutils, for no byte and for many" {
	for size in empty short large; do
		for name in sha256 md5 sha1; do
			expected=$(input "$size" | "${name}sum")
			while read -r line; do
				[ "$line" = "${expected%% *}" ]
			done < <(input "$size" | "$p" "$name")
		done
	done
	run "$p" sha256 </dev/null
	[ "${#lines[@]}" -eq 2 ]
}

# RFC 4231, test cases 2 and 6 (a key longer than a block), and no key.
@test "HMAC-SHA256 is that of RFC 4231, also under a key used before" {
	run "$p" hmac Jefe < <(printf 'what do ya want for nothing?')
	want=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843
	[ "$output" = "$want"$'\n'"$want" ]
	run "$p" hmac '' </dev/null
	want=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad
	[ "$output" = "$want"$'\n'"$want" ]
	text='Test Using Larger Than Block-Size Key - Hash Key First'
	run "$p" hmac "$(printf '\xaa%.0s' $(seq 131))" < <(printf '%s' "$text")
	want=60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54
	[ "$output" = "$want"$'\n'"$want" ]
}

@test "CRC-32 continues from one piece to the next" {
	run "$p" crc32 < <(printf 123456789)
	[ "$output" = cbf43926 ]
	run "$p" crc32 </dev/null
	[ "$output" = 00000000 ]
}

@test "what is gzipped comes out of gunzip as it was" {
	for size in empty short large; do
		input "$size" >"$BATS_TEST_TMPDIR/in"
		"$p" gzip <"$BATS_TEST_TMPDIR/in" | gunzip |
			cmp - "$BATS_TEST_TMPDIR/in"
	done
	seq 1 1000 >"$BATS_TEST_TMPDIR/in"
	[ "$("$p" gzip <"$BATS_TEST_TMPDIR/in" | wc -c)" -lt 2500 ]
}

@test "UUIDs are of version 4, and no two are the same" {
	for _ in 1 2 3; do
		"$p" uuid
	done </dev/null >"$BATS_TEST_TMPDIR/uuids"
	[ "$(sort -u "$BATS_TEST_TMPDIR/uuids" | wc -l)" -eq 3 ]
	hex='[0-9a-f]'
	form="^$hex{8}-$hex{4}-4$hex{3}-[89ab]$hex{3}-$hex{12}\$"
	[ "$(grep -Ec "$form" "$BATS_TEST_TMPDIR/uuids")" -eq 3 ]
	[ "$("$p" random </dev/null)" != "$("$p" random </dev/null)" ]
}

@test "equality is told, whatever the place of the difference" {
	run "$p" equal abcd abcd </dev/null
	[ "$output" = 1 ]
	run "$p" equal abcd abcx </dev/null
	[ "$output" = 0 ]
	run "$p" equal abcd xbcd </dev/null
	[ "$output" = 0 ]
}
