# shellcheck shell=bash
# What is a record comes as it is, in DynamoDB's form of numbers; what has an
# attribute @metadata comes as text.
fidelity() {
	way=ddb-query
	table ddb-query k:S
	cases items | while read -r item; do
		printf '{"TableName":"ddb-query","Item":%s}' "$item" |
			ask dynamodb DynamoDB_20120810.PutItem
	done >put
	ddb-query ddb-query >out 2>err
	cat err >>"$faults"
	judge queried out
}
