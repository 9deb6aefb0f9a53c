#!/bin/bash
# Some hours of a shop in less than a minute: the stack on lunad, the events
# through S3 and two streams, windows, bots and the four insights. Leaves
# nothing running and nothing behind. `make demo-clickstream` calls it;
# CLICKSTREAM_EVENTS makes the day shorter.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${BUILD:-$here/../../build}" && pwd) # the pipes change folder
PATH=$build/bin:$build/examples/clickstream:$here/bin:$PATH

count=${CLICKSTREAM_EVENTS:-200000}

# Once more under lunad.
if [ -z "${CLICKSTREAM_DEMO-}" ]; then
	exec env CLICKSTREAM_DEMO=1 lunad -- "$0"
fi

folder=$(dirname "$AWS_CONFIG_FILE")
export CLICKSTREAM_STATE=$folder/state CLICKSTREAM_TIME=event_time \
    CLICKSTREAM_COMPLETE=1
# Hours pass in seconds here, so what is a moment on the way is minutes.
export CLICKSTREAM_LATENESS=2h
mkdir -p "$CLICKSTREAM_STATE"
analyst=analyst@example.org
events_in=s3://luna-clickstream-demo/events.csv

say() {
	printf '\n\033[1m%s\033[0m\n' "$*"
}

# table FIELD…: records as columns.
table() {
	local fields
	fields=$(printf ',.%s' "$@")
	{
		printf '%s\t' "$@"
		echo
		gojq -r "[${fields:1}] | @tsv"
	} | sed 's/^/  /' | expand -t 14
}

# Open the links of the mails that ask for it, as their reader would.
confirm() {
	grep -ohE "$AWS_ENDPOINT_URL/[^[:space:]\"]*ConfirmSubscription[^[:space:]\"]*" \
	    "$folder/mail/$analyst/new"/* | sed 's/&amp;/\&/g' | sort -u |
		while read -r link; do
			curl -sSf -o /dev/null "$link"
		done
}

late() {
	touch "$CLICKSTREAM_STATE/late.jsonl"
	wc -l <"$CLICKSTREAM_STATE/late.jsonl"
}

say 'The stack'
cfn-deploy luna-clickstream "$here/stack.yaml" \
    --capability CAPABILITY_NAMED_IAM BucketName=luna-clickstream-demo \
    AnalystEmail=$analyst |
	gojq -r 'select(.ResourceStatus == "CREATE_COMPLETE") |
	    .ResourceType' | sort | uniq -c
confirm

# Of the last Wednesday, so that they are the same events on every day: at
# about 16 a second, fewer by night.
say "$count events, as CSV to S3 while they are made"
began=$(date -u -d 'last wednesday' +%s)
events -n "$count" --start "$(date -u -d "@$began" +%Y-%m-%dT%H:%M:%SZ)" |
	s3-put "$events_in" | gojq -c 'del(."@metadata")'
s3-cat "$events_in" | sed -n 1,3p

say 'The visitors: S3 to stream 1'
simulate "$events_in" 1000000
kinesis-get luna_clickstream_1 |
	gojq -r '."@metadata".from.kinesis.ShardId' | sort | uniq -c

say 'Windows: stream 1 to stream 2; stream 2 to a table, and to who hunts bots'
windows
kinesis-get -n 3 luna_clickstream_2 | gojq -c 'del(."@metadata")'
keep &
bots
wait $!
echo '...'
ddb-query luna_clickstream_windows >"$folder/windows"
printf '%d windows; events in %d, in windows %d, late %d\n' \
    "$(wc -l <"$folder/windows")" "$count" \
    "$(gojq -n '[inputs.qtd_event] | add' "$folder/windows")" \
    "$(late)"

say 'Bots: each episode once'
ddb-query luna_clickstream_bots |
	gojq -r '"\(.user_id) \(.event_type)"' | sort | uniq -c |
	awk '{ print "  " $1 " minutes of user " $2 }' | sort -k 5
printf '%d alerts; a mail of one:\n' "$(ddb-query luna_clickstream_alerts |
    wc -l)"
{ grep -lr '^Subject: A bot' "$folder/mail/$analyst/new" || true; } |
	sort | sed -n 1p | xargs -r sed 's/^/  /'

s3-cat "$events_in" >"$folder/events.csv"
say 'Unique visitors'
insights visitors <"$folder/events.csv" | table day visitors
say 'Put into carts, never bought'
insights carts <"$folder/events.csv" | sed -n 1,5p | table product_id carts
say 'Categories of the hour'
insights categories <"$folder/events.csv" | sed -n 1,6p |
	table weekday hour category_code views
say 'Brands that need marketing'
insights brands <"$folder/events.csv" | sed -n 1,5p |
	table brand views purchases

say 'Events, by five minutes'
tumble -e 1m -t window_start --lateness 1d n=sum:qtd_event \
    <"$folder/windows" |
	cw-metric Luna/Clickstream -m Events --value '{{n}}' \
	    --at window_start --quiet
cw-get Luna/Clickstream -m Events --stat Sum --period 5m \
    --since "$(date -u -d "@$began" +%Y-%m-%dT%H:%M:%SZ)" \
    --until "$(date -u -d "@$((began + 43200))" +%Y-%m-%dT%H:%M:%SZ)" --plot

say 'Where to look'
cat <<END
examples/clickstream/stack.yaml   every resource
examples/clickstream/bin          the pipes; crontab starts them
examples/clickstream/README.md    what runs where, and what it costs on AWS
END
