#ifndef LUNAD_KINESIS_H
#define LUNAD_KINESIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "hash_key.h"
#include "json.h"
#include "kinesis_limit.h"
#include "kinesis_sequence.h"
#include "lunad.h"
#include "store.h"

/*
 * What the files of Kinesis Data Streams share.
 *
 * The records of a shard have positions 1, 2, 3, …; a sequence number says
 * nothing that is not known from shard, position and second of arrival. What
 * one call puts into one shard is one row, a block (kinesis_block.c): so a
 * row is written and read for many records.
 *
 * Streams and their shards are kept in memory as their rows say, and read
 * again after a roll-back.
 */
#define KINESIS_NEVER INT64_MAX
#define KINESIS_BATCH 500
#define KINESIS_PUT_MAX ((size_t)10 << 20)
#define KINESIS_GET_MAX ((size_t)10 << 20)
#define KINESIS_GET_RECORDS 10000
#define KINESIS_HOUR_MS INT64_C(3600000)
#define KINESIS_SHARD_ID 24 /* "shardId-000000000000" and a NUL; more fit */

/* The numbers of a minute, by kinesis_metric.c. */
struct kinesis_meter;

struct kinesis_shard {
	int64_t id; /* of its blocks */
	uint32_t index;
	char name[KINESIS_SHARD_ID];
	int64_t parent, adjacent; /* indexes; -1: none */
	struct hash_key from, to;
	int64_t epoch_s; /* in its sequence numbers */
	int64_t created_ms;
	int64_t closed_ms; /* 0: open */
	int64_t next;      /* position of the next record */
	int64_t oldest_ms; /* of the first block; 0: there is none */
	/* While a call puts: what goes into this shard's block. */
	struct buf body;
	int64_t fresh;
	bool touched;
	char sequence[KINESIS_SEQUENCE];
	struct kinesis_rate rate;
};

struct kinesis_stream {
	char *region, *name; /* the key */
	int64_t id;          /* 0: there is no such stream */
	int64_t created_ms;
	bool on_demand;
	int64_t retention_h;
	int64_t max_kib; /* of a record */
	char *key_id;    /* encryption; NULL: none */
	unsigned monitored;
	struct kinesis_shard *shard; /* by index, which may have gaps */
	size_t shards;
	struct kinesis_shard **open; /* by hash range */
	size_t opens;
	int64_t trim_at; /* something expires; never later than the truth */
	uint64_t undone; /* store_undone() when it was read */
	bool stale;
	struct kinesis_meter *meter;
	struct kinesis_stream *next; /* of all in memory */
};

/* kinesis_stream.c */

/* NULL: there is no such stream. */
struct kinesis_stream *kinesis_stream_find(
    struct store *s, const char *region, const char *name);
/* The stream that StreamName or StreamARN names.
 * NULL: the request has failed. */
struct kinesis_stream *kinesis_stream_asked(struct request *r);
/* The same of one ARN; what: the parameter's name. */
struct kinesis_stream *kinesis_stream_of_arn(
    struct request *r, const char *what);
/* The name in the ARN of a stream (or of what is below it) of this region
 * and account; NULL: it is none. */
const char *kinesis_stream_name(struct request *r, const char *arn);
int kinesis_stream_missing(struct request *r, const char *name);
/* "arn:aws:kinesis:REGION:ACCOUNT:stream/NAME" */
const char *kinesis_stream_arn(
    struct request *r, const struct kinesis_stream *s);
/* Its rows have changed: read them again when it is next asked for. */
void kinesis_stream_stale(struct kinesis_stream *s);
void kinesis_stream_forget(void);
/* The streams of all regions, by their next. */
struct kinesis_stream *kinesis_stream_first(void);
void kinesis_stream_load(struct store *s);

