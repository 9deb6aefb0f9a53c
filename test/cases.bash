# Cases are files: adding a case is adding one. Its first line says what is
# shown, `$ ARGS` are the words the program is run with, `< LINE` is a line of
# its input, `> LINE` one of the output expected. The order of < and > lines
# among each other is the author's to choose, so pairs can stand together.

# cases PROGRAM FOLDER: run all of them; each that differs is shown.
cases() {
	local program=$1 folder=$2 file run=0 bad=0
	local expected=$BATS_TEST_TMPDIR/expected got=$BATS_TEST_TMPDIR/got
	local -a args
	[ -x "$program" ] || return 1
	for file in "$folder"/*; do
		run=$((run + 1))
		eval "args=($(sed -n 's/^\$ //p' "$file"))"
		sed -n 's/^> \{0,1\}//p' "$file" >"$expected"
		sed -n 's/^< \{0,1\}//p' "$file" |
			"$program" "${args[@]}" >"$got" &&
			cmp -s "$expected" "$got" && continue
		bad=$((bad + 1))
		echo "case $file: $(head -n 1 "$file")"
		diff -a -u "$expected" "$got" | head -n 20
	done
	echo "$run cases, $bad failed"
	[ "$run" -gt 0 ] && [ "$bad" -eq 0 ]
}

# program NAME: the path of the unit driver test/unit/NAME.c, built if need be
# into BUILD.
program() {
	local top build
	top=$(cd "$BATS_TEST_DIRNAME/.." && pwd) || return 1
	build=${BUILD:-build}
	make -s -C "$top" BUILD="$build" CC="${CC:-cc}" \
		SANITIZE="${SANITIZE:-}" "$build/test/$1" >&2 || return 1
	case $build in
	/*) echo "$build/test/$1" ;;
	*) echo "$top/$build/test/$1" ;;
	esac
}
