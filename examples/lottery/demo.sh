#!/bin/bash
# A day of the lottery in less than a minute: the stack on lunad, its clock
# moved through 288 draws, the pipes that cron would run, and what came of it.
# Leaves nothing running and nothing behind. `make demo` calls it;
# LOTTERY_DRAWS makes the day shorter.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-$here/../../build}
PATH=$build/bin:$here/bin:$PATH

draws=${LOTTERY_DRAWS:-288}

# Once more under lunad, whose clock begins a day ago.
if [ -z "${LOTTERY_DEMO-}" ]; then
	began=$(($(date +%s) - draws * 300 - $(date +%s) % 300))
	exec env LOTTERY_DEMO="$began" lunad --seed 13 \
	    --clock "$(date -u -d "@$began" +%Y-%m-%dT%H:%M:%SZ)" -- "$0"
fi

mail=$(dirname "$AWS_CONFIG_FILE")/mail
admin=admin@example.org vip=vip@example.org
export LOTTERY_SENDER=lottery@example.org
customers=(ann@example.org bob@example.org)

say() {
	printf '\n\033[1m%s\033[0m\n' "$*"
}

clock() { # clock TIME: move it there; all that is due has happened then
	curl -sSf -o /dev/null -d "{\"to\":\"$1\"}" "$AWS_ENDPOINT_URL/_luna/clock"
}

# Open the links of the mails that ask for it, as their readers would.
confirm() { # confirm ADDRESS
	local link
	# Mail is written after the answer that caused it, and before this one.
	curl -sSf -o /dev/null -d '{"advance":"0s"}' \
	    "$AWS_ENDPOINT_URL/_luna/clock"
	grep -ohE "$AWS_ENDPOINT_URL/[^[:space:]]*(ConfirmSubscription|/confirm/)[^[:space:]]*" \
	    "$mail/$1/new"/* | sort -u |
		while read -r link; do
			curl -sSf -o /dev/null "$link"
		done
}

verify() { # verify ADDRESS: in the sandbox recipients are verified, too
	aws-call --rest sesv2 POST /v2/email/identities "EmailIdentity=$1" \
	    >/dev/null
	confirm "$1"
}

say 'The stack'
cfn-deploy luna-lottery "$here/stack.yaml" --capability CAPABILITY_NAMED_IAM \
    AdminEmail=$admin VipEmail=$vip SenderEmail=$LOTTERY_SENDER |
	gojq -r 'select(.ResourceStatus == "CREATE_COMPLETE") |
	    .ResourceType' | sort | uniq -c
confirm $admin
confirm $vip
confirm $LOTTERY_SENDER
for customer in "${customers[@]}"; do
	verify "$customer"
done
# Out of the sandbox: on AWS somebody at SES decides that.
aws-call --rest sesv2 POST /v2/email/account/details MailType=TRANSACTIONAL \
    WebsiteURL=https://example.org ProductionAccessEnabled:=true \
    SendQuota:='{"Max24HourSend":-1,"MaxSendRate":1000}' >/dev/null
printf '{"email":"%s","topics":["luna_lottery_recommendation_topic"]}\n' \
    "${customers[@]}" | ddb-put luna_lottery_customers --quiet

say 'A day: a draw every five minutes, the pipes every hour'
for ((i = 1; i <= draws; i++)); do
	at=$(date -u -d "@$((LOTTERY_DEMO + i * 300))" +%Y-%m-%dT%H:%M:%SZ)
	clock "$at"
	draw --at "$at" --seed "$i"
	[ $((i % 12)) -eq 0 ] || continue
	customers -w 0
	vip-monitor -w 0
	keep-alarms -w 0
	printf '\r%s' "$at"
done
summary
# The administrator looks after the unlucky ones, and the alarm is over.
sqs-recv -w 0 luna_vip_unlucky_dlq | sqs-ack --quiet
clock "$(date -u -d "@$((LOTTERY_DEMO + draws * 300 + 180))" +%Y-%m-%dT%H:%M:%SZ)"
keep-alarms -w 0
printf '\r'

say 'Mails'
for box in "$mail"/*; do
	printf '%5d  %s\n' "$(find "$box/new" -type f | wc -l)" "$(basename "$box")"
done
say "One of them, to ${customers[0]}"
tail -n +1 "$(grep -l 'Play these' "$mail/${customers[0]}/new"/* | tail -n 1)"

say 'Tables'
for table in luna_lottery luna_lottery_mails luna_lottery_alarms; do
	printf '%5d  %s\n' "$(ddb-query "$table" | wc -l)" "$table"
done

say 'Draws with a 13, by the hour'
cw-get Luna/Lottery -m Unlucky13 --stat Sum --period 1h \
    --since "$(date -u -d "@$LOTTERY_DEMO" +%Y-%m-%dT%H:%M:%SZ)" --plot

say 'The alarms that changed'
for alarm in luna_lottery_drew_13 luna_vip_unlucky; do
	cw-alarm --history "$alarm" |
		gojq -r --arg name "$alarm" \
		    'select(.HistoryItemType == "StateUpdate") |
		    .HistorySummary' | sort | uniq -c | sed "s/\$/ ($alarm)/"
done
cw-alarm --history luna_lottery_drew_13 |
	gojq -r 'select(.HistoryItemType == "StateUpdate") |
	    (.Timestamp | todate) + "  " + .HistorySummary' | sed -n 1,3p

say "The administrator's last mail"
newest=$(find "$mail/$admin/new" -type f -printf '%T@ %p\n' | sort -n | tail -n 1)
cat "${newest#* }"

say 'Where to look'
cat <<END
examples/lottery/stack.yaml   every resource
examples/lottery/bin          the pipes; crontab starts them
examples/lottery/README.md    what runs where, and what it costs on AWS
man/luna.7                    the contract of the tools
END
