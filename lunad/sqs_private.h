#ifndef LUNAD_SQS_PRIVATE_H
#define LUNAD_SQS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "digest.h"
#include "json.h"
#include "lunad.h"
#include "store.h"

/*
 * What the files of the SQS service share.
 *
 * A message's row id is its queue's id and a number that only grows, so a
 * queue's messages lie together and in order. A message is
 *
 *   fresh     never received: beyond the queue's mark `fresh`, no other row;
 *   hidden    in flight (received > 0) or delayed (received 0): a row in
 *             sqs_hidden, found by the time at which it ends;
 *   returned  visible again: a row in sqs_returned.
 *
 * So sending writes two rows, whatever the depth, and nothing is counted:
 * the numbers of each kind are kept in sqs_depth.
 */
#define SQS_SEQUENCE_BITS 40
#define SQS_SEQUENCE_MASK (((int64_t)1 << SQS_SEQUENCE_BITS) - 1)
#define SQS_BATCH 10
#define SQS_MAX_BYTES 1048576
#define SQS_MAX_VISIBILITY_S 43200
#define SQS_DEDUP_MS 300000
#define SQS_UUID 16 /* bytes */
#define SQS_NEVER INT64_MAX

/* The counters of a queue: its row in sqs_depth. */
struct sqs_depth {
	int64_t next;  /* sequence of the last message */
	int64_t fresh; /* sequence up to which none is fresh */
	int64_t turn;  /* FIFO: of the last group that became available */
	int64_t visible, hidden, delayed;
	/* since the last minute: */
	int64_t sent, bytes, least, most, received, deleted, empty;
	int64_t used_at;
};

/*
 * A queue in memory: what its rows say. Read again after any roll-back.
 */
struct sqs_queue {
	char *region, *name; /* the key */
	int64_t id;          /* 0: there is no such queue */
	bool fifo, content_dedup, group_dedup;
	int64_t created_at, modified_at, purged_at;
	int64_t visibility_s, delay_s, wait_s, retention_s, max_bytes;
	char *dead_letter; /* ARN, or NULL */
	int64_t max_receives;
	struct sqs_depth depth;
	uint64_t undone; /* store_undone() when it was read */
	bool stale;
	bool touched; /* depth is to be written */
	struct sqs_queue *next_touched;
	/* Neither is later than the truth; 0: not known. */
	int64_t hidden_until; /* when the first hidden message ends */
	int64_t expires_at;   /* when the first message is too old */
	bool waited;          /* a receive is parked until wake_at at most */
	int64_t wake_at;
	struct sqs_queue *next_waited;
};

/* One operation: who asked, when, and the queues whose depth it changed. */
struct sqs_call {
	struct lunad *lunad;
	struct store *store;
	int64_t now_ms;
	struct sqs_queue *touched;
};

/* Why a request or an entry of a batch is refused. */
struct sqs_refusal {
	int status;
	const char *code; /* as in JSON */
	struct buf message;
};

/* A message attribute, decoded. */
struct sqs_value {
	const char *name, *type, *value;
	size_t name_len, type_len, value_len;
	bool binary;
};
struct sqs_values {
	struct sqs_value at[SQS_BATCH];
	size_t count, bytes;
};

/* A message on its way in. */
struct sqs_message {
	uint8_t uuid[SQS_UUID];
	uint8_t md5[DIGEST_MD5];
	const char *body;
	size_t body_len;
	const char *attributes; /* JSON, or NULL */
	const char *trace, *group, *dedup, *source;
	int64_t sent_at, delay_ms;
	int64_t bytes;    /* body and attributes */
	int64_t carried;  /* receives in the queue it came from */
	int64_t first_at; /* 0: never received */
};

/* What is known of a message that is not fresh. */
struct sqs_state {
	bool hidden, returned;
	int64_t visible_at, received, first_at, last_at;
};

/* What a receipt handle says; id 0: of a message that a purge removed. */
struct sqs_receipt {
	int64_t id, received, at_ms;
};

