#include "position.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "mem.h"
#include "text.h"

enum { MAX_FILE = 64 << 20 };

const struct position *
position_find(const struct positions *p, const char *shard, size_t len)
{
	size_t at;
	if (!lookup_get(&p->by_shard, batch_hash(shard, len), &at))
		return NULL;
	return &p->position[at];
}

static void
drop(struct position *p)
{
	free(p->shard);
	free(p->sequence);
	free(p->carry);
}

void
position_clear(struct positions *p)
{
	for (size_t i = 0; i < p->count; i++)
		drop(&p->position[i]);
	free(p->position);
	free(p->stream);
	lookup_clear(&p->by_shard);
	*p = (struct positions){0};
}

/* Decimal numbers of any length, as memcmp does. */
static int
compare_digits(const char *a, const char *b)
{
	a += strspn(a, "0");
	b += strspn(b, "0");
	size_t a_len = strlen(a), b_len = strlen(b);
	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return strcmp(a, b);
}

int
position_compare(const struct position *a, const struct position *b)
{
	if (a->sequence == NULL || b->sequence == NULL)
		return (a->sequence != NULL) - (b->sequence != NULL);
	int order = compare_digits(a->sequence, b->sequence);
	if (order != 0 || a->sub == b->sub)
		return order;
	if (a->sub < 0 || b->sub < 0) /* none: past all there are */
		return a->sub < 0 ? 1 : -1;
	return a->sub < b->sub ? -1 : 1;
}

static bool
is_number(const char *text)
{
	return text != NULL && text[0] != '\0' &&
	       text[strspn(text, "0123456789")] == '\0';
}

/* {"Timestamp":T}, in ISO 8601. */
static bool
is_time(struct json v, int64_t *ms)
{
	struct json time = json_get(v, "Timestamp");
	return time.type == JSON_STRING &&
	       text_time(time.at + 1, time.len - 2, ms) == 0;
}

/* SequenceNumber, SubSequenceNumber and Carry of v; or Timestamp. */
static int
read_position(struct json v, struct position *out)
{
	struct json sub = json_get(v, "SubSequenceNumber");
	struct json carry = json_get(v, "Carry");
	*out = (struct position){.sub = -1};
	if (is_time(v, &out->since_ms))
		return 0;
	out->sequence = json_dup(json_get(v, "SequenceNumber"));
	if (carry.type != JSON_NONE)
		out->carry = json_source(carry);
	if (is_number(out->sequence) &&
	    (sub.type == JSON_NONE ||
		(json_integer(sub, &out->sub) == 0 && out->sub >= 0)))
		return 0;
	drop(out);
	return -1;
}

/* Of the same place the Carry that came last counts: windows are marked one by
 * one while the records they are made of stay the same. */
static bool
replaces(const struct position *new, const struct position *old)
{
	int order = position_compare(new, old);
	return order > 0 || (order == 0 && new->carry != NULL);
}

/* Takes over new, whose shard is not set. */
static void
put(struct positions *p, struct json shard, struct position *new)
{
	uint64_t hash = batch_hash(shard.at + 1, shard.len - 2);
	size_t at;
	if (!lookup_get(&p->by_shard, hash, &at)) {
		if (p->count == p->cap) {
			p->cap = p->cap == 0 ? 8 : p->cap * 2;
			p->position =
			    mem_grow(p->position, p->cap, sizeof(*new));
		}
		lookup_put(&p->by_shard, hash, p->count);
		new->shard = mem_text_of(shard.at + 1, shard.len - 2);
		p->position[p->count++] = *new;
	} else if (replaces(new, &p->position[at])) {
		new->shard = p->position[at].shard;
		p->position[at].shard = NULL;
		drop(&p->position[at]);
		p->position[at] = *new;
	} else {
		drop(new);
		return;
	}
	p->changed = true;
}

/* Every member of an object of shards. */
static int
put_all(struct positions *p, struct json shards)
{
	struct json_iter it;
	struct json shard, v;
	struct position new;
	if (shards.type != JSON_OBJECT)
		return -1;
	json_members(shards, &it);
	while (json_next(&it, &shard, &v)) {
		if (read_position(v, &new) != 0)
			return -1;
		put(p, shard, &new);
	}
	return 0;
}

/* The times from which shards are read; the others say nothing new. */
static void
put_times(struct positions *p, struct json shards)
{
	struct json_iter it;
	struct json shard, v;
	struct position new = {.sub = -1};
	json_members(shards, &it);
	while (json_next(&it, &shard, &v))
		if (is_time(v, &new.since_ms)) {
			struct position copy = new;
			put(p, shard, &copy);
		}
}

