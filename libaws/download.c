#include "download.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crc.h"
#include "diag.h"
#include "digest.h"
#include "mem.h"
#include "parts.h"
#include "text.h"

#define HEADERS 2
#define AT_ONCE ((size_t)256 << 10) /* what stays in the cache meanwhile */

/* The checksums of whole objects that are compared, the quickest first. */
static const struct check {
	const char *header, *name;
	size_t bytes;
	uint64_t polynomial; /* 0: zlib's */
} checks[] = {
    {"x-amz-checksum-crc32", "ChecksumCRC32", 4, 0},
    {"x-amz-checksum-crc32c", "ChecksumCRC32C", 4, CRC_32C},
    {"x-amz-checksum-crc64nvme", "ChecksumCRC64NVME", 8, CRC_64NVME},
};
enum { CHECKS = sizeof(checks) / sizeof(checks[0]) };

/* What is known of an object; 0 bytes may still be all of it. */
struct source {
	struct object *object;
	int64_t size;    /* -1: not yet known */
	int64_t next;    /* the first byte that nobody has asked for */
	int64_t written; /* in whole pieces */
	char etag[128];
	const struct check *check; /* NULL: the whole has none that is known */
	uint64_t sum, expected;    /* of what was written; of the whole */
	enum { WHOLE, ASK, ASKED, BY_PART } by; /* what is compared */
	struct parts parts;                     /* when BY_PART */
	struct call ask;
	struct buf ask_path, ask_header;
	struct sigv4_header ask_for[2];
};

/* A run of an object's bytes, and the request that brings it. */
struct piece {
	struct call call;
	struct download *download;
	struct source *source;
	int64_t from, to; /* to -1: up to a part, or to the end */
	int64_t got;
	bool looked;     /* the attempt's header was read */
	bool surplus;    /* the answer goes on past what is wanted */
	bool done;       /* nothing more comes */
	struct buf data; /* what waits for its turn */
	struct buf reply_header;
	char range[64];
	struct sigv4_header header[HEADERS];
	struct piece *next;
};

struct download {
	struct tool *tool;
	struct caller *caller;
	const struct download_about *about;
	struct source *source;
	size_t current;      /* the source whose turn it is */
	size_t opened;       /* sources whose first request was made */
	struct piece *first; /* in the order of writing */
	struct piece *spare;
	size_t pieces, most;     /* in first, and how many there may be */
	struct crc *crc[CHECKS]; /* made when they are needed */
	struct err *err;         /* why it ends */
};

static int
fail(struct download *d, enum err_kind kind, const char *code,
    const struct source *s, const char *why)
{
	if (d->err->kind != ERR_NONE)
		return -1;
	return err_set(d->err, kind, code, "s3://%s/%s: %s", s->object->bucket,
	    s->object->key, why);
}

/* Ask for what is missing of a piece. */
static void
set_range(struct piece *p)
{
	struct call *call = &p->call;
	int64_t from = p->from + p->got;
	snprintf(p->range, sizeof(p->range), "bytes=%lld-%lld", (long long)from,
	    (long long)p->to - 1);
	p->header[0] = (struct sigv4_header){"Range", p->range};
	p->header[1] = (struct sigv4_header){"If-Match", p->source->etag};
	call->header = p->header;
	call->header_count = p->source->etag[0] != '\0' ? 2 : 1;
}

/* After a cut: what an attempt brought stays. */
static void
again(struct call *call)
{
	struct piece *p = call->user;
	p->looked = false;
	p->surplus = false;
	if (p->to >= 0)
		set_range(p);
}

/* "bytes 0-99/1000": where the body stands, and in how much. */
static int
read_range(const struct piece *p, int64_t *from, int64_t *size)
{
	char text[80];
	long long first, last, whole;
	size_t len;
	const char *at = call_header(&p->call, "content-range", &len);
	if (at == NULL || len >= sizeof(text))
		return -1;
	memcpy(text, at, len);
	text[len] = '\0';
	if (sscanf(text, "bytes %lld-%lld/%lld", &first, &last, &whole) != 3)
		return -1;
	*from = first;
	*size = whole;
	return 0;
}

static int
read_length(const struct piece *p, int64_t *size)
{
	char text[24];
	size_t len;
	const char *at = call_header(&p->call, "content-length", &len);
	if (at == NULL || len >= sizeof(text))
		return -1;
	memcpy(text, at, len);
	text[len] = '\0';
	return text_integer(text, 0, INT64_MAX, size);
}

