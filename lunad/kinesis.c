/*
 * Kinesis Data Streams: the table of its operations, its schema, and what it
 * does by itself.
 *
 * Source: botocore's model kinesis/2013-12-02; Amazon Kinesis Data Streams
 * Service API Reference and Developer Guide.
 */
#include "kinesis.h"

#include "kinesis_metric.h"

extern const struct api kinesis_api;

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS kinesis_stream("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, region TEXT NOT NULL,"
    " name TEXT NOT NULL, created_at INTEGER NOT NULL,"
    " on_demand INTEGER NOT NULL, retention INTEGER NOT NULL,"
    " max_kib INTEGER NOT NULL, monitored INTEGER NOT NULL, key_id TEXT,"
    " UNIQUE(region, name));"
    /* An id is in the ids of its blocks: it is never given again. */
    "CREATE TABLE IF NOT EXISTS kinesis_shard("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, stream INTEGER NOT NULL,"
    " ix INTEGER NOT NULL, parent INTEGER NOT NULL,"
    " adjacent INTEGER NOT NULL, hash_from TEXT NOT NULL,"
    " hash_to TEXT NOT NULL, epoch INTEGER NOT NULL,"
    " created_at INTEGER NOT NULL, closed_at INTEGER NOT NULL,"
    " next INTEGER NOT NULL, UNIQUE(stream, ix));"
    /* The body comes last: nothing else is read across it. */
    "CREATE TABLE IF NOT EXISTS kinesis_block("
    " id INTEGER PRIMARY KEY, at INTEGER NOT NULL, count INTEGER NOT NULL,"
    " sealed INTEGER NOT NULL, body BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS kinesis_tag("
    " stream INTEGER, consumer TEXT, name TEXT, value TEXT NOT NULL,"
    " PRIMARY KEY(stream, consumer, name)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS kinesis_policy("
    " stream INTEGER, consumer TEXT, policy TEXT NOT NULL,"
    " PRIMARY KEY(stream, consumer)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS kinesis_consumer("
    " stream INTEGER, name TEXT, created_at INTEGER NOT NULL,"
    " PRIMARY KEY(stream, name)) WITHOUT ROWID;";

static const struct operation operations[] = {
    {.name = "PutRecords", .run = kinesis_put_records, .writes = true},
    {.name = "PutRecord", .run = kinesis_put_record, .writes = true},
    {.name = "GetRecords", .run = kinesis_get_records},
    {.name = "GetShardIterator", .run = kinesis_get_iterator},
    {.name = "ListShards", .run = kinesis_list_shards},
    {.name = "CreateStream", .run = kinesis_create_stream, .writes = true},
    {.name = "DeleteStream", .run = kinesis_delete_stream, .writes = true},
    {.name = "DescribeStream", .run = kinesis_describe_stream},
    {.name = "DescribeStreamSummary", .run = kinesis_describe_summary},
    {.name = "DescribeLimits", .run = kinesis_describe_limits},
    {.name = "ListStreams", .run = kinesis_list_streams},
    {.name = "SplitShard", .run = kinesis_split_shard, .writes = true},
    {.name = "MergeShards", .run = kinesis_merge_shards, .writes = true},
    {.name = "UpdateShardCount",
	.run = kinesis_update_shard_count,
	.writes = true},
    {.name = "UpdateStreamMode", .run = kinesis_update_mode, .writes = true},
    {.name = "UpdateMaxRecordSize",
	.run = kinesis_update_max_size,
	.writes = true},
    {.name = "IncreaseStreamRetentionPeriod",
	.run = kinesis_increase_retention,
	.writes = true},
    {.name = "DecreaseStreamRetentionPeriod",
	.run = kinesis_decrease_retention,
	.writes = true},
    {.name = "StartStreamEncryption",
	.run = kinesis_start_encryption,
	.writes = true},
    {.name = "StopStreamEncryption",
	.run = kinesis_stop_encryption,
	.writes = true},
    {.name = "EnableEnhancedMonitoring",
	.run = kinesis_enable_monitoring,
	.writes = true},
    {.name = "DisableEnhancedMonitoring",
	.run = kinesis_disable_monitoring,
	.writes = true},
    {.name = "RegisterStreamConsumer",
	.run = kinesis_register_consumer,
	.writes = true},
    {.name = "DeregisterStreamConsumer",
	.run = kinesis_deregister_consumer,
	.writes = true},
    {.name = "DescribeStreamConsumer", .run = kinesis_describe_consumer},
    {.name = "ListStreamConsumers", .run = kinesis_list_consumers},
    {.name = "SubscribeToShard", .run = kinesis_subscribe},
    {.name = "AddTagsToStream", .run = kinesis_tag_stream, .writes = true},
    {.name = "RemoveTagsFromStream",
	.run = kinesis_untag_stream,
	.writes = true},
    {.name = "ListTagsForStream", .run = kinesis_list_stream_tags},
    {.name = "TagResource", .run = kinesis_tag_resource, .writes = true},
    {.name = "UntagResource", .run = kinesis_untag_resource, .writes = true},
    {.name = "ListTagsForResource", .run = kinesis_list_resource_tags},
    {.name = "PutResourcePolicy", .run = kinesis_put_policy, .writes = true},
    {.name = "GetResourcePolicy", .run = kinesis_get_policy},
    {.name = "DeleteResourcePolicy",
	.run = kinesis_delete_policy,
	.writes = true},
    {.name = NULL},
};

static int64_t
due(struct lunad *l)
{
	int64_t trim = kinesis_trim_due(lunad_store(l));
	int64_t metric = kinesis_metric_due();
	return trim < metric ? trim : metric;
}

static void
run_due(struct lunad *l, int64_t now_ms)
{
	if (kinesis_metric_due() <= now_ms)
		kinesis_metric_run_due(l);
	else
		kinesis_trim_run_due(lunad_store(l), now_ms);
}

static void
open_service(struct lunad *l)
{
	kinesis_stream_forget();
	kinesis_metric_forget();
	kinesis_stream_load(lunad_store(l));
}

const struct api kinesis_api = {
    .name = "kinesis",
    .target = "Kinesis_20131202",
    .json_version = "1.1",
    .error_prefix = "",
    .operation = operations,
    .schema = schema,
    .due = due,
    .run_due = run_due,
    .open = open_service,
};
