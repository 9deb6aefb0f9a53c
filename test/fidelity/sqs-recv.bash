# shellcheck shell=bash
# A body that is a record comes as it is, any other as text; and goes back as
# what it was.
fidelity() {
	way=sqs-recv
	fill_queue sqs-recv
	queue sqs-recv-back
	sqs-recv sqs-recv 2>err | tee out | sqs-send sqs-recv-back |
		sqs-ack --quiet
	cat err >>"$faults"
	judge received sqs out
	bodies sqs-recv-back | arrived returned
}