int
position_mark(struct positions *p, struct json from, struct err *err)
{
	struct json all = json_get(from, "Positions");
	struct json shard = json_get(from, "ShardId");
	struct position new;
	char *stream = json_dup(json_get(from, "StreamName"));
	int r = -1;
	if (stream == NULL) {
		err_set(err, ERR_RECORD, "NotReceived",
		    "no @metadata.from.kinesis.StreamName: the record did not "
		    "come from kinesis-get");
		goto out;
	}
	if (p->stream == NULL)
		p->stream = mem_text(stream);
	if (strcmp(p->stream, stream) != 0) {
		err_set(err, ERR_RECORD, "OtherStream",
		    "it came from stream '%s', the file is of '%s'", stream,
		    p->stream);
		goto out;
	}
	if (all.type != JSON_NONE) {
		r = put_all(p, all);
	} else if (shard.type == JSON_STRING &&
		   read_position(from, &new) == 0) {
		put(p, shard, &new);
		r = 0;
	}
	if (r != 0)
		err_set(err, ERR_RECORD, "NotReceived",
		    "@metadata.from.kinesis has neither ShardId and "
		    "SequenceNumber nor Positions");
	else
		put_times(p, json_get(from, "Shards"));
out:
	free(stream);
	return r;
}

/* The whole file; -1 with errno, and ENOENT is none. */
static int
read_file(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	buf_init(out, MAX_FILE);
	char *to;
	while ((to = buf_room(out, 65536)) != NULL &&
	       (n = read(fd, to, 65536)) > 0)
		out->len += (size_t)n;
	int why = errno;
	close(fd);
	errno = to == NULL ? EFBIG : why;
	return to == NULL || n < 0 ? -1 : 0;
}

int
position_read(struct positions *p, const char *path, struct err *err)
{
	struct buf text = {0};
	struct json root;
	struct err why;
	int r = -1;
	*p = (struct positions){0};
	if (read_file(path, &text) != 0) {
		err_set(err, ERR_SETUP, "BadState", "%s: %s", path,
		    strerror(errno));
		goto out;
	}
	if (text.len == 0) {
		r = 0;
		goto out;
	}
	if (json_scan(text.data, text.len, &root, &why) != 0) {
		err_set(
		    err, ERR_SETUP, "BadState", "%s: %s", path, why.message);
		goto out;
	}
	p->stream = json_dup(json_get(root, "StreamName"));
	if (p->stream == NULL || put_all(p, json_get(root, "Shards")) != 0)
		err_set(err, ERR_SETUP, "BadState",
		    "%s: not what kinesis-mark writes", path);
	else
		r = 0;
	p->changed = false;
out:
	if (r != 0)
		position_clear(p);
	buf_clear(&text);
	return r;
}

void
position_print(const struct position *p, struct buf *out)
{
	char time[TEXT_ISO];
	if (p->sequence == NULL) {
		text_iso(p->since_ms, time);
		buf_addf(out, "{\"Timestamp\":\"%s\"}", time);
		return;
	}
	buf_addf(out, "{\"SequenceNumber\":\"%s\"", p->sequence);
	if (p->sub >= 0)
		buf_addf(out, ",\"SubSequenceNumber\":%lld", (long long)p->sub);
	if (p->carry != NULL) {
		buf_add_text(out, ",\"Carry\":");
		buf_add_text(out, p->carry);
	}
	buf_add_char(out, '}');
}

static void
print(const struct positions *p, struct buf *out)
{
	buf_add_text(out, "{\"StreamName\":");
	text_json_string(p->stream, strlen(p->stream), out);
	buf_add_text(out, ",\"Shards\":{");
	for (size_t i = 0; i < p->count; i++) {
		const struct position *at = &p->position[i];
		buf_addf(out, "%s\n\"%s\":", i == 0 ? "" : ",", at->shard);
		position_print(at, out);
	}
	buf_add_text(out, "}}\n");
}

static int
write_all(int fd, const struct buf *text)
{
	for (size_t at = 0; at < text->len;) {
		ssize_t n = write(fd, text->data + at, text->len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += (size_t)n;
	}
	return fsync(fd);
}

/* The folder's entry survives, too. */
static int
sync_folder(const char *path)
{
	char *copy = mem_text(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -1 : fsync(fd);
	if (fd >= 0)
		close(fd);
	free(copy);
	return r;
}

int
position_may_write(const char *path, struct err *err)
{
	char *copy = mem_text(path);
	int r = 0;
	if (access(dirname(copy), W_OK | X_OK) != 0)
		r = err_set(err, ERR_SETUP, "BadState",
		    "%s cannot be written: %s", path, strerror(errno));
	free(copy);
	return r;
}

int
position_write(struct positions *p, const char *path, struct err *err)
{
	struct buf text = {0};
	char *new = mem_format("%s.%ld.new", path, (long)getpid());
	print(p, &text);
	int fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int r = fd < 0 ? -1 : write_all(fd, &text);
	int why = errno;
	if (fd >= 0 && close(fd) != 0 && r == 0) {
		why = errno;
		r = -1;
	}
	if (r == 0 && (rename(new, path) != 0 || sync_folder(path) != 0)) {
		why = errno;
		r = -1;
	}
	if (r == 0)
		p->changed = false;
	else
		err_set(
		    err, ERR_LATER, "BadState", "%s: %s", path, strerror(why));
	if (r != 0 && fd >= 0)
		unlink(new);
	free(new);
	buf_clear(&text);
	return r;
}
