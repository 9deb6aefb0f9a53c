# DynamoDB of lunad, by plain signed requests. Every operation through
# another's client: test/interop/boto3_dynamodb.py.
load helpers
load cases

setup_file() { lunad_start; }
teardown_file() { lunad_stop; }

setup() {
	t=table$BATS_TEST_NUMBER
	reply=$BATS_TEST_TMPDIR/reply
	headers=$BATS_TEST_TMPDIR/headers
}

# ddb OPERATION JSON (or - for stdin): prints the reply; $? is 1 when it is an
# error.
ddb() {
	local code
	code=$(curl -sS --aws-sigv4 aws:amz:us-east-1:dynamodb \
	    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    -H 'Content-Type: application/x-amz-json-1.0' \
	    -H "X-Amz-Target: DynamoDB_20120810.$1" \
	    --data-binary "${2/#-/@-}" -D "$headers" -o "$reply" \
	    -w '%{http_code}' "$AWS_ENDPOINT_URL/")
	cat "$reply"
	[ "$code" = 200 ]
}

# refused OPERATION JSON CODE TEXT: it is, with this code and this message.
refused() {
	run ddb "$1" "$2"
	echo "$output"
	[ "$status" = 1 ] &&
		[ "$(jq -r '.__type | sub(".*#"; "")' <<<"$output")" = "$3" ] &&
		[ "$(jq -r .message <<<"$output")" = "$4" ]
}

# simple [NAME]: a table with the key "id".
simple() {
	table "${1:-$t}" id:S
}

# indexed [NAME]: key p, s (a number); index "by_g" on g, with v included;
# local index "by_l" on l, keys only.
indexed() {
	ddb CreateTable "{\"TableName\":\"${1:-$t}\",\"BillingMode\":\"PAY_PER_REQUEST\",
	    \"AttributeDefinitions\":[{\"AttributeName\":\"p\",\"AttributeType\":\"S\"},
		{\"AttributeName\":\"s\",\"AttributeType\":\"N\"},
		{\"AttributeName\":\"g\",\"AttributeType\":\"S\"},
		{\"AttributeName\":\"l\",\"AttributeType\":\"N\"}],
	    \"KeySchema\":[{\"AttributeName\":\"p\",\"KeyType\":\"HASH\"},
		{\"AttributeName\":\"s\",\"KeyType\":\"RANGE\"}],
	    \"GlobalSecondaryIndexes\":[{\"IndexName\":\"by_g\",
		\"KeySchema\":[{\"AttributeName\":\"g\",\"KeyType\":\"HASH\"}],
		\"Projection\":{\"ProjectionType\":\"INCLUDE\",
		\"NonKeyAttributes\":[\"v\"]}}],
	    \"LocalSecondaryIndexes\":[{\"IndexName\":\"by_l\",
		\"KeySchema\":[{\"AttributeName\":\"p\",\"KeyType\":\"HASH\"},
		    {\"AttributeName\":\"l\",\"KeyType\":\"RANGE\"}],
		\"Projection\":{\"ProjectionType\":\"KEYS_ONLY\"}}]}" >/dev/null
}

put() {
	ddb PutItem "{\"TableName\":\"$t\",\"Item\":$1${2:+,$2}}"
}

get() {
	ddb GetItem "{\"TableName\":\"$t\",\"Key\":$1${2:+,$2}}" | jq -c .Item
}

# The range keys of what Query or Scan answers, in its order.
sorted_by() {
	jq -c "[.Items[].$1.N | tonumber]" "$reply"
}

query() {
	ddb Query "{\"TableName\":\"$t\",\"KeyConditionExpression\":\"$1\",
	    \"ExpressionAttributeValues\":$2${3:+,$3}}" >/dev/null
}

@test "numbers, values and expressions are what DynamoDB makes of them" {
	run cases "$(program lunad_ddb)" "$BATS_TEST_DIRNAME/cases/ddb"
	echo "$output"
	[ "$status" = 0 ]
}

@test "a table is created, described, listed and deleted" {
	run ddb CreateTable "{\"TableName\":\"$t\",
	    \"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}],
	    \"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}],
	    \"ProvisionedThroughput\":{\"ReadCapacityUnits\":5,\"WriteCapacityUnits\":5}}"
	[ "$(jq -r .TableDescription.TableStatus <<<"$output")" = CREATING ]
	run ddb DescribeTable "{\"TableName\":\"$t\"}"
	[ "$(jq -c '.Table | [.TableStatus, .ItemCount, .TableArn,
	    .WarmThroughput.ReadUnitsPerSecond, .DeletionProtectionEnabled]' \
	    <<<"$output")" = "[\"ACTIVE\",0,\"arn:aws:dynamodb:us-east-1:000000000000:table/$t\",5,false]" ]
	refused CreateTable "{\"TableName\":\"$t\",
	    \"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}],
	    \"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}],
	    \"BillingMode\":\"PAY_PER_REQUEST\"}" \
	    ResourceInUseException "Table already exists: $t"
	ddb ListTables '{}' | jq -e ".TableNames | index(\"$t\")"
	run ddb DeleteTable "{\"TableName\":\"$t\"}"
	[ "$(jq -r .TableDescription.TableStatus <<<"$output")" = DELETING ]
	refused DescribeTable "{\"TableName\":\"$t\"}" \
	    ResourceNotFoundException \
	    "Requested resource not found: Table: $t not found"
}

@test "a table made again under its name has none of the old items" {
	simple
	put '{"id":{"S":"a"}}'
	ddb DeleteTable "{\"TableName\":\"$t\"}" >/dev/null
	simple
	[ "$(get '{"id":{"S":"a"}}')" = null ]
	[ "$(ddb DescribeTable "{\"TableName\":\"$t\"}" |
	    jq .Table.ItemCount)" = 0 ]
}

@test "what recorded AWS refuses is refused in its words" {
	refused CreateTable '{"TableName":"x12","BillingMode":"PAY_PER_REQUEST",
	    "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],
	    "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],
	    "ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":1}}' \
	    ValidationException "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
	refused BatchWriteItem '{"RequestItems":{"nope":[{"PutRequest":{"Item":{"id":{"S":"a"}}}}]}}' \
	    ResourceNotFoundException "Requested resource not found"
	simple
	refused BatchWriteItem "{\"RequestItems\":{\"$t\":[{\"PutRequest\":{\"Item\":{\"no\":{\"S\":\"a\"}}}}]}}" \
	    ValidationException "The provided key element does not match the schema"
	refused PutItem "{\"TableName\":\"$t\",\"Item\":{\"id\":{\"S\":\"a\"},\"n\":{\"N\":\"1e400\"}}}" \
	    ValidationException "Number overflow. Attempting to store a number with magnitude larger than supported range"
	refused GetItem "{\"TableName\":\"$t\",\"Key\":{\"id\":{\"N\":\"1\"}}}" \
	    ValidationException "The provided key element does not match the schema"
	refused PutItem "{\"TableName\":\"$t\",\"Item\":{\"id\":{\"S\":1}}}" \
	    SerializationException "NUMBER_VALUE cannot be converted to String"
}

# shape JSON: the paths to all its members, without those of the transport.
shape() {
	jq -c 'del(.ResponseMetadata) | [paths | map(if type == "number" then 0
	    else . end)] | unique' <<<"$1"
}

# recorded TEST ANSWER: what AWS answered there.
recorded() {
	jq -c --arg t "$1" --arg a "$2" '[to_entries[] |
	    select(.key | endswith("::" + $t))][0].value["recorded-content"][$a]' \
	    "$LUNA_VECTORS/recorded/dynamodb/test_dynamodb.snapshot.json"
}

# same TEST ANSWER OPERATION JSON: what lunad answers has the same members.
same() {
	local want got
	want=$(shape "$(recorded "$1" "$2")")
	got=$(shape "$(ddb "$3" "$4")")
	diff <(jq -c '.[]' <<<"$want") <(jq -c '.[]' <<<"$got")
}

@test "descriptions have the members that AWS recorded" {
	[ -d "${LUNA_VECTORS-}/recorded" ] ||
		skip "LUNA_VECTORS has no recorded answers"
	local definition="\"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}],
	    \"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}]"
	local gsi='"AttributeDefinitions":[{"AttributeName":"TID","AttributeType":"S"},
		{"AttributeName":"TRID","AttributeType":"S"}],
	    "KeySchema":[{"AttributeName":"TID","KeyType":"HASH"}]'
	local index='"IndexName":"TransactionRecordID",
	    "KeySchema":[{"AttributeName":"TRID","KeyType":"HASH"}],
	    "Projection":{"ProjectionType":"ALL"}'
	local units='"ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":5}'
	same test_table_crud create-table CreateTable \
	    "{\"TableName\":\"$t\",$definition,$units}"
	same test_table_crud describe-table DescribeTable "{\"TableName\":\"$t\"}"
	same test_continuous_backup_update update-continuous-backup \
	    UpdateContinuousBackups "{\"TableName\":\"$t\",
	    \"PointInTimeRecoverySpecification\":{\"PointInTimeRecoveryEnabled\":true}}"
	same test_continuous_backup_update describe-continuous-backup \
	    DescribeContinuousBackups "{\"TableName\":\"$t\"}"
	same test_table_crud delete-table DeleteTable "{\"TableName\":\"$t\"}"
	same test_table_warm_throughput create-table CreateTable \
	    "{\"TableName\":\"$t\",$definition,$units,
	    \"WarmThroughput\":{\"ReadUnitsPerSecond\":1000,\"WriteUnitsPerSecond\":1200}}"
	ddb DeleteTable "{\"TableName\":\"$t\"}" >/dev/null
	same test_batch_write_items_streaming create-table CreateTable \
	    "{\"TableName\":\"$t\",$definition,$units,
	    \"StreamSpecification\":{\"StreamEnabled\":true,\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}}"
	ddb DeleteTable "{\"TableName\":\"$t\"}" >/dev/null
	same 'test_gsi_with_billing_mode[PAY_PER_REQUEST]' create-table-with-gsi \
	    CreateTable "{\"TableName\":\"$t\",$gsi,\"BillingMode\":\"PAY_PER_REQUEST\",
	    \"GlobalSecondaryIndexes\":[{$index}]}"
	same 'test_gsi_with_billing_mode[PAY_PER_REQUEST]' describe-table \
	    DescribeTable "{\"TableName\":\"$t\"}"
	ddb DeleteTable "{\"TableName\":\"$t\"}" >/dev/null
	same 'test_gsi_with_billing_mode[PROVISIONED]' create-table-with-gsi \
	    CreateTable "{\"TableName\":\"$t\",$gsi,$units,
	    \"GlobalSecondaryIndexes\":[{$index,$units}]}"
	same 'test_gsi_with_billing_mode[PROVISIONED]' describe-table \
	    DescribeTable "{\"TableName\":\"$t\"}"
	put '{"TID":{"S":"a"},"x":{"S":"1"}}'
	run put '{"TID":{"S":"a"}}' '"ConditionExpression":"attribute_not_exists(TID)",
	    "ReturnValuesOnConditionCheckFailure":"ALL_OLD"'
	[ "$(jq -c 'keys' <<<"$output")" = '["Item","__type","message"]' ]
}

@test "a NUL, 2103807459595387724 and every other byte come back as they went in" {
	local item='{"b":{"B":"AAECAw=="},"id":{"S":"a\u0000b"},"l":{"L":[{"NULL":true},{"BOOL":false},{"S":""}]},"m":{"M":{"ä":{"N":"2103807459595387724"}}},"n":{"N":"99999999999999999999999999999999999999"},"q":{"S":"\"\\\n\t"},"s":{"SS":["x","y"]}}'
	simple
	put "$item"
	run ddb GetItem "{\"TableName\":\"$t\",\"Key\":{\"id\":{\"S\":\"a\\u0000b\"}}}"
	[ "$output" = "{\"Item\":$item}" ]
	[ "$(get '{"id":{"S":"a"}}')" = null ]
}

@test "an answer carries its CRC-32" {
	simple
	ddb ListTables '{}' >/dev/null
	[ "$(sed -n 's/^x-amz-crc32: \([0-9]*\).*/\1/Ip' "$headers")" = \
	    "$(python3 -c 'import sys, zlib
print(zlib.crc32(open(sys.argv[1], "rb").read()))' "$reply")" ]
}

@test "a condition that does not hold changes nothing, and shows the item if asked" {
	simple
	put '{"id":{"S":"a"},"n":{"N":"1"}}'
	refused PutItem "{\"TableName\":\"$t\",\"Item\":{\"id\":{\"S\":\"a\"}},
	    \"ConditionExpression\":\"attribute_not_exists(id)\",
	    \"ReturnValuesOnConditionCheckFailure\":\"ALL_OLD\"}" \
	    ConditionalCheckFailedException "The conditional request failed"
	[ "$(jq -c .Item "$reply")" = '{"id":{"S":"a"},"n":{"N":"1"}}' ]
	refused DeleteItem "{\"TableName\":\"$t\",\"Key\":{\"id\":{\"S\":\"a\"}},
	    \"ConditionExpression\":\"n > :n\",
	    \"ExpressionAttributeValues\":{\":n\":{\"N\":\"1.0\"}}}" \
	    ConditionalCheckFailedException "The conditional request failed"
	[ "$(jq 'has("Item")' "$reply")" = false ]
	[ "$(get '{"id":{"S":"a"}}')" = '{"id":{"S":"a"},"n":{"N":"1"}}' ]
}

@test "an update returns what it is asked to return" {
	local up="\"TableName\":\"$t\",\"Key\":{\"id\":{\"S\":\"a\"}},
	    \"UpdateExpression\":\"SET n = if_not_exists(n, :z) + :one, #m.y = :one REMOVE x\",
	    \"ExpressionAttributeNames\":{\"#m\":\"map\"},
	    \"ExpressionAttributeValues\":{\":z\":{\"N\":\"0\"},\":one\":{\"N\":\"1\"}}"
	simple
	put '{"id":{"S":"a"},"map":{"M":{"z":{"S":"k"}}},"x":{"S":"old"}}'
	[ "$(ddb UpdateItem "{$up}")" = '{}' ]
	[ "$(ddb UpdateItem "{$up,\"ReturnValues\":\"UPDATED_OLD\"}" | jq -c .Attributes)" = \
	    '{"map":{"M":{"y":{"N":"1"}}},"n":{"N":"1"}}' ]
	[ "$(ddb UpdateItem "{$up,\"ReturnValues\":\"UPDATED_NEW\"}" | jq -c .Attributes)" = \
	    '{"map":{"M":{"y":{"N":"1"}}},"n":{"N":"3"}}' ]
	[ "$(ddb UpdateItem "{$up,\"ReturnValues\":\"ALL_NEW\"}" | jq -c .Attributes)" = \
	    '{"id":{"S":"a"},"map":{"M":{"y":{"N":"1"},"z":{"S":"k"}}},"n":{"N":"4"}}' ]
	[ "$(put '{"id":{"S":"a"}}' '"ReturnValues":"ALL_OLD"' | jq -c .Attributes.n)" = \
	    '{"N":"4"}' ]
}

@test "an update of no item makes one, with its key" {
	simple
	[ "$(ddb UpdateItem "{\"TableName\":\"$t\",\"Key\":{\"id\":{\"S\":\"new\"}},\"ReturnValues\":\"ALL_NEW\"}")" = \
	    '{"Attributes":{"id":{"S":"new"}}}' ]
	[ "$(get '{"id":{"S":"new"}}')" = '{"id":{"S":"new"}}' ]
}

@test "a failed update leaves the item, its indexes and its counts" {
	indexed
	put '{"p":{"S":"a"},"s":{"N":"1"},"g":{"S":"x"}}'
	refused UpdateItem "{\"TableName\":\"$t\",\"Key\":{\"p\":{\"S\":\"a\"},\"s\":{\"N\":\"1\"}},
	    \"UpdateExpression\":\"SET g = :n\",\"ExpressionAttributeValues\":{\":n\":{\"N\":\"1\"}}}" \
	    ValidationException "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: by_g"
	query 'g = :g' '{":g":{"S":"x"}}' '"IndexName":"by_g"'
	[ "$(jq .Count "$reply")" = 1 ]
}

@test "an item of 400 KB is taken, one byte more is not" {
	simple
	local room=$((400 * 1024 - 2 - 1 - 1))
	printf '{"TableName":"%s","Item":{"id":{"S":"a"},"v":{"S":"%s"}}}' \
	    "$t" "$(head -c $room /dev/zero | tr '\0' x)" | ddb PutItem -
	run ddb PutItem - < <(printf '{"TableName":"%s","Item":{"id":{"S":"a"},"v":{"S":"%s"}}}' \
	    "$t" "$(head -c $((room + 1)) /dev/zero | tr '\0' x)")
	[ "$status" = 1 ]
	[ "$(jq -r .message <<<"$output")" = \
	    "Item size has exceeded the maximum allowed size" ]
}

@test "a query walks the range keys in the order of numbers, both ways" {
	indexed
	local n
	for n in 10 9 -1 -10.5 0 100 0.001 1e3 -1e-5; do
		put "{\"p\":{\"S\":\"a\"},\"s\":{\"N\":\"$n\"}}"
	done
	put '{"p":{"S":"ab"},"s":{"N":"5"}}'
	query 'p = :p' '{":p":{"S":"a"}}'
	[ "$(sorted_by s)" = '[-10.5,-1,-1e-05,0,0.001,9,10,100,1000]' ]
	query 'p = :p' '{":p":{"S":"a"}}' '"ScanIndexForward":false'
	[ "$(sorted_by s)" = '[1000,100,10,9,0.001,0,-1e-05,-1,-10.5]' ]
	query 'p = :p AND s BETWEEN :a AND :b' \
	    '{":p":{"S":"a"},":a":{"N":"-1"},":b":{"N":"9.0"}}'
	[ "$(sorted_by s)" = '[-1,-1e-05,0,0.001,9]' ]
	query 'p = :p AND s < :a' '{":p":{"S":"a"},":a":{"N":"0"}}'
	[ "$(sorted_by s)" = '[-10.5,-1,-1e-05]' ]
	query 'p = :p AND s >= :a' '{":p":{"S":"a"},":a":{"N":"10"}}'
	[ "$(sorted_by s)" = '[10,100,1000]' ]
}

@test "string range keys: prefixes, zero bytes, and what only begins alike" {
	local k
	table "$t" p:S r:S
	for k in '' a a\\u0000 a\\u0000b ab b \\u00ff; do
		[ -z "$k" ] && continue
		put "{\"p\":{\"S\":\"x\"},\"r\":{\"S\":\"$k\"}}"
		put "{\"p\":{\"S\":\"x\\u0000\"},\"r\":{\"S\":\"$k\"}}"
	done
	query 'p = :p AND begins_with(r, :r)' '{":p":{"S":"x"},":r":{"S":"a"}}'
	[ "$(jq -c '[.Items[].r.S]' "$reply")" = '["a","a\u0000","a\u0000b","ab"]' ]
	query 'p = :p AND r = :r' '{":p":{"S":"x"},":r":{"S":"a"}}'
	[ "$(jq -c '[.Items[].r.S]' "$reply")" = '["a"]' ]
	query 'p = :p AND r > :r' '{":p":{"S":"x"},":r":{"S":"a"}}'
	[ "$(jq -c '[.Items[].r.S]' "$reply")" = '["a\u0000","a\u0000b","ab","b","ÿ"]' ]
}

@test "pages of a query join without gap or double, both ways" {
	indexed
	local forward n got start
	for n in $(seq 25); do
		put "{\"p\":{\"S\":\"a\"},\"s\":{\"N\":\"$n\"}}"
	done
	for forward in true false; do
		got='' start=''
		while :; do
			query 'p = :p' '{":p":{"S":"a"}}' \
			    "\"Limit\":7,\"ScanIndexForward\":$forward$start"
			got="$got $(jq -r '[.Items[].s.N] | join(" ")' "$reply")"
			start=$(jq -c '.LastEvaluatedKey // empty' "$reply")
			[ -n "$start" ] || break
			start=",\"ExclusiveStartKey\":$start"
		done
		[ "$(xargs <<<"$got")" = "$(if $forward; then seq -s ' ' 25; else seq -s ' ' 25 -1 1; fi)" ]
	done
}

@test "a page ends at 1 MB" {
	simple
	local n value
	value=$(head -c 300000 /dev/zero | tr '\0' x)
	for n in 1 2 3 4 5; do
		printf '{"TableName":"%s","Item":{"id":{"S":"%s"},"v":{"S":"%s"}}}' \
		    "$t" "$n" "$value" | ddb PutItem - >/dev/null
	done
	ddb Scan "{\"TableName\":\"$t\",\"Select\":\"COUNT\"}" >/dev/null
	[ "$(jq -c '[.Count, .ScannedCount, (.LastEvaluatedKey | keys)]' "$reply")" = '[4,4,["id"]]' ]
	ddb Scan "{\"TableName\":\"$t\",\"Select\":\"COUNT\",
	    \"ExclusiveStartKey\":$(jq -c .LastEvaluatedKey "$reply")}" >/dev/null
	[ "$(jq -c '[.Count, has("LastEvaluatedKey")]' "$reply")" = '[1,false]' ]
}

@test "the segments of a scan are all items, each once" {
	simple
	local n s total
	for n in $(seq 4); do
		jq -nc --arg t "$t" --argjson n "$n" '{RequestItems: {($t): [
		    range(25) | {PutRequest: {Item: {id: {S: "i\($n)-\(.)"}}}}]}}' |
			ddb BatchWriteItem - >/dev/null
	done
	for total in 1 3 40; do
		for s in $(seq 0 $((total - 1))); do
			ddb Scan "{\"TableName\":\"$t\",\"Segment\":$s,\"TotalSegments\":$total}" |
				jq -r '.Items[].id.S'
		done | sort >"$BATS_TEST_TMPDIR/found"
		[ "$(wc -l <"$BATS_TEST_TMPDIR/found")" = 100 ]
		[ "$(uniq "$BATS_TEST_TMPDIR/found" | wc -l)" = 100 ]
	done
}

@test "a filter counts what it looks at" {
	indexed
	local n
	for n in 1 2 3 4; do
		put "{\"p\":{\"S\":\"a\"},\"s\":{\"N\":\"$n\"},\"v\":{\"N\":\"$((n % 2))\"}}"
	done
	query 'p = :p' '{":p":{"S":"a"},":v":{"N":"1"}}' \
	    '"FilterExpression":"v = :v","ProjectionExpression":"s"'
	[ "$(jq -c '[.Items, .Count, .ScannedCount]' "$reply")" = \
	    '[[{"s":{"N":"1"}},{"s":{"N":"3"}}],2,4]' ]
	refused Query "{\"TableName\":\"$t\",\"KeyConditionExpression\":\"p = :p\",
	    \"FilterExpression\":\"s = :s\",\"ExpressionAttributeValues\":{\":p\":{\"S\":\"a\"},\":s\":{\"N\":\"1\"}}}" \
	    ValidationException "Filter Expression can only contain non-primary key attributes: Primary key attribute: s"
}

@test "a global index follows every write, and has what it projects" {
	indexed
	put '{"p":{"S":"a"},"s":{"N":"1"},"g":{"S":"x"},"v":{"S":"in"},"w":{"S":"out"}}'
	put '{"p":{"S":"b"},"s":{"N":"1"},"g":{"S":"x"}}'
	put '{"p":{"S":"c"},"s":{"N":"1"}}'
	query 'g = :g' '{":g":{"S":"x"}}' '"IndexName":"by_g"'
	[ "$(jq -c '.Items | sort_by(.p.S)' "$reply")" = \
	    '[{"g":{"S":"x"},"p":{"S":"a"},"s":{"N":"1"},"v":{"S":"in"}},{"g":{"S":"x"},"p":{"S":"b"},"s":{"N":"1"}}]' ]
	put '{"p":{"S":"a"},"s":{"N":"1"},"g":{"S":"y"}}'
	ddb DeleteItem "{\"TableName\":\"$t\",\"Key\":{\"p\":{\"S\":\"b\"},\"s\":{\"N\":\"1\"}}}"
	query 'g = :g' '{":g":{"S":"x"}}' '"IndexName":"by_g"'
	[ "$(jq .Count "$reply")" = 0 ]
	query 'g = :g' '{":g":{"S":"y"}}' '"IndexName":"by_g"'
	[ "$(jq .Count "$reply")" = 1 ]
	ddb DescribeTable "{\"TableName\":\"$t\"}" >/dev/null
	[ "$(jq -c '.Table | [.ItemCount, .GlobalSecondaryIndexes[0].ItemCount,
	    .LocalSecondaryIndexes[0].ItemCount]' "$reply")" = '[2,1,0]' ]
}

@test "pages of an index with equal keys join without gap or double" {
	indexed
	local n start='' got=''
	for n in $(seq 11); do
		put "{\"p\":{\"S\":\"p$n\"},\"s\":{\"N\":\"$n\"},\"g\":{\"S\":\"same\"}}"
	done
	while :; do
		query 'g = :g' '{":g":{"S":"same"}}' "\"IndexName\":\"by_g\",\"Limit\":4$start"
		got="$got $(jq -r '[.Items[].s.N] | join(" ")' "$reply")"
		start=$(jq -c '.LastEvaluatedKey // empty' "$reply")
		[ -n "$start" ] || break
		[ "$(jq -c 'keys' <<<"$start")" = '["g","p","s"]' ]
		start=",\"ExclusiveStartKey\":$start"
	done
	[ "$(xargs <<<"$got" | tr ' ' '\n' | sort -n | tr '\n' ' ')" = "$(seq -s ' ' 11) " ]
}

@test "a local index orders by its own key and fetches what it lacks" {
	indexed
	local n
	for n in 1 2 3; do
		put "{\"p\":{\"S\":\"a\"},\"s\":{\"N\":\"$n\"},\"l\":{\"N\":\"$((10 - n))\"},\"w\":{\"S\":\"w$n\"}}"
	done
	query 'p = :p AND l > :l' '{":p":{"S":"a"},":l":{"N":"0"}}' '"IndexName":"by_l"'
	[ "$(jq -c '.Items[0]' "$reply")" = '{"l":{"N":"7"},"p":{"S":"a"},"s":{"N":"3"}}' ]
	query 'p = :p' '{":p":{"S":"a"}}' \
	    '"IndexName":"by_l","Select":"ALL_ATTRIBUTES","Limit":1'
	[ "$(jq -c '.Items' "$reply")" = \
	    '[{"l":{"N":"7"},"p":{"S":"a"},"s":{"N":"3"},"w":{"S":"w3"}}]' ]
	query 'p = :p' '{":p":{"S":"a"}}' '"IndexName":"by_l","ProjectionExpression":"w"'
	[ "$(jq -c '[.Items[].w.S]' "$reply")" = '["w3","w2","w1"]' ]
}

@test "an index added later has the items of before; one taken away is gone" {
	simple
	put '{"id":{"S":"a"},"k":{"S":"x"}}'
	put '{"id":{"S":"b"},"k":{"N":"1"}}'
	ddb UpdateTable "{\"TableName\":\"$t\",
	    \"AttributeDefinitions\":[{\"AttributeName\":\"k\",\"AttributeType\":\"S\"}],
	    \"GlobalSecondaryIndexUpdates\":[{\"Create\":{\"IndexName\":\"by_k\",
	    \"KeySchema\":[{\"AttributeName\":\"k\",\"KeyType\":\"HASH\"}],
	    \"Projection\":{\"ProjectionType\":\"ALL\"}}}]}" >/dev/null
	query 'k = :k' '{":k":{"S":"x"}}' '"IndexName":"by_k"'
	[ "$(jq -c '[.Items[].id.S]' "$reply")" = '["a"]' ]
	refused PutItem "{\"TableName\":\"$t\",\"Item\":{\"id\":{\"S\":\"c\"},\"k\":{\"N\":\"1\"}}}" \
	    ValidationException "One or more parameter values were invalid: Type mismatch for Index Key k Expected: S Actual: N IndexName: by_k"
	ddb UpdateTable "{\"TableName\":\"$t\",
	    \"GlobalSecondaryIndexUpdates\":[{\"Delete\":{\"IndexName\":\"by_k\"}}]}" >/dev/null
	put '{"id":{"S":"c"},"k":{"N":"1"}}'
	[ "$(ddb DescribeTable "{\"TableName\":\"$t\"}" |
	    jq -c '[.Table.AttributeDefinitions[].AttributeName]')" = '["id"]' ]
}

@test "a batch write takes 25 and says what it cannot take" {
	simple
	refused BatchWriteItem "$(jq -nc --arg t "$t" '{RequestItems: {($t): [
	    range(26) | {PutRequest: {Item: {id: {S: "\(.)"}}}}]}}')" \
	    ValidationException "Too many items requested for the BatchWriteItem call"
	refused BatchWriteItem "{\"RequestItems\":{\"$t\":[{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"a\"}}}},{\"DeleteRequest\":{\"Key\":{\"id\":{\"S\":\"a\"}}}}]}}" \
	    ValidationException "Provided list of item keys contains duplicates"
	[ "$(get '{"id":{"S":"a"}}')" = null ]
	run ddb BatchWriteItem "{\"RequestItems\":{\"$t\":[{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"a\"}}}},{\"DeleteRequest\":{\"Key\":{\"id\":{\"S\":\"b\"}}}}]}}"
	[ "$output" = '{"UnprocessedItems":{}}' ]
}

@test "a partial fault leaves entries unprocessed, and they can be sent again" {
	simple
	local request unprocessed rounds=0
	request=$(jq -nc --arg t "$t" '{RequestItems: {($t): [
	    range(25) | {PutRequest: {Item: {id: {S: "\(.)"}}}}]}}')
	lunad_fault 'dynamodb:BatchWriteItem=partial:0.5'
	ddb BatchWriteItem "$request" >/dev/null
	unprocessed=$(jq -c .UnprocessedItems "$reply")
	[ "$(jq length <<<"$unprocessed")" = 1 ]
	while [ "$unprocessed" != '{}' ] && [ $((rounds += 1)) -lt 100 ]; do
		ddb BatchWriteItem "{\"RequestItems\":$unprocessed}" >/dev/null
		unprocessed=$(jq -c .UnprocessedItems "$reply")
	done
	lunad_fault
	[ "$(ddb Scan "{\"TableName\":\"$t\",\"Select\":\"COUNT\"}" | jq .Count)" = 25 ]
}

