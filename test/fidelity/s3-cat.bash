# shellcheck shell=bash
# stdout has the bytes of the objects, in their order, read in several ranges.
fidelity() {
	way=s3-cat
	s3 PUT /s3-cat
	cases lines >one
	{
		cat one
		head -c 20000000 /dev/urandom
	} >several
	local f
	for f in one several; do
		s3 PUT "/s3-cat/$f" -T "$f"
	done
	s3-cat s3://s3-cat/several s3://s3-cat/one >got 2>>"$faults"
	cat several one | cmp - got >>"$faults" 2>&1 || true
}
