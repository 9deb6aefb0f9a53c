# Measuring two things in turn, and saying their ratio.
# shellcheck disable=SC2154 # bench/run sets $work

say() { # say WHAT RATIO NOTE
	printf '  %-42s %8s  %s\n' "$@"
}

left_out() { # left_out WHAT WHY
	say "$1" 'left out' "$2"
}

seconds() { # seconds COMMAND…: how long it takes
	local began
	began=$(date +%s%N)
	"$@" >/dev/null || return
	awk -v ns="$(($(date +%s%N) - began))" 'BEGIN { print ns / 1e9 }'
}

divide() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.4g", a / b }'
}

# compare WHAT UNIT ROUNDS A B: A and B are commands that print a figure of
# UNIT each. Says A's as a multiple of B's; a goal is the caller's to state,
# in WHAT.
compare() {
	if in_turn "$3" "$4" "$5"; then
		say "$1" "$(middle 3)" \
		    "$(spread), $(middle 1) and $(middle 2) $2"
	else
		left_out "$1" 'a round failed'
	fi
}

# cpu_ticks PID: hundredths of a second, of all the threads that it ever had.
cpu_ticks() {
	sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'
}

# The same for A and B that call with_cpu: says the clock's ratio, and below it
# that of the servers' CPU, which no other load falsifies.
compare_servers() {
	: >"$work/cpu"
	compare "$@"
	paste - - <"$work/cpu" |
		awk 'NF == 2 { print $1, $2, $1 / $2 }' >"$work/rounds"
	[ ! -s "$work/rounds" ] || say '  … by CPU of the servers' \
	    "$(middle 3)" "$(spread), $(middle 1) and $(middle 2)"
}

# with_cpu PID COUNT COMMAND…: what it prints; COUNT to PID's CPU is kept.
with_cpu() {
	local pid=$1 count=$2 before
	before=$(cpu_ticks "$pid")
	"${@:3}" || return
	awk -v n="$count" -v ticks="$(($(cpu_ticks "$pid") - before))" \
	    'BEGIN { print n * 100 / (ticks > 0 ? ticks : 1) }' >>"$work/cpu"
}

in_turn() { # in_turn ROUNDS A B
	local i a b
	: >"$work/rounds"
	for ((i = 0; i < $1; i++)); do
		a=$("$2") && b=$("$3") || return
		echo "$a $b $(divide "$a" "$b")" >>"$work/rounds"
	done
}

middle() { # middle COLUMN: the median of the rounds
	sort -g -k "$1,$1" "$work/rounds" | awk -v c="$1" '
	    { v[NR] = $c }
	    END {
		m = v[int((NR + 1) / 2)]
		printf m < 1000 ? "%.3g" : "%.0f", m
	    }'
}

spread() {
	sort -g -k 3,3 "$work/rounds" | awk '
	    NR == 1 { low = $3 } { high = $3 }
	    END { printf "%.3g..%.3g of %d rounds", low, high, NR }'
}

# cpu_of COMMAND…: its CPU in seconds, to a millisecond, to $work/cpu, and its
# resident memory in KiB to $work/kib.
cpu_of() {
	local TIMEFORMAT='%3U %3S'
	{
		time /usr/bin/time -o "$work/kib" -f %M "$@" >/dev/null \
		    2>"$work/stderr"
	} 2>"$work/times" || return
	awk '{ print $1 + $2 }' "$work/times" >"$work/cpu"
}

# grow_by_tens SERIES WHAT COUNT COMMAND…: CPU a record and memory for COUNT
# events (make_events prints them), ten times and a hundred times as many; the
# median of the rounds, as a multiple of the first. Flat is 1.
grow_by_tens() {
	local series=$1 what=$2 count=$3 n i first=
	shift 3
	: >"$series"
	for n in "$count" "$((count * 10))" "$((count * 100))"; do
		make_events "$n" >"$work/grown"
		for ((i = 0; i < ${ROUNDS:-5}; i++)); do
			cpu_of "$@" <"$work/grown" || return
			echo "$(divide "$(cat "$work/cpu")" "${n}e-6")" \
			    "$(cat "$work/kib")"
		done | sort -g | sed -n "$(((${ROUNDS:-5} + 1) / 2))p" \
		    >"$work/middle"
		read -r cpu kib <"$work/middle"
		first=${first:-$cpu}
		say "$what, $n events, CPU an event" \
		    "$(divide "$cpu" "$first")" \
		    "$cpu microseconds, $kib KiB resident"
		printf '%s\t%s\t%s\n' "$n" "$cpu" "$kib" >>"$series"
	done
	rm "$work/grown"
	echo "  series: $series"
	if command -v gnuplot >/dev/null; then
		gnuplot -e "set terminal pngcairo size 900,500;
		    set output '${series%.tsv}.png'; set grid;
		    set logscale x; set yrange [0:]; set y2range [0:];
		    set y2tics; set xlabel 'events';
		    set ylabel 'microseconds of CPU an event';
		    set y2label 'KiB resident';
		    plot '$series' using 1:2 with linespoints title 'CPU',
		    '' using 1:3 axes x1y2 with linespoints title 'memory'"
		echo "  picture: ${series%.tsv}.png"
	else
		left_out 'the picture' 'gnuplot is not installed'
	fi
}
