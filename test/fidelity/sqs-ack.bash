# shellcheck shell=bash
# The cases come from a message, but for those with metadata of their own.
fidelity() {
	local from url
	queue sqs-ack
	url=$(queue_url sqs-ack)
	sqs-send --quiet sqs-ack <<<'{}'
	from=$(ask sqs AmazonSQS.ReceiveMessage '{"QueueUrl":"'"$url"'"}' |
		jq -c --arg q "$url" '.Messages[0] | {from: {sqs:
		    {QueueUrl: $q, MessageId, ReceiptHandle}}}')
	through -m "$from" sqs-ack
	lunad_clock 1h >called
	[ -z "$(bodies sqs-ack)" ] || echo "$way: it is there" >>"$faults"
}