/* kinesis_shard.c */
void kinesis_shard_read(struct store *s, struct kinesis_stream *stream);
void kinesis_shard_free(struct kinesis_stream *stream);
void kinesis_shard_name(uint32_t index, char out[static KINESIS_SHARD_ID]);
/* As KCL writes it, or the number alone; -1: neither. */
int64_t kinesis_shard_index(const char *id);
/* NULL: there is none, or it has expired. */
struct kinesis_shard *kinesis_shard_find(
    const struct kinesis_stream *s, int64_t index, int64_t now_ms);
/* The same of a parameter. NULL: the request has failed. */
struct kinesis_shard *kinesis_shard_asked(
    struct request *r, const struct kinesis_stream *s, const char *what);
/* The open shard of this hash key. */
struct kinesis_shard *kinesis_shard_of(
    const struct kinesis_stream *s, struct hash_key key);
bool kinesis_shard_expired(const struct kinesis_stream *s,
    const struct kinesis_shard *shard, int64_t now_ms);
/* Append the Shard as an element. */
void kinesis_shard_put(struct buf *out, const struct kinesis_shard *shard);
void kinesis_shard_sequence(const struct kinesis_shard *shard, int64_t position,
    int64_t at_ms, char *digits);
void kinesis_shard_insert(struct store *s, const struct kinesis_stream *stream,
    const struct kinesis_shard *shard);

/* kinesis_block.c */
struct kinesis_record {
	const char *data; /* base64 */
	size_t data_len;
	const char *key; /* the inside of a JSON string */
	size_t key_len;
};
/* Append a record to the shard's block. */
void kinesis_block_add(
    struct kinesis_shard *shard, const struct kinesis_record *record);
/* Store what was added, and make it the shard's; or forget it. */
void kinesis_block_store(
    struct request *r, struct kinesis_stream *s, struct kinesis_shard *shard);
void kinesis_block_drop(struct kinesis_shard *shard);
/* Blocks from the one that holds the position on, one row each. */
struct kinesis_block {
	int64_t first, count, at_ms;
	bool sealed; /* came while the stream was encrypted */
	const char *at, *end;
	sqlite3_stmt *row;
};
void kinesis_block_open(struct store *s, const struct kinesis_shard *shard,
    int64_t position, struct kinesis_block *b);
bool kinesis_block_next(struct kinesis_block *b);
void kinesis_block_close(struct kinesis_block *b);
/* The next record of the block; false at its end. */
bool kinesis_block_record(
    struct kinesis_block *b, struct kinesis_record *record);
/* The position of the first record that came at at_ms or later, or the
 * shard's next one. */
int64_t kinesis_block_since(
    struct store *s, const struct kinesis_shard *shard, int64_t at_ms);
/* Remove what came before at_ms. */
void kinesis_block_trim(
    struct store *s, struct kinesis_shard *shard, int64_t at_ms);
/* Find out where it ends and when it begins. */
void kinesis_block_read(struct store *s, struct kinesis_shard *shard);
void kinesis_block_delete(struct store *s, const struct kinesis_shard *shard);
/* What came before this time has expired. */
int64_t kinesis_stream_horizon(const struct kinesis_stream *s, int64_t now_ms);

/* kinesis_trim.c */
void kinesis_trim(
    struct store *s, struct kinesis_stream *stream, int64_t now_ms);
int64_t kinesis_trim_due(struct store *s);
void kinesis_trim_run_due(struct store *s, int64_t now_ms);

/* kinesis_param.c: what botocore's model says of parameters, checked.
 *
 * Text that fails is answered as AWS does; NULL then, and when it is absent:
 * *bad tells which. */
enum kinesis_form {
	KINESIS_TEXT,
	KINESIS_NAME,           /* [a-zA-Z0-9_.-]+ */
	KINESIS_NUMBER,         /* of a hash key: up to 39 digits */
	KINESIS_SEQUENCE_NUMBER /* up to 129 digits */
};
struct kinesis_rule {
	const char *name;
	enum kinesis_form form;
	size_t least, most; /* characters; 0: no limit */
	const char *among;  /* "A, B": one of these, or NULL */
	bool required;
};
const char *kinesis_text(
    struct request *r, const struct kinesis_rule *rule, bool *bad);
