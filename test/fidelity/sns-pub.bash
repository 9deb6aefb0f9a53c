# shellcheck shell=bash
fidelity() {
	listen sns-pub
	through sns-pub sns-pub
	bodies sns-pub | arrived payloads
	listen sns-pub-text
	through -w text sns-pub -m '{{v}}' sns-pub-text
	bodies sns-pub-text | arrived texts
}

# listen NAME: a topic, and a queue that gets what it is told.
listen() {
	local arn=arn:aws:sqs:us-east-1:$AWS_ACCOUNT_ID:$1
	queue "$1"
	topic "$1"
	aws-call sns Subscribe Protocol=sqs "Endpoint=$arn" \
	    "TopicArn=${arn/sqs/sns}" Attributes:='{"RawMessageDelivery":"true"}' \
	    >subscribed
}