@test "a batch with an entry that is refused for good is refused as a whole" {
	simple
	lunad_fault 'dynamodb:BatchWriteItem=refuse:poison'
	run ddb BatchWriteItem "{\"RequestItems\":{\"$t\":[
	    {\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"a\"}}}},
	    {\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"poison\"}}}}]}}"
	lunad_fault
	[ "$status" = 1 ]
	[ "$(jq -r '.__type | sub(".*#"; "")' <<<"$output")" = ValidationException ]
	[ "$(get '{"id":{"S":"a"}}')" = null ]
}

@test "a batch get answers up to 16 MB, and the rest as unprocessed keys" {
	simple
	local n value
	value=$(head -c 400000 /dev/zero | tr '\0' x)
	for n in $(seq 45); do
		printf '{"TableName":"%s","Item":{"id":{"S":"%s"},"v":{"S":"%s"}}}' \
		    "$t" "$n" "$value" | ddb PutItem - >/dev/null
	done
	jq -nc --arg t "$t" '{RequestItems: {($t): {ConsistentRead: true,
	    ProjectionExpression: "id", Keys: [range(1; 46) | {id: {S: "\(.)"}}]}}}' |
		ddb BatchGetItem - >/dev/null
	[ "$(jq -c --arg t "$t" '[(.Responses[$t] | length),
	    (.UnprocessedKeys[$t].Keys | length),
	    .UnprocessedKeys[$t].ConsistentRead]' "$reply")" = '[41,4,true]' ]
	jq -c '{RequestItems: .UnprocessedKeys}' "$reply" >"$BATS_TEST_TMPDIR/rest"
	ddb BatchGetItem - <"$BATS_TEST_TMPDIR/rest" >/dev/null
	[ "$(jq -c --arg t "$t" '[(.Responses[$t] | length), .UnprocessedKeys]' "$reply")" = '[4,{}]' ]
}

