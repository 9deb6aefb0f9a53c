/*
 * Tags, of streams and of their consumers.
 */
#include <string.h>

#include "kinesis.h"

#define TAGS_MAX 50
#define LISTED 50

static size_t
characters(const char *text)
{
	size_t n = 0;
	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static int
check(struct request *r, const char *key, const char *value)
{
	size_t n = key == NULL ? 0 : characters(key);
	if (n >= 1 && n <= 128 && (value == NULL || characters(value) <= 256))
		return 0;
	return kinesis_constraint(r, "tags",
	    request_format(r, "{%s=%s}", key == NULL ? "" : key,
		value == NULL ? "" : value),
	    n >= 1 && n <= 128
		? "Map value must satisfy constraint: [Member must have length "
		  "less than or equal to 256, Member must have length greater "
		  "than or equal to 0]"
		: "Map keys must satisfy constraint: [Member must have length "
		  "less than or equal to 128, Member must have length greater "
		  "than or equal to 1]");
}

int
kinesis_tags_put(
    struct request *r, int64_t stream, const char *consumer, struct json tags)
{
	struct json_iter it;
	struct json name, v;
	const char *who = consumer == NULL ? "" : consumer;
	json_members(tags, &it);
	while (json_next(&it, &name, &v)) {
		const char *key = param_text(r, name, NULL);
		const char *value = param_text(r, v, NULL);
		if (check(r, key, value) < 0)
			return -1;
		store_do(r->store,
		    "INSERT OR REPLACE INTO kinesis_tag"
		    " (stream, consumer, name, value) VALUES (?, ?, ?, ?)",
		    "ittt", stream, who, key, value == NULL ? "" : value);
	}
	if (store_number(r->store, 0,
		"SELECT count(*) FROM kinesis_tag"
		" WHERE stream = ? AND consumer = ?",
		"it", stream, who) <= TAGS_MAX)
		return 0;
	return fail(r, 400, "InvalidArgumentException",
	    "A stream or a consumer cannot have more than %d tags.", TAGS_MAX);
}

static int
drop(struct request *r, const struct kinesis_resource *t)
{
	struct json list = param_json(r, "TagKeys"), one;
	struct json_iter it;
	if (list.type != JSON_ARRAY || json_count(list) == 0)
		return kinesis_required(r, "TagKeys");
	json_each(list, &it);
	while (json_next(&it, NULL, &one)) {
		const char *key = param_text(r, one, NULL);
		store_do(r->store,
		    "DELETE FROM kinesis_tag"
		    " WHERE stream = ? AND consumer = ? AND name = ?",
		    "itt", t->stream, t->consumer, key == NULL ? "" : key);
	}
	return 0;
}

/* true: there are more than `most`. */
static bool
put_tags(struct request *r, const struct kinesis_resource *t, const char *after,
    int64_t most)
{
	bool more = false;
	put_open(r->out, "Tags", '[');
	sqlite3_stmt *q = store_query(r->store,
	    "SELECT name, value FROM kinesis_tag"
	    " WHERE stream = ? AND consumer = ? AND name > ? ORDER BY name",
	    "itt", t->stream, t->consumer, after == NULL ? "" : after);
	while (!more && store_next(q)) {
		more = most-- == 0;
		if (more)
			break;
		put_open(r->out, NULL, '{');
		put_text(r->out, "Key", store_text(q, 0));
		put_text(r->out, "Value", store_text(q, 1));
		put_close(r->out, '}');
	}
	store_end(q);
	put_close(r->out, ']');
	return more;
}

static int
stream_asked(struct request *r, struct kinesis_resource *t)
{
	const struct kinesis_stream *s = kinesis_stream_asked(r);
	if (s == NULL)
		return -1;
	*t = (struct kinesis_resource){s->id, ""};
	return 0;
}

static int
put_asked(struct request *r, const struct kinesis_resource *t)
{
	struct json tags = param_json(r, "Tags");
	if (json_count(tags) == 0)
		return kinesis_required(r, "Tags");
	return kinesis_tags_put(r, t->stream, t->consumer, tags);
}

int
kinesis_tag_stream(struct request *r)
{
	struct kinesis_resource t;
	return stream_asked(r, &t) < 0 ? ANSWER_ERROR : put_asked(r, &t);
}

int
kinesis_untag_stream(struct request *r)
{
	struct kinesis_resource t;
	return stream_asked(r, &t) < 0 ? ANSWER_ERROR : drop(r, &t);
}

int
kinesis_list_stream_tags(struct request *r)
{
	bool bad = false;
	struct kinesis_resource t;
	if (stream_asked(r, &t) < 0)
		return ANSWER_ERROR;
	int64_t most = kinesis_integer(r, "Limit", 1, 50, LISTED, &bad);
	if (bad)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_bool(r->out, "HasMoreTags",
	    put_tags(r, &t, param(r, "ExclusiveStartTagKey"), most));
	put_close(r->out, '}');
	return ANSWER;
}

int
kinesis_tag_resource(struct request *r)
{
	struct kinesis_resource t;
	return kinesis_resource_asked(r, &t) < 0 ? ANSWER_ERROR
						 : put_asked(r, &t);
}

int
kinesis_untag_resource(struct request *r)
{
	struct kinesis_resource t;
	return kinesis_resource_asked(r, &t) < 0 ? ANSWER_ERROR : drop(r, &t);
}

int
kinesis_list_resource_tags(struct request *r)
{
	struct kinesis_resource t;
	if (kinesis_resource_asked(r, &t) < 0)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_tags(r, &t, NULL, INT64_MAX);
	put_close(r->out, '}');
	return ANSWER;
}
