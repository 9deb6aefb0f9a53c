#!/usr/bin/env bats
# A slow sink: a mail a second, 2,000 messages, a visibility of 30 seconds. No
# message may be received twice, though each waits for many times the
# visibility behind others.
#
# That takes 34 minutes: by LUNA_PROOF=whole. With LUNA_PROOF=full all
# times are a fifteenth: 15 mails a second, a visibility of 2 seconds, and a
# hold of 60 for that of 900. What is counted stays: 2,000 messages, 500 of
# them held, each renewed as often until its turn comes. A call takes the time
# that it takes, and so this is the harder of the two. By neither: the same by
# 60 messages.

load ../helpers
load mail

setup_file() {
	lunad_start
	mail_start
}

teardown_file() {
	lunad_stop
}

@test "behind a slow sink no message is received twice" {
	local n=60 rate=15 visibility=2 hold=60 statuses
	case ${LUNA_PROOF-} in
	full) n=2000 ;;
	whole) n=2000 rate=1 visibility=30 hold=900 ;;
	esac
	queue dead
	# What is received twice is a dead letter.
	queue q VisibilityTimeout=$visibility RedrivePolicy='{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"1"}'
	records "$n" | sqs-send --quiet q
	cd "$BATS_TEST_TMPDIR"
	SECONDS=0
	sqs-recv -v --hold "$hold" q 2>recv |
		ses-send --rate "$rate/s" -f shop@example.org \
		    -t to@example.org -s '{{n}}' -b hello 2>send |
		sqs-ack >out 2>ack
	statuses=${PIPESTATUS[*]}
	echo "$statuses: $(cat send ack)"
	echo "# $n messages in $SECONDS s, $(renewals) calls to renew them" >&3
	[ "$statuses" = '0 0 0' ]
	[ "$SECONDS" -ge $(((n - 1) / rate)) ]
	jq .n out | sort -n | cmp - <(seq "$n")
	[ "$(jq -r '."@metadata".from.sqs.ApproximateReceiveCount' out |
		sort -u)" = 1 ]
	# Each that waits, at half of each visibility, by ten.
	[ "$(renewals)" -gt $((n / 10)) ]
	[ -z "$(sqs-recv -w 0 q)" ]
	[ -z "$(sqs-recv -w 0 dead)" ]
	mail_subjects to@example.org | sort -n | cmp - <(seq "$n")
}

renewals() {
	grep -c '^sqs ChangeMessageVisibilityBatch 200' recv
}