@test "a transaction is done as a whole or not at all, and tells why" {
	simple
	put '{"id":{"S":"a"},"n":{"N":"1"}}'
	run ddb TransactWriteItems "{\"TransactItems\":[
	    {\"Put\":{\"TableName\":\"$t\",\"Item\":{\"id\":{\"S\":\"new\"}}}},
	    {\"Update\":{\"TableName\":\"$t\",\"Key\":{\"id\":{\"S\":\"a\"}},
		\"UpdateExpression\":\"SET n = n + :one\",
		\"ConditionExpression\":\"n > :one\",
		\"ExpressionAttributeValues\":{\":one\":{\"N\":\"1\"}},
		\"ReturnValuesOnConditionCheckFailure\":\"ALL_OLD\"}}]}"
	[ "$status" = 1 ]
	[ "$(jq -r .message <<<"$output")" = "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]" ]
	[ "$(jq -c .CancellationReasons <<<"$output")" = \
	    '[{"Code":"None"},{"Code":"ConditionalCheckFailed","Message":"The conditional request failed","Item":{"id":{"S":"a"},"n":{"N":"1"}}}]' ]
	[ "$(get '{"id":{"S":"new"}}')" = null ]
	ddb TransactWriteItems "{\"TransactItems\":[
	    {\"Put\":{\"TableName\":\"$t\",\"Item\":{\"id\":{\"S\":\"new\"}}}},
	    {\"ConditionCheck\":{\"TableName\":\"$t\",\"Key\":{\"id\":{\"S\":\"b\"}},
		\"ConditionExpression\":\"attribute_not_exists(id)\"}},
	    {\"Delete\":{\"TableName\":\"$t\",\"Key\":{\"id\":{\"S\":\"a\"}}}}]}"
	run ddb TransactGetItems "{\"TransactItems\":[
	    {\"Get\":{\"TableName\":\"$t\",\"Key\":{\"id\":{\"S\":\"new\"}}}},
	    {\"Get\":{\"TableName\":\"$t\",\"Key\":{\"id\":{\"S\":\"a\"}}}}]}"
	[ "$output" = '{"Responses":[{"Item":{"id":{"S":"new"}}},{}]}' ]
}

@test "a transaction with a token is done once within ten minutes" {
	local request
	simple
	request="\"ClientRequestToken\":\"$t\",\"TransactItems\":[{\"Update\":{\"TableName\":\"$t\",
	    \"Key\":{\"id\":{\"S\":\"a\"}},\"UpdateExpression\":\"ADD n :one\",
	    \"ExpressionAttributeValues\":{\":one\":{\"N\":\"1\"}}}}]"
	ddb TransactWriteItems "{$request}"
	ddb TransactWriteItems "{$request}"
	[ "$(get '{"id":{"S":"a"}}' | jq -r .n.N)" = 1 ]
	run ddb TransactWriteItems "{${request/:one\":{\"N\":\"1\"/:one\":{\"N\":\"2\"}}"
	[ "$status" = 1 ]
	[ "$(jq -r '.__type | sub(".*#"; "")' <<<"$output")" = IdempotentParameterMismatchException ]
	lunad_clock 11m
	ddb TransactWriteItems "{$request}"
	[ "$(get '{"id":{"S":"a"}}' | jq -r .n.N)" = 2 ]
}

@test "items go when their time to live has come, from indexes too" {
	local now
	indexed
	now=$(curl -sSf "$AWS_ENDPOINT_URL/_luna/clock" | jq -r '.now // .time')
	now=$(date -d "$now" +%s)
	put "{\"p\":{\"S\":\"a\"},\"s\":{\"N\":\"1\"},\"g\":{\"S\":\"x\"},\"gone_at\":{\"N\":\"$((now + 3600))\"}}"
	ddb UpdateTimeToLive "{\"TableName\":\"$t\",
	    \"TimeToLiveSpecification\":{\"Enabled\":true,\"AttributeName\":\"gone_at\"}}" >/dev/null
	put "{\"p\":{\"S\":\"a\"},\"s\":{\"N\":\"2\"},\"g\":{\"S\":\"x\"},\"gone_at\":{\"N\":\"$((now + 7200))\"}}"
	put "{\"p\":{\"S\":\"a\"},\"s\":{\"N\":\"3\"},\"g\":{\"S\":\"x\"},\"gone_at\":{\"S\":\"$((now + 60))\"}}"
	put "{\"p\":{\"S\":\"a\"},\"s\":{\"N\":\"4\"},\"g\":{\"S\":\"x\"},\"gone_at\":{\"N\":\"1\"}}"
	lunad_clock 61m
	query 'p = :p' '{":p":{"S":"a"}}'
	[ "$(sorted_by s)" = '[2,3,4]' ]
	query 'g = :g' '{":g":{"S":"x"}}' '"IndexName":"by_g","Select":"COUNT"'
	[ "$(jq .Count "$reply")" = 3 ]
	ddb UpdateItem "{\"TableName\":\"$t\",\"Key\":{\"p\":{\"S\":\"a\"},\"s\":{\"N\":\"2\"}},
	    \"UpdateExpression\":\"REMOVE gone_at\"}"
	lunad_clock 2h
	query 'p = :p' '{":p":{"S":"a"}}'
	[ "$(sorted_by s)" = '[2,3,4]' ]
	ddb DescribeTimeToLive "{\"TableName\":\"$t\"}" >/dev/null
	[ "$(jq -c .TimeToLiveDescription "$reply")" = \
	    '{"TimeToLiveStatus":"ENABLED","AttributeName":"gone_at"}' ]
}

@test "capacity is counted: 4 KB a read unit, 1 KB a write unit, indexes apart" {
	indexed
	local big
	big=$(head -c 4000 /dev/zero | tr '\0' x)
	[ "$(put "{\"p\":{\"S\":\"a\"},\"s\":{\"N\":\"1\"},\"g\":{\"S\":\"x\"},\"w\":{\"S\":\"$big\"}}" \
	    '"ReturnConsumedCapacity":"INDEXES"' | jq -c '.ConsumedCapacity |
	    [.CapacityUnits, .Table.CapacityUnits,
	    .GlobalSecondaryIndexes.by_g.CapacityUnits]')" = '[5,4,1]' ]
	[ "$(ddb GetItem "{\"TableName\":\"$t\",\"Key\":{\"p\":{\"S\":\"a\"},\"s\":{\"N\":\"1\"}},
	    \"ReturnConsumedCapacity\":\"TOTAL\"}" | jq -c .ConsumedCapacity.CapacityUnits)" = 0.5 ]
	[ "$(ddb GetItem "{\"TableName\":\"$t\",\"Key\":{\"p\":{\"S\":\"a\"},\"s\":{\"N\":\"9\"}},
	    \"ReturnConsumedCapacity\":\"TOTAL\",\"ConsistentRead\":true}" |
	    jq -c .ConsumedCapacity)" = "{\"TableName\":\"$t\",\"CapacityUnits\":1}" ]
}

@test "the parameters from before expressions still work" {
	simple
	put '{"id":{"S":"a"},"n":{"N":"1"}}' '"Expected":{"id":{"Exists":false}}'
	run put '{"id":{"S":"a"},"n":{"N":"2"}}' '"Expected":{"id":{"Exists":false}}'
	[ "$status" = 1 ]
	[ "$(ddb UpdateItem "{\"TableName\":\"$t\",\"Key\":{\"id\":{\"S\":\"a\"}},
	    \"AttributeUpdates\":{\"n\":{\"Action\":\"ADD\",\"Value\":{\"N\":\"4\"}},
	    \"x\":{\"Value\":{\"S\":\"y\"}}},\"ReturnValues\":\"UPDATED_NEW\"}" |
	    jq -c .Attributes)" = '{"n":{"N":"5"},"x":{"S":"y"}}' ]
	[ "$(get '{"id":{"S":"a"}}' '"AttributesToGet":["n"]')" = '{"n":{"N":"5"}}' ]
	ddb Query "{\"TableName\":\"$t\",\"KeyConditions\":{\"id\":{\"ComparisonOperator\":\"EQ\",
	    \"AttributeValueList\":[{\"S\":\"a\"}]}},\"QueryFilter\":{\"n\":{\"ComparisonOperator\":\"GT\",
	    \"AttributeValueList\":[{\"N\":\"4\"}]}}}" >/dev/null
	[ "$(jq .Count "$reply")" = 1 ]
	ddb Scan "{\"TableName\":\"$t\",\"ScanFilter\":{\"x\":{\"ComparisonOperator\":\"NOT_CONTAINS\",
	    \"AttributeValueList\":[{\"S\":\"y\"}]}}}" >/dev/null
	[ "$(jq .Count "$reply")" = 0 ]
}

@test "tables of two regions do not meet" {
	simple
	run curl -sS --aws-sigv4 aws:amz:eu-west-1:dynamodb \
	    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    -H 'Content-Type: application/x-amz-json-1.0' \
	    -H 'X-Amz-Target: DynamoDB_20120810.ListTables' -d '{}' \
	    "$AWS_ENDPOINT_URL/"
	[ "$output" = '{"TableNames":[]}' ]
}

@test "what was answered survives kill -9" {
	local n
	lunad_start
	simple
	for n in $(seq 50); do
		put "{\"id\":{\"S\":\"$n\"}}" >/dev/null
	done
	lunad_again
	run ddb Scan "{\"TableName\":\"$t\",\"Select\":\"COUNT\"}"
	[ "$(jq .Count <<<"$output")" = 50 ]
	run ddb DescribeTable "{\"TableName\":\"$t\"}"
	lunad_stop
	[ "$(jq .Table.ItemCount <<<"$output")" = 50 ]
}

@test "an array where an object belongs is refused" {
	run ddb BatchGetItem '{"RequestItems":{"t":[[]]}}'
	[[ $output == *ValidationException* ]]
	run ddb ListTables '{}'
	[[ $output == *TableNames* ]]
}
