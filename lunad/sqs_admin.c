/*
 * SQS: create, delete, name, list, purge and tag queues.
 */
#include <ctype.h>
#include <string.h>

#include "mem.h"
#include "sqs_private.h"
#include "text.h"

#define MINUTE_MS 60000
#define LIST_MAX 1000

static bool
name_valid(const char *name, bool fifo)
{
	size_t len = strlen(name);
	static const char suffix[] = ".fifo";

	if (len < 1 || len > 80)
		return false;
	if (fifo) {
		if (len <= sizeof suffix - 1)
			return false;
		len -= sizeof suffix - 1;
		if (strcmp(name + len, suffix) != 0)
			return false;
	}
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '-' &&
		    name[i] != '_')
			return false;
	return true;
}

/* "" when it was there and is right; else fails. */
static int
create_again(struct sqs_call *c, struct request *r, const struct sqs_queue *q,
    struct json attributes)
{
	const char *name = sqs_attribute_differs(c, r, q, attributes);

	if (name)
		return fail(r, 400, "QueueNameExists",
		    "A queue already exists with the same name and a different "
		    "value for attribute %s",
		    name);
	return ANSWER;
}

static int
create_new(struct sqs_call *c, struct request *r, struct sqs_queue *like,
    struct json attributes, struct json tags)
{
	struct sqs_refusal why = {0};
	struct sqs_queue *q;

	if (!name_valid(like->name, like->fifo))
		return fail(r, 400, "InvalidParameterValueException",
		    like->fifo ? "The name of a FIFO queue can only include "
				 "alphanumeric characters, hyphens, or "
				 "underscores, must end with .fifo suffix and "
				 "be 1 to 80 in length."
			       : "Can only include alphanumeric characters, "
				 "hyphens, or underscores. 1 to 80 in length");
	if (sqs_attribute_check(c, r, like, attributes, &why) != 0)
		return sqs_fail(r, &why);
	if (store_number(c->store, 0,
		"SELECT 1 FROM sqs_deleted WHERE region = ? AND name = ?"
		" AND at > ?",
		"tti", r->region, like->name, c->now_ms - MINUTE_MS))
		return fail(r, 400, "QueueDeletedRecently",
		    "You must wait 60 seconds after deleting a queue before "
		    "you can create another with the same name.");
	store_do(c->store,
	    "INSERT INTO sqs_queue(region, name, fifo, created_at, modified_at)"
	    " VALUES(?, ?, ?, ?, ?)",
	    "ttiii", r->region, like->name, (int64_t)like->fifo, c->now_ms,
	    c->now_ms);
	like->id = store_last_id(c->store);
	store_do(c->store,
	    "INSERT INTO sqs_depth VALUES"
	    "(?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
	    "i", like->id);
	sqs_attribute_defaults(c, like);
	sqs_attribute_set(c, r, like, attributes);
	q = sqs_queue_find(c, r->region, like->name);
	if (q) {
		sqs_tags_set(c, r, q, tags);
		sqs_queue_used(c, q);
	}
	return ANSWER;
}

static int
create(struct sqs_call *c, struct request *r)
{
	struct json name, attributes, tags, small;
	const struct sqs_field fields[] = {{"QueueName", &name},
	    {"Attributes", &attributes}, {"Tags", &tags}, {"tags", &small},
	    {0}};
	struct sqs_queue like = {0}, *q;
	const char *text;
	int answer;

	sqs_fields(r->in, fields);
	text = sqs_text(r, name, NULL);
	if (!text)
		return fail(r, 400, "MissingRequiredParameterException",
		    "The request must contain the parameter QueueName.");
	like.region = (char *)(uintptr_t)r->region;
	like.name = (char *)(uintptr_t)text;
	like.fifo = json_true(json_get(attributes, "FifoQueue"));
	q = sqs_queue_find(c, r->region, text);
	answer = q ? create_again(c, r, q, attributes)
		   : create_new(c, r, &like, attributes,
			 tags.type == JSON_NONE ? small : tags);
	if (answer != ANSWER)
		return answer;
	put_open(r->out, NULL, '{');
	put_text(r->out, "QueueUrl", sqs_queue_url(r, text));
	put_close(r->out, '}');
	return ANSWER;
}

int
sqs_create_queue(struct request *r)
{
	struct sqs_call c;

	sqs_begin(&c, r);
	return sqs_end(&c, create(&c, r));
}