/* Is it the object that was begun, at the place that was asked for? */
static int
check_place(struct piece *p)
{
	struct download *d = p->download;
	struct source *s = p->source;
	int64_t from = 0, size;
	size_t len;
	bool ranged = call_header(&p->call, "content-range", &len) != NULL;
	if ((ranged ? read_range(p, &from, &size) : read_length(p, &size)) !=
		0 ||
	    from != p->from + p->got)
		return fail(d, ERR_LATER, "InvalidReply", s,
		    "the answer does not say where its bytes stand");
	const char *etag = call_header(&p->call, "etag", &len);
	bool same = etag == NULL || s->etag[0] == '\0' ||
		    (strlen(s->etag) == len && memcmp(s->etag, etag, len) == 0);
	if (!same || (s->size >= 0 && s->size != size))
		return fail(d, ERR_LATER, "ObjectChanged", s,
		    "it was replaced while it was read: run again");
	if (etag != NULL && len < sizeof(s->etag))
		snprintf(s->etag, sizeof(s->etag), "%.*s", (int)len, etag);
	s->size = size;
	return 0;
}

/* Is it this piece's turn to be written? */
static bool
in_turn(const struct piece *p)
{
	const struct download *d = p->download;
	const struct source *s = p->source;
	return s == &d->source[d->current] && p->from == s->written &&
	       s->by != ASK && s->by != ASKED;
}

/* Which checksum of the whole does the answer have? */
static void
find_check(struct piece *p)
{
	struct download *d = p->download;
	struct source *s = p->source;
	size_t len;
	for (size_t i = 0; s->check == NULL && i < CHECKS; i++) {
		const struct check *c = &checks[i];
		const char *sum = call_header(&p->call, c->header, &len);
		if (sum == NULL)
			continue;
		if (object_sum_read(sum, len, c->bytes, &s->expected) != 0) {
			if (memchr(sum, '-', len) == NULL)
				continue;
			s->by = ASK;
		}
		s->check = c;
		if (c->polynomial != 0 && d->crc[i] == NULL)
			d->crc[i] = crc_new(c->polynomial);
	}
}

static uint64_t
add_to_sum(const struct download *d, const struct source *s, uint64_t sum,
    const char *bytes, size_t len)
{
	const struct crc *crc = d->crc[s->check - checks];
	return crc == NULL ? digest_crc32((uint32_t)sum, bytes, len)
			   : crc_add(crc, sum, bytes, len);
}

/* The checksums of what is about to be written. */
static int
check_bytes(struct download *d, struct source *s, const char *bytes, size_t len)
{
	if (s->check == NULL)
		return 0;
	if (s->by == WHOLE) {
		s->sum = add_to_sum(d, s, s->sum, bytes, len);
		return 0;
	}
	for (size_t n; len > 0; bytes += n, len -= n) {
		n = parts_run(&s->parts, len);
		s->sum = add_to_sum(d, s, s->sum, bytes, n);
		int end = parts_read(&s->parts, n, s->sum);
		if (end < 0)
			return fail(d, ERR_REFUSED, "ChecksumMismatch", s,
			    "what arrived is not what was stored: drop what "
			    "was written");
		if (end > 0)
			s->sum = 0;
	}
	return 0;
}

/* Read the header of an attempt before its first byte is taken. */
static int
look(struct piece *p)
{
	struct source *s = p->source;
	p->looked = true;
	if (check_place(p) != 0)
		return -1;
	if (p->to < 0) {
		find_check(p);
		p->to = s->size < DOWNLOAD_PART ? s->size : DOWNLOAD_PART;
		s->next = p->to;
		p->surplus = s->size > p->to;
	}
	if (!in_turn(p))
		buf_room(&p->data, (size_t)(p->to - p->from));
	return 0;
}

/* Write bytes of the piece whose turn it is; the checksum is of what is
 * written, in the order of writing. */
static int
put(struct piece *p, const char *bytes, size_t len)
{
	struct source *s = p->source;
	for (size_t n; len > 0; bytes += n, len -= n) {
		n = len < AT_ONCE ? len : AT_ONCE;
		if (check_bytes(p->download, s, bytes, n) != 0 ||
		    tool_write(p->download->tool, bytes, n) != 0)
			return -1;
	}
	return 0;
}

static bool
take(struct call *call, const char *bytes, size_t len)
{
	struct piece *p = call->user;
	struct download *d = p->download;
	if (d->err->kind != ERR_NONE || (!p->looked && look(p) != 0))
		return false;
	int64_t left = p->to - p->from - p->got;
	size_t wanted = (int64_t)len < left ? len : (size_t)left;
	if (!in_turn(p))
		buf_add(&p->data, bytes, wanted);
	else if (put(p, bytes, wanted) != 0)
		return false;
	p->got += (int64_t)wanted;
	return wanted == len && !(p->surplus && (int64_t)len == left);
}

