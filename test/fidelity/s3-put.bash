# shellcheck shell=bash
# An object has the bytes of stdin, in one part and in several.
fidelity() {
	way=s3-put
	s3 PUT /s3-put
	cases lines >one
	{
		cat one
		head -c 20000000 /dev/urandom
	} >several
	local f
	for f in one several; do
		s3-put --quiet "s3://s3-put/$f" <"$f" 2>>"$faults"
		s3 GET "/s3-put/$f" -o got
		cmp "$f" got >>"$faults" 2>&1 || true
	done
}