int
sqs_delete_queue(struct request *r)
{
	struct sqs_call c;
	struct sqs_queue *q;
	int64_t id;

	sqs_begin(&c, r);
	q = sqs_queue_asked(&c, r);
	if (!q)
		return ANSWER_ERROR;
	id = q->id;
	sqs_sweep_delete(&c, q);
	sqs_queue_save(&c);
	store_do(c.store, "DELETE FROM sqs_depth WHERE queue = ?", "i", id);
	store_do(c.store, "DELETE FROM sqs_attribute WHERE queue = ?", "i", id);
	store_do(c.store, "DELETE FROM sqs_tag WHERE queue = ?", "i", id);
	store_do(c.store, "DELETE FROM sqs_queue WHERE id = ?", "i", id);
	store_do(c.store, "INSERT OR REPLACE INTO sqs_deleted VALUES(?, ?, ?)",
	    "tti", q->region, q->name, c.now_ms);
	sqs_queue_stale(q);
	sqs_queue_wake(&c, q);
	return sqs_end(&c, ANSWER);
}

int
sqs_get_queue_url(struct request *r)
{
	struct sqs_call c;
	const char *name = param(r, "QueueName");
	const char *owner = param(r, "QueueOwnerAWSAccountId");

	sqs_begin(&c, r);
	if (!name)
		return fail(r, 400, "MissingRequiredParameterException",
		    "The request must contain the parameter QueueName.");
	if ((owner && strcmp(owner, LUNAD_ACCOUNT) != 0) ||
	    !sqs_queue_find(&c, r->region, name))
		return sqs_queue_missing(r);
	put_open(r->out, NULL, '{');
	put_text(r->out, "QueueUrl", sqs_queue_url(r, name));
	put_close(r->out, '}');
	return ANSWER;
}

/* A page's size and where it begins: after the name in the token. */
static int
page_of(struct request *r, int64_t *max, const char **after)
{
	struct json size = param_json(r, "MaxResults");
	const char *token = param(r, "NextToken");
	struct buf name = {0};

	*max = LIST_MAX;
	*after = "";
	if (size.type != JSON_NONE && size.type != JSON_NULL &&
	    sqs_number(size, 1, LIST_MAX, max) != 0)
		return fail(r, 400, "InvalidParameterValueException",
		    "Value for parameter MaxResults is invalid. Reason: "
		    "MaxResults must be an integer between 1 and 1000.");
	if (!token)
		return ANSWER;
	if (text_unbase64(token, strlen(token), &name) != 0) {
		buf_clear(&name);
		return fail(r, 400, "InvalidParameterValueException",
		    "Invalid or expired next token.");
	}
	*after = request_format(r, "%s", buf_text(&name));
	buf_clear(&name);
	return ANSWER;
}

/* Write the names that row yields as URLs; one more than max makes a token. */
static void
put_urls(struct request *r, const char *member, sqlite3_stmt *row, int64_t max)
{
	struct buf last = {0}, token = {0};
	int64_t count = 0;

	put_open(r->out, NULL, '{');
	while (store_next(row)) {
		if (count == max) {
			text_base64(buf_text(&last), last.len, &token);
			break;
		}
		if (count++ == 0)
			put_open(r->out, member, '[');
		put_text(r->out, NULL, sqs_queue_url(r, store_text(row, 0)));
		buf_reset(&last);
		buf_add_text(&last, store_text(row, 0));
	}
	store_end(row);
	if (count)
		put_close(r->out, ']');
	if (token.len)
		put_text(r->out, "NextToken", buf_text(&token));
	put_close(r->out, '}');
	buf_clear(&last);
	buf_clear(&token);
}

int
sqs_list_queues(struct request *r)
{
	const char *prefix = param(r, "QueueNamePrefix"), *after;
	int64_t max;

	if (page_of(r, &max, &after) != ANSWER)
		return ANSWER_ERROR;
	if (!prefix)
		prefix = "";
	put_urls(r, "QueueUrls",
	    store_query(r->store,
		"SELECT name FROM sqs_queue WHERE region = ?1 AND name > ?2"
		" AND substr(name, 1, length(?3)) = ?3 ORDER BY name LIMIT ?4",
		"ttti", r->region, after, prefix, max + 1),
	    max);
	return ANSWER;
}