static struct piece *
piece_new(struct download *d, struct source *s)
{
	struct piece *p = d->spare;
	if (p != NULL)
		d->spare = p->next;
	else
		p = mem_alloc(sizeof(*p));
	struct piece fresh = {.call.reply = p->call.reply,
	    .download = d,
	    .source = s,
	    .data = p->data,
	    .reply_header = p->reply_header};
	*p = fresh;
	buf_reset(&p->data);
	object_call(
	    s->object, "GET", s->object->path, &p->reply_header, &p->call);
	p->call.operation = "GetObject";
	p->call.user = p;
	p->call.sink = take;
	p->call.again = again;
	p->call.idle = true;
	p->call.header = p->header;
	d->pieces++;
	return p;
}

/* Behind the pieces of the same source, before those of later ones. */
static void
enqueue(struct download *d, struct piece *p)
{
	struct piece **at = &d->first;
	while (*at != NULL && (*at)->source <= p->source)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
}

static void
start_range(struct download *d, struct source *s)
{
	struct piece *p = piece_new(d, s);
	p->from = s->next;
	p->to = s->size - s->next < DOWNLOAD_PART ? s->size
						  : s->next + DOWNLOAD_PART;
	s->next = p->to;
	enqueue(d, p);
	set_range(p);
	call_start(d->caller, &p->call);
}

/* All of the next object, of which the first part may be enough. */
static void
start_object(struct download *d)
{
	struct source *s = &d->source[d->opened];
	*s =
	    (struct source){.object = &d->about->object[d->opened], .size = -1};
	d->opened++;
	struct piece *p = piece_new(d, s);
	p->to = -1;
	p->header[0] = (struct sigv4_header){"x-amz-checksum-mode", "ENABLED"};
	p->call.header_count = 1;
	enqueue(d, p);
	call_start(d->caller, &p->call);
}

/* Pieces of objects whose turn is still to come. */
static size_t
ahead(const struct download *d)
{
	size_t n = 0;
	for (const struct piece *p = d->first; p != NULL; p = p->next)
		n += p->source != &d->source[d->current];
	return n;
}

/* The first object that has bytes nobody has asked for; NULL: none of which
 * it is known. */
static struct source *
unfinished(struct download *d)
{
	for (size_t i = d->current; i < d->opened; i++) {
		struct source *s = &d->source[i];
		if (s->size < 0 || s->next < s->size)
			return s->size < 0 ? NULL : s;
	}
	return NULL;
}

/* Ask for the parts of an object, page by page, before it is written. */
static void
ask_parts(struct download *d, struct source *s)
{
	const struct object *o = s->object;
	buf_reset(&s->ask_path);
	buf_addf(&s->ask_path, "%s?attributes", o->path);
	object_call(o, "GET", s->ask_path.data, &s->ask_header, &s->ask);
	s->ask.operation = "GetObjectAttributes";
	s->ask.user = s;
	s->ask_for[0] = (struct sigv4_header){
	    "x-amz-object-attributes", "ETag,ObjectParts"};
	s->ask_for[1] = (struct sigv4_header){
	    "x-amz-part-number-marker", buf_text(&s->parts.next)};
	s->ask.header = s->ask_for;
	s->ask.header_count = s->parts.next.len > 0 ? 2 : 1;
	s->by = ASKED;
	call_start(d->caller, &s->ask);
}

/* Who may not ask for parts may still have the object. */
static void
told_parts(struct download *d, struct source *s)
{
	struct call *call = &s->ask;
	const struct check *c = s->check;
	struct err err = call->err;
	bool told = err.kind == ERR_NONE &&
		    parts_add(&s->parts, call->reply.data, call->reply.len,
			c->name, c->bytes, s->etag, &err) == 0;
	if (told && s->parts.next.len > 0) {
		ask_parts(d, s);
		return;
	}
	s->by = BY_PART;
	if (!told || s->parts.size != s->size)
		s->check = NULL;
}

/* As many requests as may run; at most half of the memory is for objects
 * whose turn has not come. */
static void
start(struct download *d)
{
	for (size_t i = d->current; i < d->opened; i++)
		if (d->source[i].by == ASK)
			ask_parts(d, &d->source[i]);
	while (d->pieces < d->most &&
	       call_running(d->caller) < (size_t)d->about->jobs) {
		struct source *s = unfinished(d);
		if (s != NULL)
			start_range(d, s);
		else if (d->opened < d->about->count &&
			 (d->opened == d->current || ahead(d) < d->most / 2))
			start_object(d);
		else
			return;
	}
}

