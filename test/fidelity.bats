#!/usr/bin/env bats
# What goes in comes out, and arrives, byte by byte; or it is refused with its
# line's number, and kept. Cases are the files of cases/fidelity, what must
# become of each is judged by fidelity/judge.py, which does not know luna and
# says how a case is written. Services are read by curl.
#
# Each tool has a file, fidelity/TOOL.bash, whose function `fidelity` takes the
# cases through it; one that no text from outside goes through is in
# fidelity/none with the reason. To run some alone:
#
#	FIDELITY='s3-put s3-cat' bats test/fidelity.bats

load helpers
load servers
load streams

setup_file() {
	lunad_start
}

teardown_file() {
	lunad_stop
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	way='' here=$BATS_TEST_DIRNAME/fidelity
	faults=$BATS_TEST_TMPDIR/faults
	: >"$faults"
}

# cases VERB ARG…: what judge.py lists of them.
cases() {
	python3 "$here/judge.py" "$@"
}

# judge VERB ARG…: what differs is a fault, but does not end the test.
judge() {
	python3 "$here/judge.py" "$@" >judged && return
	sed "s/^/$way: /" judged >>"$faults"
	echo "$way: $1 differs" >>"$faults"
}

# through [-w WORD] [-a NAME] [-m METADATA] TOOL ARG…: all cases through a tool
# that reads records; what comes out, what is told and what is kept is right,
# and what was kept is refused again. -w: its way is TOOL:WORD; -a: it adds this
# member; -m: the cases' lines have these metadata if they have none.
through() {
	local word='' added='' OPTIND=1 opt status=0 limit=$((2 * ${TRY_S:-30}))
	local -a metadata=()
	while getopts w:a:m: opt; do
		case $opt in
		w) word=$OPTARG ;;
		a) added=$OPTARG ;;
		m) metadata=("$OPTARG") ;;
		*) return 1 ;;
		esac
	done
	shift $((OPTIND - 1))
	way=$1${word:+:$word}
	rm -f failed failed.again
	cases lines "${metadata[@]}" |
		timeout "$limit" "$@" --failed failed >out 2>err || status=$?
	judge came "$way" "$status" out err failed ${added:+"$added"}
	status=0
	touch failed
	timeout "$limit" "$@" --failed failed.again <failed >out.again 2>err.again ||
		status=$?
	judge again "$way" "$status" out.again err.again failed.again
}

# ask SERVICE TARGET [BODY]: call it by curl, not by luna; stdin is the body
# when there is none.
ask() {
	curl -sS --aws-sigv4 "aws:amz:us-east-1:$1" -H "X-Amz-Target: $2" \
	    -u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    -H 'Content-Type: application/x-amz-json-1.0' \
	    --data-binary "${3-@-}" "$AWS_ENDPOINT_URL/"
}

# s3 METHOD PATH [ARG…]: the same for S3; more words are curl's.
s3() {
	curl -sS --fail-with-body --aws-sigv4 aws:amz:us-east-1:s3 \
	    -u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -X "$1" \
	    -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "${@:3}" \
	    "$AWS_ENDPOINT_URL$2"
}

# bodies QUEUE: of all messages there, a JSON string each; they stay hidden.
bodies() {
	local got
	while got=$(ask sqs AmazonSQS.ReceiveMessage \
	    '{"QueueUrl":"'"$(queue_url "$1")"'","MaxNumberOfMessages":10,"VisibilityTimeout":43200}') &&
		[[ $got == *'"Messages"'* ]]; do
		jq -c '.Messages[].Body' <<<"$got"
	done
}

# fill_queue QUEUE: make it, with a message for each case that may be one.
fill_queue() {
	queue "$1" VisibilityTimeout=43200
	cases bodies | while read -r body; do
		printf '{"QueueUrl":"%s","MessageBody":%s}' \
		    "$(queue_url "$1")" "$body" |
			ask sqs AmazonSQS.SendMessage >/dev/null
	done
}

# items_of_names TABLE: an item for each case, by its name.
items_of_names() {
	local k
	cases names | while read -r k; do
		ask dynamodb DynamoDB_20120810.PutItem '{"TableName":"'"$1"'",
		    "Item":{"k":{"S":"'"$k"'"},"got":{"N":"2103807459595387724"}}}'
	done >put
}

# scan TABLE: all items, typed.
scan() {
	ask dynamodb DynamoDB_20120810.Scan '{"TableName":"'"$1"'"}'
}

# arrived VERB: what is on stdin is what judge.py says of $way.
arrived() {
	judge "$1" "$way"
}

# tools: those of cmd/ that have a file here, or those that were asked for.
tools() {
	local t
	for t in ${FIDELITY-$(cd "$here" && ls -- *.bash)}; do
		echo "${t%.bash}"
	done
}

@test "every tool has its cases, or the reason why it needs none" {
	local f t bad=0
	for f in "$top"/cmd/*.c; do
		t=$(basename "$f" .c)
		[ -s "$here/$t.bash" ] ||
			grep -q "^$t: [a-z]" "$here/none" || {
			echo "$t: no fidelity/$t.bash, and no line in none"
			bad=1
		}
	done
	for f in "$here"/*.bash; do
		t=$(basename "$f" .bash)
		[ -e "$top/cmd/$t.c" ] || {
			echo "fidelity/$t.bash: no such tool"
			bad=1
		}
	done
	[ "$bad" = 0 ]
}

@test "every byte is passed on and delivered, or its line is refused" {
	local t before
	for t in $(tools); do
		way=$t
		# shellcheck source=/dev/null
		source "$here/$t.bash"
		before=$SECONDS
		mkdir "$t"
		(
			trap scripted_stop EXIT
			cd "$t"
			fidelity
		)
		echo "$t: $((SECONDS - before)) s"
	done
	cat "$faults"
	[ ! -s "$faults" ]
}
