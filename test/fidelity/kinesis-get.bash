# shellcheck shell=bash
# Data that is a record comes as it is, any other as text; and goes back as
# what it was.
fidelity() {
	way=kinesis-get
	stream kinesis-get 1 MaxRecordSizeInKiB:=10240
	stream kinesis-get-back 1 MaxRecordSizeInKiB:=10240
	cases bodies | while read -r body; do
		printf '{"StreamName":"kinesis-get","PartitionKey":"k","Data":"%s"}' \
		    "$(jq -j . <<<"$body" | base64 -w 0)" |
			ask kinesis Kinesis_20131202.PutRecord >/dev/null
	done
	kinesis-get kinesis-get 2>err | tee out |
		kinesis-put -k k kinesis-get-back --quiet
	cat err >>"$faults"
	judge received kinesis out
	stream_texts kinesis-get-back | arrived returned
}
