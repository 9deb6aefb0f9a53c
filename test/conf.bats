load cases

# A case is a folder: `case` says what is shown and has the arguments and the
# environment, `config` and `credentials` are the shared files, `expected` is
# what comes of it. HOME is the folder, its .aws the files' place.
one() {
	local from=$1 home=$BATS_TEST_TMPDIR/${1##*/} name
	local -a args setting
	eval "args=($(sed -n 's/^\$ //p' "$from/case"))"
	mapfile -t setting < <(grep -E '^[A-Z_0-9]+=' "$from/case")
	mkdir -p "$home/.aws"
	for name in config credentials; do
		[ ! -e "$from/$name" ] || cp "$from/$name" "$home/.aws"
	done
	(cd "$home" && env -i HOME=. "${setting[@]}" "$p" "${args[@]}") \
		>"$home/got"
	diff -u "$from/expected" "$home/got"
}

@test "settings and endpoints: every case in test/cases/conf" {
	p=$(program conf)
	bad=0 run=0
	for case in "$BATS_TEST_DIRNAME"/cases/conf/*/; do
		run=$((run + 1))
		one "${case%/}" || {
			bad=$((bad + 1))
			echo "case $case: $(head -n 1 "$case/case")"
		}
	done
	echo "$run cases, $bad failed"
	[ "$run" -gt 0 ] && [ "$bad" -eq 0 ]
}