int
sqs_list_sources(struct request *r)
{
	struct sqs_call c;
	struct sqs_queue *q;
	const char *after;
	int64_t max;

	sqs_begin(&c, r);
	q = sqs_queue_asked(&c, r);
	if (!q || page_of(r, &max, &after) != ANSWER)
		return ANSWER_ERROR;
	put_urls(r, "queueUrls",
	    store_query(r->store,
		"SELECT name FROM sqs_queue WHERE dead_letter = ? AND name > ?"
		" ORDER BY name LIMIT ?",
		"tti", sqs_queue_arn(r, q), after, max + 1),
	    max);
	return ANSWER;
}

int
sqs_purge_queue(struct request *r)
{
	struct sqs_call c;
	struct sqs_queue *q;

	sqs_begin(&c, r);
	q = sqs_queue_asked(&c, r);
	if (!q)
		return ANSWER_ERROR;
	if (q->purged_at && c.now_ms < q->purged_at + MINUTE_MS)
		return fail(r, 403, "PurgeQueueInProgress",
		    "Only one PurgeQueue operation on %s is allowed every 60 "
		    "seconds.",
		    q->name);
	sqs_sweep_purge(&c, q);
	sqs_queue_used(&c, q);
	store_do(c.store, "UPDATE sqs_queue SET purged_at = ? WHERE id = ?",
	    "ii", c.now_ms, q->id);
	q->purged_at = c.now_ms;
	return sqs_end(&c, ANSWER);
}

void
sqs_tags_set(struct sqs_call *c, struct request *r, struct sqs_queue *q,
    struct json tags)
{
	struct json_iter it;
	struct json key, value;

	if (tags.type != JSON_OBJECT)
		return;
	json_each(tags, &it);
	while (json_next(&it, &key, &value))
		store_do(c->store,
		    "INSERT OR REPLACE INTO sqs_tag VALUES(?, ?, ?)", "itt",
		    q->id, param_text(r, key, NULL), sqs_text(r, value, NULL));
}

int
sqs_tag_queue(struct request *r)
{
	struct sqs_call c;
	struct json url, tags, small;
	const struct sqs_field fields[] = {
	    {"QueueUrl", &url}, {"Tags", &tags}, {"tags", &small}, {0}};
	struct sqs_queue *q;

	sqs_begin(&c, r);
	sqs_fields(r->in, fields);
	q = sqs_queue_of(&c, r, url);
	if (!q)
		return ANSWER_ERROR;
	if (tags.type == JSON_NONE)
		tags = small;
	if (json_count(tags) == 0)
		return fail(r, 400, "MissingRequiredParameterException",
		    "The request must contain the parameter Tags.");
	sqs_tags_set(&c, r, q, tags);
	if (store_number(c.store, 0,
		"SELECT count(*) FROM sqs_tag WHERE queue = ?", "i",
		q->id) > 50)
		return fail(r, 400, "InvalidParameterValueException",
		    "Too many tags added for queue %s.", q->name);
	return sqs_end(&c, ANSWER);
}

int
sqs_untag_queue(struct request *r)
{
	struct sqs_call c;
	struct json keys = param_json(r, "TagKeys"), key;
	struct json_iter it;
	struct sqs_queue *q;

	sqs_begin(&c, r);
	q = sqs_queue_asked(&c, r);
	if (!q)
		return ANSWER_ERROR;
	if (json_count(keys) == 0)
		return fail(r, 400, "InvalidParameterValueException",
		    "Tag keys must be between 1 and 128 characters in length.");
	json_each(keys, &it);
	while (json_next(&it, NULL, &key))
		store_do(c.store,
		    "DELETE FROM sqs_tag WHERE queue = ? AND name = ?", "it",
		    q->id, sqs_text(r, key, NULL));
	return sqs_end(&c, ANSWER);
}

int
sqs_list_tags(struct request *r)
{
	struct sqs_call c;
	struct sqs_queue *q;
	sqlite3_stmt *row;
	bool any = false;

	sqs_begin(&c, r);
	q = sqs_queue_asked(&c, r);
	if (!q)
		return ANSWER_ERROR;
	row = store_query(c.store,
	    "SELECT name, value FROM sqs_tag WHERE queue = ? ORDER BY name",
	    "i", q->id);
	put_open(r->out, NULL, '{');
	while (store_next(row)) {
		if (!any)
			put_open(r->out, "Tags", '{');
		any = true;
		put_text(r->out, store_text(row, 0), store_text(row, 1));
	}
	store_end(row);
	if (any)
		put_close(r->out, '}');
	put_close(r->out, '}');
	return ANSWER;
}
