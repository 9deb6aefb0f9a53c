load cases

setup() {
	p=$(program sigv4)
}

# The stages of the case in folder $1, as build/test/sigv4 wrote them to
# $2, against the expected files named by "$3 …", each "stage=file".
same() {
	local case=$1 got=$2 pair
	shift 2
	for pair; do
		cmp "$got/${pair%%=*}" "$case/${pair#*=}" || {
			echo "$case: ${pair%%=*} differs:"
			diff "$case/${pair#*=}" "$got/${pair%%=*}"
			return 1
		}
	done
}

@test "our cases are signed as AWS's documentation signs them" {
	for case in "$BATS_TEST_DIRNAME"/cases/sigv4/*/; do
		case=${case%/} got=$BATS_TEST_TMPDIR/${case##*/}
		mkdir "$got"
		mapfile -t setting < <(grep -v '^#' "$case/context")
		env -i "${setting[@]}" "$p" "$got" <"$case/request"
		for stage in canonical to-sign signature; do
			same "$case" "$got" "$stage=$stage"
		done
	done
}

# One published case: its context as the environment of the driver; with
# "query" in the query form.
published() {
	local case=$1 got=$2
	local -a setting
	mapfile -t setting < <(jq -r '
		"KEY_ID=" + .credentials.access_key_id,
		"SECRET=" + .credentials.secret_access_key,
		(.credentials.token // empty | "TOKEN=" + .),
		"REGION=" + .region, "SERVICE=" + .service,
		"TIME=" + .timestamp,
		if .normalize then empty else "KEEP_PATH=1" end,
		if .sign_body then "SIGN_BODY=1" else empty end,
		if .omit_session_token then "LATE_TOKEN=1" else empty end,
		if $form == "query" then
			"EXPIRES=\(.expiration_in_seconds)" else empty end
		' --arg form "${3-}" "$case/context.json")
	mkdir "$got"
	env -i "${setting[@]}" "$p" "$got" <"$case/request.txt"
}

@test "the published vectors are signed byte for byte" {
	[ -n "$LUNA_VECTORS" ] || skip "LUNA_VECTORS names no folder: sigv4"
	count=0
	for case in "$LUNA_VECTORS"/sigv4/*/; do
		case=${case%/} got=$BATS_TEST_TMPDIR/${case##*/}
		published "$case" "$got"
		same "$case" "$got" \
			canonical=header-canonical-request.txt \
			to-sign=header-string-to-sign.txt \
			signature=header-signature.txt \
			signed=header-signed-request.txt
		count=$((count + 1))
	done
	echo "cases: $count"
	[ "$count" -ge 38 ]
}

@test "the published vectors are presigned byte for byte" {
	[ -n "$LUNA_VECTORS" ] || skip "LUNA_VECTORS names no folder: sigv4"
	count=0
	for case in "$LUNA_VECTORS"/sigv4/*/; do
		case=${case%/} got=$BATS_TEST_TMPDIR/${case##*/}
		[ -e "$case/query-signature.txt" ] || continue
		published "$case" "$got" query
		same "$case" "$got" \
			canonical=query-canonical-request.txt \
			to-sign=query-string-to-sign.txt \
			signature=query-signature.txt \
			signed=query-signed-request.txt
		count=$((count + 1))
	done
	echo "cases: $count"
	[ "$count" -ge 38 ]
}
