#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "shards_inner.h"
#include "text.h"

struct shard *
shards_find(const struct shards *s, const char *id, size_t len)
{
	for (size_t i = 0; i < s->count; i++)
		if (strlen(s->shard[i]->id) == len &&
		    memcmp(s->shard[i]->id, id, len) == 0)
			return s->shard[i];
	return NULL;
}

static struct shard *
named(const struct shards *s, const char *id)
{
	return id == NULL ? NULL : shards_find(s, id, strlen(id));
}

void
shards_free_one(struct shard *shard)
{
	free(shard->id);
	free(shard->parent);
	free(shard->parent2);
	free(shard->iterator);
	free(shard->sequence);
	call_clear(&shard->call);
	buf_clear(&shard->body);
	free(shard);
}

/* It goes into JSON, and into the file of positions, as it is. */
static bool
is_id(struct json v)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	for (size_t i = 1; v.type == JSON_STRING && i + 1 < v.len; i++)
		if (memchr(good, v.at[i], sizeof(good) - 1) == NULL)
			return false;
	return v.type == JSON_STRING && v.len > 2;
}

/* Takes over its ids; what is known already is not added. */
static struct shard *
add(struct shards *s, char *id, char *parent, char *parent2)
{
	if (id == NULL || shards_find(s, id, strlen(id)) != NULL) {
		free(id);
		free(parent);
		free(parent2);
		return NULL;
	}
	if (s->count == s->cap) {
		s->cap = s->cap == 0 ? 8 : s->cap * 2;
		s->shard = mem_grow(s->shard, s->cap, sizeof(*s->shard));
	}
	struct shard *new = mem_alloc(sizeof(*new));
	*new = (struct shard){.id = id,
	    .parent = parent,
	    .parent2 = parent2,
	    .from = s->about.from == SHARDS_TIME ? SHARDS_TIME : SHARDS_HORIZON,
	    .since_ms = s->about.from_ms,
	    .sub = -1,
	    .behind_ms = -1};
	s->shard[s->count++] = new;
	return new;
}

static void
read_hash(struct json range, const char *name, struct hash_key *out)
{
	struct json v = json_get(range, name);
	if (v.type == JSON_STRING)
		hash_key_parse(v.at + 1, v.len - 2, out);
}

static void
set_range(struct shard *shard, struct json v)
{
	struct json range = json_get(v, "HashKeyRange");
	shard->low = (struct hash_key){0, 1};
	read_hash(range, "StartingHashKey", &shard->low);
	read_hash(range, "EndingHashKey", &shard->high);
}

/* Add the shards of one page; *next: the token of the one after it. */
static int
read_page(
    struct shards *s, const struct call *call, char **next, struct err *err)
{
	struct json reply, list, v;
	struct json_iter it;
	if (json_scan(buf_text(&call->reply), call->reply.len, &reply, NULL) !=
		0 ||
	    (list = json_get(reply, "Shards")).type != JSON_ARRAY)
		return err_set(err, ERR_LATER, "InvalidReply",
		    "kinesis:ListShards answered without Shards");
	json_each(list, &it);
	while (json_next(&it, NULL, &v)) {
		if (!is_id(json_get(v, "ShardId")))
			return err_set(err, ERR_LATER, "InvalidReply",
			    "kinesis:ListShards answered with a shard without "
			    "a ShardId");
		struct shard *new = add(s, json_dup(json_get(v, "ShardId")),
		    json_dup(json_get(v, "ParentShardId")),
		    json_dup(json_get(v, "AdjacentParentShardId")));
		if (new == NULL)
			continue;
		set_range(new, v);
		new->closed = json_get(json_get(v, "SequenceNumberRange"),
				  "EndingSequenceNumber")
				  .type == JSON_STRING;
	}
	*next = json_dup(json_get(reply, "NextToken"));
	return 0;
}

int
shards_list(struct shards *s, struct err *err)
{
	struct buf body = {0};
	char *next = NULL;
	int r;
	do {
		buf_reset(&body);
		buf_add_char(&body, '{');
		if (next == NULL)
			buf_add_text(&body, s->about.stream);
		else
			text_json_member("NextToken", next, &body);
		buf_add_char(&body, '}');
		free(next);
		next = NULL;
		struct call call = {.service = service_find("kinesis"),
		    .operation = "ListShards",
		    .body = body.data,
		    .body_len = body.len};
		r = call_run(s->caller, &call, err);
		if (r == 0)
			r = read_page(s, &call, &next, err);
		call_clear(&call);
	} while (r == 0 && next != NULL);
	buf_clear(&body);
	return r;
}