/* A request is over: for good, or elsewhere once more. */
static void
finished(struct download *d, struct piece *p)
{
	struct call *call = &p->call;
	struct source *s = p->source;
	p->done = true;
	if (d->err->kind != ERR_NONE || d->tool->out_failed ||
	    tool_stopping(d->tool))
		return;
	if (call->err.kind != ERR_NONE && p->got == 0 && p->to < 0 &&
	    object_moved(s->object, call, call_conf(d->caller))) {
		p->done = false;
		call_start(d->caller, call);
	} else if (call->err.kind != ERR_NONE && call->status == 412) {
		fail(d, ERR_LATER, "ObjectChanged", s,
		    "it was replaced while it was read: run again");
	} else if (call->err.kind != ERR_NONE) {
		*d->err = call->err;
		err_prefix(
		    d->err, "s3://%s/%s", s->object->bucket, s->object->key);
	} else if ((p->looked || look(p) == 0) && p->got < p->to - p->from) {
		fail(d, ERR_LATER, "InvalidReply", s,
		    "the answer is shorter than it says");
	}
}

/* All of an object is written: is it what was stored? */
static void
finish_object(struct download *d, const struct source *s)
{
	if (s->check != NULL && s->by == WHOLE && s->sum != s->expected)
		fail(d, ERR_REFUSED, "ChecksumMismatch", s,
		    "what was written is not what was stored: drop it");
	else if (s->check == NULL && d->tool->conf.verbose > 0)
		diag("s3://%s/%s has no checksum of the whole that is known: "
		     "only its length "
		     "is checked",
		    s->object->bucket, s->object->key);
}

/* Write what has its turn now. */
static void
advance(struct download *d)
{
	struct piece *p;
	while (
	    (p = d->first) != NULL && in_turn(p) && d->err->kind == ERR_NONE) {
		if (put(p, p->data.data, p->data.len) != 0)
			return;
		buf_reset(&p->data);
		if (!p->done)
			return;
		struct source *s = p->source;
		s->written += p->got;
		d->first = p->next;
		d->pieces--;
		p->next = d->spare;
		d->spare = p;
		if (p->to == s->size) {
			finish_object(d, s);
			d->current++;
		}
	}
}

/* One turn: start what may start, wait, take what came, write. */
static void
turn(struct download *d)
{
	struct tool *t = d->tool;
	struct pollfd fd[] = {
	    {.fd = STDOUT_FILENO}, {.fd = t->stop_fd, .events = POLLIN}};
	struct call *call;
	start(d);
	call_poll(d->caller, fd, 2, -1);
	if (fd[0].revents & POLLERR)
		t->out_failed = t->out_closed = true;
	while ((call = call_next(d->caller)) != NULL)
		if (call->sink == NULL)
			told_parts(d, call->user);
		else
			finished(d, call->user);
	advance(d);
	if (tool_stopping(t) && d->current < d->about->count)
		err_set(d->err, ERR_LATER, "Interrupted",
		    "a signal came before the end");
}

static void
free_pieces(struct download *d, struct piece *list)
{
	for (struct piece *next, *p = list; p != NULL; p = next) {
		next = p->next;
		call_cancel(d->caller, &p->call);
		call_clear(&p->call);
		buf_clear(&p->reply_header);
		buf_clear(&p->data);
		free(p);
	}
}

static void
free_source(struct download *d, struct source *s)
{
	call_cancel(d->caller, &s->ask);
	call_clear(&s->ask);
	buf_clear(&s->ask_path);
	buf_clear(&s->ask_header);
	parts_clear(&s->parts);
}

int
download_run(struct tool *t, struct ident *ident,
    const struct download_about *about, struct err *err)
{
	struct download d = {.tool = t,
	    .caller = ident_caller(ident),
	    .about = about,
	    .most = about->memory / (size_t)DOWNLOAD_PART,
	    .err = err};
	if (d.most < 2)
		d.most = 2;
	err_clear(err);
	d.source = mem_alloc(about->count * sizeof(*d.source));
	while (
	    d.current < about->count && err->kind == ERR_NONE && !t->out_failed)
		turn(&d);
	free_pieces(&d, d.first);
	free_pieces(&d, d.spare);
	for (size_t i = 0; i < CHECKS; i++)
		crc_free(d.crc[i]);
	for (size_t i = 0; i < d.opened; i++)
		free_source(&d, &d.source[i]);
	free(d.source);
	return err->kind == ERR_NONE ? 0 : -1;
}