/* A whole number within [low, high]; `otherwise` when absent. */
int64_t kinesis_integer(struct request *r, const char *name, int64_t low,
    int64_t high, int64_t otherwise, bool *bad);
/* Milliseconds; -1 when absent. */
int64_t kinesis_time(
    struct request *r, struct json object, const char *name, bool *bad);
/* "1 validation error detected: Value 'x' at 'y' failed to satisfy …" */
int kinesis_constraint(struct request *r, const char *at, const char *value,
    const char *constraint);
int kinesis_required(struct request *r, const char *name);
int kinesis_dry_run(struct request *r); /* all was well: that is the error */
/* Opaque text that stands for these bytes, and back (-1: it does not). */
void kinesis_token(const void *bytes, size_t len, struct buf *out);
int kinesis_untoken(const char *token, struct buf *out);

/* Modes, tags and monitoring, where a stream is made or described.
 * -1: the request has failed. */
int kinesis_mode(struct request *r, struct json details, bool *on_demand);
int kinesis_tags_put(
    struct request *r, int64_t stream, const char *consumer, struct json tags);
void kinesis_monitored_put(
    struct buf *out, const char *name, unsigned monitored);

/* The name of the stream's consumer in an ARN. NULL: failed. */
const char *kinesis_consumer_of_arn(
    struct request *r, const struct kinesis_stream *s, const char *arn);

/* What tags and policies belong to: a stream, or one of its consumers. */
struct kinesis_resource {
	int64_t stream;
	const char *consumer; /* "" for the stream itself */
};
/* That of the parameter ResourceARN. -1: the request has failed. */
int kinesis_resource_asked(struct request *r, struct kinesis_resource *of);
/* It is gone: so are its tags and its policy. consumer NULL: of the stream
 * and all its consumers. */
void kinesis_resource_drop(
    struct store *s, int64_t stream, const char *consumer);

/* The operations, by file. */
int kinesis_create_stream(struct request *r);
int kinesis_delete_stream(struct request *r);
int kinesis_describe_stream(struct request *r);
int kinesis_describe_summary(struct request *r);
int kinesis_describe_limits(struct request *r);
int kinesis_list_streams(struct request *r);
int kinesis_list_shards(struct request *r);
int kinesis_put_record(struct request *r);
int kinesis_put_records(struct request *r);
int kinesis_get_iterator(struct request *r);
int kinesis_get_records(struct request *r);
int kinesis_increase_retention(struct request *r);
int kinesis_decrease_retention(struct request *r);
int kinesis_update_mode(struct request *r);
int kinesis_update_max_size(struct request *r);
int kinesis_start_encryption(struct request *r);
int kinesis_stop_encryption(struct request *r);
int kinesis_enable_monitoring(struct request *r);
int kinesis_disable_monitoring(struct request *r);
int kinesis_tag_stream(struct request *r);
int kinesis_untag_stream(struct request *r);
int kinesis_list_stream_tags(struct request *r);
int kinesis_tag_resource(struct request *r);
int kinesis_untag_resource(struct request *r);
int kinesis_list_resource_tags(struct request *r);
int kinesis_put_policy(struct request *r);
int kinesis_get_policy(struct request *r);
int kinesis_delete_policy(struct request *r);
int kinesis_split_shard(struct request *r);
int kinesis_merge_shards(struct request *r);
int kinesis_update_shard_count(struct request *r);
int kinesis_register_consumer(struct request *r);
int kinesis_deregister_consumer(struct request *r);
int kinesis_describe_consumer(struct request *r);
int kinesis_list_consumers(struct request *r);
int kinesis_subscribe(struct request *r);

#endif
