# shellcheck shell=bash
fidelity() {
	queue sqs-send
	through sqs-send sqs-send
	bodies sqs-send | arrived payloads
	queue sqs-send-text
	through -w text sqs-send -m '{{v}}' sqs-send-text
	bodies sqs-send-text | arrived texts
	queue sqs-send-unsent
	through -w unsent sqs-send --when nobody sqs-send-unsent
	[ -z "$(bodies sqs-send-unsent)" ]
}
