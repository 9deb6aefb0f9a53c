#!/usr/bin/env bats
# The rules that the house keeps: style.md's line 9 and design.md's section 4.

load helpers

setup() {
	cd "$top" || return 1
}

@test "every tool has its page, its test and its row in the README" {
	local f t missing=
	for f in cmd/*.c; do
		t=$(basename "$f" .c)
		[ -s "man/$t.1" ] || missing="$missing man/$t.1"
		[ -s "test/$t.bats" ] || missing="$missing test/$t.bats"
		grep -q "^| \`$t\`" README.md || missing="$missing README:$t"
	done
	echo "missing:$missing"
	[ -z "$missing" ]
}

@test "the first line of a tool, its page's name and its README row agree" {
	local f t said bad=0
	for f in cmd/*.c; do
		t=$(basename "$f" .c)
		said=$(sed -n "2s/^ \* $t - //p" "$f")
		grep -qx "\.Nd $said" "man/$t.1" &&
			grep -q "^| \`$t\` | $said |" README.md && continue
		echo "$t: '$said' is not in its page or row"
		bad=1
	done
	[ "$bad" = 0 ]
}

@test "every option of --help is in the page, and none is only there" {
	local f t bad=0
	for f in cmd/*.c; do
		t=$(basename "$f" .c)
		"$t" --help | grep -oE -- '--[a-z][a-z0-9-]+' | sort -u \
		    >"$BATS_TEST_TMPDIR/help"
		grep -oE '^\.It .*' "man/$t.1" | sed 's/\\-/-/g' |
			grep -oE 'Fl (Fl |-)[a-z][a-z0-9-]+' |
			sed -E 's/Fl (Fl |-)/--/' | sort -u \
			>"$BATS_TEST_TMPDIR/page"
		diff "$BATS_TEST_TMPDIR/help" "$BATS_TEST_TMPDIR/page" &&
			continue
		echo "$t: --help (<) and man/$t.1 (>) differ"
		bad=1
	done
	[ "$bad" = 0 ]
}

@test "every page has the sections of its kind, and the statuses in full" {
	local f s bad=0
	for f in man/*.1; do
		for s in NAME SYNOPSIS DESCRIPTION 'EXIT STATUS' EXAMPLES \
		    'SEE ALSO'; do
			grep -qx "\.Sh $s" "$f" && continue
			echo "$f has no $s"
			bad=1
		done
		for s in 0 1 2 75; do
			sed -n '/^.Sh EXIT STATUS/,/^.Sh/p' "$f" |
				grep -q "^\.It $s\$" && continue
			echo "$f does not explain status $s"
			bad=1
		done
	done
	[ "$bad" = 0 ]
}

# The order of libaws; after sink stand the matters of one tool family.
order='err diag mem buf text digest hash decimal distinct opt json ini xml query conf retry cred
sigv4 http service request reply skew call source_env source_profile ident record
template window batch tool lookup sink
page param operation address mail message metric series alarm slack webhook envelope
plot table expression csv stack lease receive received run queue_work consume
crc object parts download upload
position kpl shards stream
moment group aggregate watermark tumbling session'

@test "a module of libaws includes only modules listed before it" {
	local f stem h bad=0 seen=' '
	for f in libaws/*.h; do
		stem=$(basename "$f" .h)
		[[ " ${order//$'\n'/ } " == *" $stem "* ]] ||
			[[ " ${order//$'\n'/ } " == *" ${stem%%_*} "* ]] ||
			{
				echo "$f has no place in the order"
				bad=1
			}
	done
	for stem in $order; do
		seen="$seen$stem "
		for f in libaws/"$stem".[ch] libaws/"$stem"_*.[ch]; do
			[ -e "$f" ] || continue
			while read -r h; do
				case "$seen $stem " in
				*" $h "* | *" ${h%%_*} "*) ;;
				*)
					echo "$f includes $h"
					bad=1
					;;
				esac
			done < <(sed -n 's/^#include "\(.*\)\.h"/\1/p' "$f")
		done
	done
	[ "$bad" = 0 ]
}

@test "one door per foreign library" {
	local pair header owner found bad=0
	for pair in openssl/:digest getopt.h:opt cjson/:json expat.h:xml \
	    curl/:http zlib.h:digest; do
		header=${pair%%:*} owner=${pair##*:}
		found=$(grep -lE "^#include <$header" cmd/*.c libaws/*.[ch] |
			grep -vE "^libaws/$owner(_[a-z]*)?\.[ch]\$" || true)
		[ -z "$found" ] && continue
		echo "<$header> is for $owner, not for: $found"
		bad=1
	done
	[ "$bad" = 0 ]
}

@test "only diag writes to stderr" {
	# The word in a comment or a text is no writing.
	run grep -nE '\b(fprintf|fputs|fputc|vfprintf|dprintf|write|perror)\(.*(stderr|STDERR_FILENO)|\b(perror|warnx?|errx?)\(|\bwrite\(2,' \
	    cmd/*.c libaws/*.[ch]
	echo "$output"
	run ! grep -v '^libaws/diag\.' <<<"$output"
}

@test "a filter loads no library that it has no use for" {
	local t
	for t in csv-json lotto-draw stamp tumble; do
		run ldd "$(command -v $t)"
		echo "$t: $output"
		[ "$status" -eq 0 ]
		run ! grep -E 'libcurl|libexpat|libcjson' <<<"$output"
	done
	run ! grep libcrypto < <(ldd "$(command -v stamp)")
	run ! grep libcrypto < <(ldd "$(command -v csv-json)")
	run ! grep libcrypto < <(ldd "$(command -v tumble)")
}

@test "foo.c exports only foo and foo_*" {
	local o stem bad=0
	for o in "${BUILD:-build}"/libaws/*.o; do
		stem=$(basename "$o" .o)
		nm -g --defined-only "$o" | awk '{print $3}' |
			grep -vE "^(${stem%%_*})(_|\$)|^__|^DW\." || continue
		echo "… in $o"
		bad=1
	done
	[ "$bad" = 0 ]
}

@test "scripts of pipes are bash with pipefail, and crontabs say so" {
	local f bad=0
	for f in $(git ls-files 'examples/*' | grep -E '(\.sh|/[a-z-]+)$'); do
		head -n 1 "$f" | grep -q '^#!' || continue
		head -n 1 "$f" | grep -q bash && grep -q pipefail "$f" &&
			continue
		echo "$f: no bash, or no pipefail"
		bad=1
	done
	for f in $(git ls-files 'examples/*/crontab'); do
		grep -qx 'SHELL=/bin/bash' "$f" && continue
		echo "$f: no SHELL=/bin/bash"
		bad=1
	done
	! grep -nE "sh -c '[^']*\|" README.md man/* || bad=1
	[ "$bad" = 0 ]
}

@test "no function is longer than 60 lines" {
	run awk '
	    FNR == 1 { start = 0 }
	    $0 == "{" { start = FNR; name = last }
	    $0 == "}" && start && FNR - start >= 60 {
		print FILENAME ": " name " has " FNR - start + 1 " lines"
	    }
	    { last = $0 }' cmd/*.c libaws/*.c lunad/*.c
	echo "$output"
	[ -z "$output" ]
}

@test "no marks of unfinished work, no secret, no webhook" {
	run git grep -nE '\b(TODO|FIXME|XXX)\b' -- cmd libaws lunad man
	echo "$output"
	[ "$status" -ne 0 ]
	run git grep -nE 'hooks\.slack\.com/services/T[0-9A-Z]{8,}/B' -- .
	echo "$output"
	[ "$status" -ne 0 ]
}