bool
shards_add_children(struct shards *s, struct json reply)
{
	struct json list = json_get(reply, "ChildShards"), v;
	struct json_iter it;
	json_each(list, &it);
	while (json_next(&it, NULL, &v)) {
		struct json parents = json_get(v, "ParentShards");
		if (!is_id(json_get(v, "ShardId")))
			return false; /* the list has to say */
		struct shard *new = add(s, json_dup(json_get(v, "ShardId")),
		    json_dup(json_at(parents, 0)),
		    json_dup(json_at(parents, 1)));
		if (new != NULL)
			set_range(new, v);
	}
	return json_count(list) > 0;
}

static const struct position *
position_of(const struct shards *s, const struct shard *shard)
{
	return position_find(s->about.positions, shard->id, strlen(shard->id));
}

static int
look(struct shards *s, struct shard *shard)
{
	const char *const of[] = {shard->parent, shard->parent2};
	if (shard->looked != SHARD_UNSEEN)
		return shard->looked == SHARD_SEEN ? 0 : -1;
	shard->looked = SHARD_LOOKING;
	for (size_t i = 0; i < 2; i++) {
		struct shard *parent = named(s, of[i]);
		if (parent != NULL && look(s, parent) != 0)
			return -1;
		/* One whose records have expired is no longer in the list. */
		shard->follows |= parent != NULL && parent->follows;
		shard->follows |=
		    of[i] != NULL && position_find(s->about.positions, of[i],
					 strlen(of[i])) != NULL;
	}
	shard->looked = SHARD_SEEN;
	return 0;
}

int
shards_check(struct shards *s, struct err *err)
{
	for (size_t i = 0; i < s->count; i++)
		s->shard[i]->looked = SHARD_UNSEEN;
	for (size_t i = 0; i < s->count; i++)
		if (look(s, s->shard[i]) != 0)
			return err_set(err, ERR_LATER, "InvalidReply",
			    "kinesis answered with a shard, %s, that descends "
			    "from itself",
			    s->shard[i]->id);
	return 0;
}

/* What it came of was read. */
static void
mark_read(struct shards *s, const struct shard *shard)
{
	const char *const of[] = {shard->parent, shard->parent2};
	for (size_t i = 0; i < 2; i++) {
		struct shard *parent = named(s, of[i]);
		if (parent == NULL || parent->was_read)
			continue;
		parent->was_read = true;
		mark_read(s, parent);
	}
}

static void
begin(struct shards *s, struct shard *shard)
{
	const struct position *at = position_of(s, shard);
	shard->state = SHARD_WAITS;
	shard->from = s->about.from;
	if (at != NULL && at->sequence != NULL) {
		shard->sequence = mem_text(at->sequence);
		shard->sub = at->sub;
	} else if (at != NULL) {
		shard->from = SHARDS_TIME;
		shard->since_ms = at->since_ms;
	} else if (shard->was_read) {
		shard->state = SHARD_ENDED;
	} else if (shard->follows) {
		shard->from = SHARDS_HORIZON;
	} else if (s->about.from == SHARDS_LATEST && shard->closed) {
		shard->state = SHARD_ENDED;
	}
}

void
shards_begin(struct shards *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (position_of(s, s->shard[i]) != NULL)
			mark_read(s, s->shard[i]);
	for (size_t i = 0; i < s->count; i++)
		begin(s, s->shard[i]);
	shards_wake(s);
}

static bool
has_ended(const struct shards *s, const char *id)
{
	const struct shard *shard = named(s, id);
	return shard == NULL ||
	       (shard->state == SHARD_ENDED && !shard->unsettled);
}

void
shards_wake(struct shards *s)
{
	s->wake = false;
	for (size_t i = 0; i < s->count; i++) {
		struct shard *shard = s->shard[i];
		if (shard->state != SHARD_WAITS ||
		    !has_ended(s, shard->parent) ||
		    !has_ended(s, shard->parent2))
			continue;
		shard->state = SHARD_READY;
		s->changed = true;
	}
}
