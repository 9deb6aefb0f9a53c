# shellcheck shell=bash
fidelity() {
	through -m '{"from":{"kinesis":{"StreamName":"s","ShardId":"d","SequenceNumber":"1"}}}' \
	    kinesis-mark state
}
