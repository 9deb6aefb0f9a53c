# shellcheck shell=bash
# What tells groups apart comes as it is; numbers are added as they are.
fidelity() {
	way=tumble
	cases lines | stamp t 2>/dev/null >in || true
	tumble -e 1d -t t -b k,v n=count --failed failed <in >out 2>err || true
	[[ $(cat err) == 'tumble: line '*LoneSurrogate*$'\n'*'1 of'* ]] ||
		cat err >>"$faults"
	judge grouped tumble out
	printf '%s\n' '{"t":1,"n":2103807459595387724}' '{"t":1,"n":0.10}' \
	    '{"t":1,"n":"a\u0000b"}' '{"t":1,"n":1e400}' |
		tumble -e 1d -t t --failed failed s=sum:n >out 2>err || true
	grep -q '"s":10*2103807459595387724.10,' out ||
		grep -q '"s":10*2103807459595387724.10}' out ||
		echo "$way: $(cat out)" >>"$faults"
	grep -q '^tumble: line 3: ' err || cat err >>"$faults"
}