/* sqs.c */
extern const struct api_error sqs_errors[];
void sqs_begin(struct sqs_call *c, struct request *r);
/* Write the depths that changed; returns answer. */
int sqs_end(struct sqs_call *c, int answer);
int sqs_refuse(struct sqs_refusal *why, int status, const char *code,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* "Value … for parameter NAME is invalid. Reason: …" */
int sqs_refuse_value(struct sqs_refusal *why, const char *value,
    const char *name, const char *reason);
/* fail() with why, which is cleared. */
int sqs_fail(struct request *r, struct sqs_refusal *why);
const char *sqs_entry_code(const char *code);
/* Many members of an object in one pass; null counts as absent. The table
 * ends with a zeroed row. */
struct sqs_field {
	const char *name;
	struct json *to;
};
void sqs_fields(struct json object, const struct sqs_field *field);
/* A string or the source of a number; NULL when it is neither. */
const char *sqs_text(struct request *r, struct json v, size_t *len);
/* -1: it is no whole number within [low, high]. */
int sqs_number(struct json v, int64_t low, int64_t high, int64_t *out);
void sqs_tick_from(int64_t now_ms);

/* sqs_queue.c */
struct sqs_queue *sqs_queue_find(
    struct sqs_call *c, const char *region, const char *name);
struct sqs_queue *sqs_queue_of_arn(struct sqs_call *c, const char *arn);
struct sqs_queue *sqs_queue_of_id(struct sqs_call *c, int64_t id);
/* The queue that the request names; NULL after fail(). */
struct sqs_queue *sqs_queue_of(
    struct sqs_call *c, struct request *r, struct json url);
struct sqs_queue *sqs_queue_asked(struct sqs_call *c, struct request *r);
int sqs_queue_missing(struct request *r);
char *sqs_queue_arn(struct request *r, const struct sqs_queue *q);
char *sqs_queue_url(struct request *r, const char *name);
void sqs_queue_stale(struct sqs_queue *q);
/* Forget everything: the store is another one. */
void sqs_queue_forget(void);
struct sqs_depth *sqs_queue_depth(struct sqs_call *c, struct sqs_queue *q);
void sqs_queue_save(struct sqs_call *c);
void sqs_queue_used(struct sqs_call *c, struct sqs_queue *q);
/* Parked receives: wake them when a message becomes visible. */
void sqs_queue_wait(struct sqs_queue *q, int64_t wake_at);
void sqs_queue_wake(struct sqs_call *c, struct sqs_queue *q);
int64_t sqs_queue_due(void);
void sqs_queue_run_due(struct sqs_call *c);
void sqs_queue_key(const struct sqs_queue *q, char out[static 32]);

/* sqs_admin.c */
int sqs_create_queue(struct request *r);
int sqs_delete_queue(struct request *r);
int sqs_get_queue_url(struct request *r);
int sqs_list_queues(struct request *r);
int sqs_list_sources(struct request *r);
int sqs_purge_queue(struct request *r);
int sqs_tag_queue(struct request *r);
int sqs_untag_queue(struct request *r);
int sqs_list_tags(struct request *r);
void sqs_tags_set(struct sqs_call *c, struct request *r, struct sqs_queue *q,
    struct json tags);

/* sqs_attribute.c */
/* Check all of attributes for a queue of that kind. */
int sqs_attribute_check(struct sqs_call *c, struct request *r,
    const struct sqs_queue *q, struct json attributes, struct sqs_refusal *why);
void sqs_attribute_set(struct sqs_call *c, struct request *r,
    const struct sqs_queue *q, struct json attributes);
void sqs_attribute_defaults(struct sqs_call *c, const struct sqs_queue *q);
/* The first of attributes that the queue has otherwise, or NULL. */
const char *sqs_attribute_differs(struct sqs_call *c, struct request *r,
    const struct sqs_queue *q, struct json attributes);
void sqs_attribute_put(
    struct sqs_call *c, int64_t queue, const char *name, const char *value);
int sqs_get_attributes(struct request *r);
int sqs_set_attributes(struct request *r);

/* sqs_redrive.c */
struct sqs_redrive {
	char *target;
	int64_t max_receives;
};
/* target is allocated for the request. */
int sqs_redrive_read(struct sqs_call *c, struct request *r,
    const struct sqs_queue *q, const char *policy, struct sqs_redrive *out,
    struct sqs_refusal *why);
int sqs_redrive_allow_check(
    struct request *r, const char *policy, struct sqs_refusal *why);

/* sqs_policy.c */
int sqs_add_permission(struct request *r);
int sqs_remove_permission(struct request *r);

/* sqs_value.c */
/* object: MessageAttributes (or MessageSystemAttributes). */
int sqs_values_read(struct request *r, struct json object, bool system,
    struct sqs_values *out, struct sqs_refusal *why);
void sqs_values_md5(
    const struct sqs_values *v, char hex[static 2 * DIGEST_MD5 + 1]);
void sqs_values_json(const struct sqs_values *v, struct buf *out);
/* Keep those that one of names (JSON array) asks for. */
void sqs_values_select(
    struct request *r, struct sqs_values *v, struct json names);
/* -1: a character that XML 1.0 does not allow; bad says which. */
int sqs_characters(const char *text, size_t len, char bad[static 16]);

/* sqs_message.c */
void sqs_uuid_text(const uint8_t uuid[static SQS_UUID], char out[static 37]);
/* Returns its id. */
int64_t sqs_message_put(
    struct sqs_call *c, struct sqs_queue *q, const struct sqs_message *m);
/* Bring the queue up to the hour: what ended is visible, the old is gone. */
void sqs_message_settle(struct sqs_call *c, struct sqs_queue *q);
bool sqs_message_exists(struct sqs_call *c, int64_t id);
bool sqs_message_expired(
    struct sqs_call *c, const struct sqs_queue *q, int64_t id);
void sqs_message_state(struct sqs_call *c, int64_t id, struct sqs_state *out);
void sqs_message_remove(struct sqs_call *c, struct sqs_queue *q, int64_t id);
/* Hide for timeout_ms a message whose state is given; it is received. */
void sqs_message_take(struct sqs_call *c, struct sqs_queue *q, int64_t id,
    struct sqs_state *state, int64_t timeout_ms);
/* A hidden message: end it at now + timeout_ms instead. */
void sqs_message_extend(struct sqs_call *c, struct sqs_queue *q, int64_t id,
    const struct sqs_state *state, int64_t timeout_ms);
/* Up to max visible ids in order. */
size_t sqs_message_visible(
    struct sqs_call *c, struct sqs_queue *q, int64_t *ids, size_t max);
/* To another queue: as a dead letter, or (anew) as a new message. */
void sqs_message_move(struct sqs_call *c, struct sqs_queue *from, int64_t id,
    struct sqs_queue *to, bool anew, const char *source);
int64_t sqs_message_oldest(struct sqs_call *c, const struct sqs_queue *q);

/* sqs_fifo.c */
/* Is it a duplicate? Then id and uuid are the first one's. */
bool sqs_fifo_duplicate(struct sqs_call *c, const struct sqs_queue *q,
    struct sqs_message *m, int64_t *id);
void sqs_fifo_remember(struct sqs_call *c, const struct sqs_queue *q,
    const struct sqs_message *m, int64_t id);
void sqs_fifo_join(struct sqs_call *c, struct sqs_queue *q, int64_t id,
    const char *group, bool visible);
void sqs_fifo_leave(struct sqs_call *c, struct sqs_queue *q, int64_t id);
/* Its state changed: is its group available? */
void sqs_fifo_changed(struct sqs_call *c, struct sqs_queue *q, int64_t id);
/* The available group whose turn is next and before `until`; 0: none. */
int64_t sqs_fifo_group(
    struct sqs_call *c, const struct sqs_queue *q, int64_t until);
/* The first message of group after `after` when it is visible; else 0. */
int64_t sqs_fifo_first(struct sqs_call *c, int64_t group, int64_t after);
/* A receive is done with group: its turn ends. */
void sqs_fifo_served(struct sqs_call *c, struct sqs_queue *q, int64_t group);
/* ReceiveRequestAttemptId: what it received before. */
size_t sqs_fifo_attempt(struct sqs_call *c, const struct sqs_queue *q,
    const char *attempt, int64_t *ids, struct sqs_state *states);
void sqs_fifo_attempted(struct sqs_call *c, const struct sqs_queue *q,
    const char *attempt, const int64_t *ids, const struct sqs_state *states,
    size_t count);

/* sqs_send.c */
int sqs_send_message(struct request *r);
int sqs_send_batch(struct request *r);

/* sqs_receive.c */
int sqs_receive_message(struct request *r);

/* sqs_receipt.c */
void sqs_receipt_text(const struct sqs_receipt *receipt, struct buf *out);
int sqs_delete_message(struct request *r);
int sqs_delete_batch(struct request *r);
int sqs_change_visibility(struct request *r);
int sqs_change_batch(struct request *r);

/* sqs_batch.c */
struct sqs_entry {
	struct json all;
	const char *id_text;
};
/* The entries of a batch, checked as a whole. -1 after fail(). */
int sqs_batch_read(
    struct request *r, struct sqs_entry entry[static SQS_BATCH], size_t *count);
/* Failed[] of a batch, gathered while Successful[] is written. */
void sqs_batch_failed(
    struct buf *failed, const struct sqs_entry *e, struct sqs_refusal *why);
void sqs_batch_end(struct request *r, struct buf *failed);

/* sqs_move.c */
int sqs_start_move(struct request *r);
int sqs_cancel_move(struct request *r);
int sqs_list_moves(struct request *r);
int64_t sqs_move_due(struct sqs_call *c);
void sqs_move_run_due(struct sqs_call *c);
void sqs_move_forget(void);

/* sqs_sweep.c */
/* Empty the queue; its id is another one then. */
void sqs_sweep_purge(struct sqs_call *c, struct sqs_queue *q);
/* The queue's row goes: let its messages go after it. */
void sqs_sweep_delete(struct sqs_call *c, const struct sqs_queue *q);
/* Had the queue this id before it was purged? */
bool sqs_sweep_former(
    struct sqs_call *c, const struct sqs_queue *q, int64_t id);
int64_t sqs_sweep_due(struct sqs_call *c);
void sqs_sweep_run_due(struct sqs_call *c);
void sqs_sweep_forget(void);

/* sqs_metric.c */
void sqs_metric_minute(struct sqs_call *c, int64_t minute_ms);
bool sqs_metric_active(struct sqs_call *c);

#endif
