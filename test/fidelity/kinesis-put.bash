# shellcheck shell=bash
fidelity() {
	stream kinesis-put 1 MaxRecordSizeInKiB:=10240
	through kinesis-put -k k kinesis-put
	stream_texts kinesis-put | arrived payloads
	stream kinesis-put-unsent
	through -w unsent kinesis-put -k k --when nobody kinesis-put-unsent
	[ -z "$(stream_texts kinesis-put-unsent)" ]
}
