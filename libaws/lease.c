#include "lease.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "digest.h"
#include "json.h"
#include "mem.h"
#include "text.h"

enum {
	BATCH = 10,
	CALLS = 8,      /* in flight */
	TRIES = 3,      /* of a delete or release that fails for now */
	DATAGRAM = 8192 /* bytes of one report */
};

enum want { KEEP, DELETE, RELEASE, GONE };

struct message {
	uint64_t hash;
	char *id, *handle;
	int64_t due_ms;  /* of the next renewal, delete or release */
	int64_t hold_ms; /* no lease past this */
	int64_t delay_ms;
	uint64_t mark;
	enum want want;
	int tries;
	bool flying;
};

struct lease_call {
	struct call call;
	struct lease *lease;
	struct buf body;
	enum want want;
	int64_t seconds;
	uint64_t hash[BATCH];
	size_t count;
	bool busy;
};

/* An sqs-ack that has reported, by its process id. */
struct teller {
	pid_t pid;
	bool ended;
};

struct lease {
	struct caller *caller;
	char *queue_url;
	int64_t visibility_ms, hold_ms, news_ms;
	char name[40];
	int fd;
	struct message *message;
	size_t count, cap, live;
	struct teller *teller;
	size_t tellers;
	struct lease_call call[CALLS];
};

struct lease *
lease_open(struct caller *caller, const char *queue_url, int64_t visibility_ms,
    int64_t hold_ms, struct err *err)
{
	struct lease *l = mem_alloc(sizeof(*l));
	uint8_t random[8];
	struct buf hex = {0};
	digest_random(random, sizeof(random));
	text_hex(random, sizeof(random), &hex);
	snprintf(l->name, sizeof(l->name), "luna-lease-%s", buf_text(&hex));
	buf_clear(&hex);
	l->caller = caller;
	l->queue_url = mem_text(queue_url);
	l->visibility_ms = visibility_ms;
	l->hold_ms = hold_ms;
	l->news_ms = text_tick();
	for (size_t i = 0; i < CALLS; i++)
		l->call[i].lease = l;

	/* An abstract name: nothing to remove, even after kill -9. */
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	size_t len = strlen(l->name);
	memcpy(at.sun_path + 1, l->name, len);
	int on = 1;
	l->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0 ||
	    setsockopt(l->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) != 0 ||
	    bind(l->fd, (struct sockaddr *)&at,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			    len)) != 0) {
		err_set(err, ERR_SETUP, "NoSocket",
		    "no socket for the reports of sqs-ack: %s",
		    strerror(errno));
		lease_close(l);
		return NULL;
	}
	return l;
}

static void
message_clear(struct message *m)
{
	free(m->id);
	free(m->handle);
}

void
lease_close(struct lease *l)
{
	if (l == NULL)
		return;
	if (l->fd >= 0)
		close(l->fd);
	for (size_t i = 0; i < l->count; i++)
		message_clear(&l->message[i]);
	for (size_t i = 0; i < CALLS; i++) {
		buf_clear(&l->call[i].body);
		call_clear(&l->call[i].call);
	}
	free(l->message);
	free(l->teller);
	free(l->queue_url);
	free(l);
}

const char *
lease_name(const struct lease *l)
{
	return l->name;
}

int
lease_fd(const struct lease *l)
{
	return l->fd;
}

static struct message *
find(struct lease *l, uint64_t hash)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->message[i].hash == hash && l->message[i].want != GONE)
			return &l->message[i];
	return NULL;
}

/* Half the time that is left, so that one lost renewal does no harm. */
static int64_t
renew_at(const struct lease *l, int64_t from_ms)
{
	return from_ms + l->visibility_ms / 2;
}

void
lease_add(struct lease *l, const char *id, const char *handle,
    int64_t received_ms, uint64_t mark)
{
	uint64_t hash = batch_hash(id, strlen(id));
	struct message *m = find(l, hash);
	if (m == NULL) {
		if (l->count == l->cap) {
			l->cap = l->cap == 0 ? 64 : l->cap * 2;
			l->message =
			    mem_grow(l->message, l->cap, sizeof(*l->message));
		}
		m = &l->message[l->count++];
		l->live++;
	} else {
		message_clear(m); /* received again: the new handle counts */
	}
	*m = (struct message){.hash = hash,
	    .id = mem_text(id),
	    .handle = mem_text(handle),
	    .due_ms = renew_at(l, received_ms),
	    .hold_ms = received_ms + l->hold_ms,
	    .mark = mark};
}

size_t
lease_count(const struct lease *l)
{
	return l->live;
}

static void
gone(struct lease *l, struct message *m)
{
	m->want = GONE;
	l->live--;
}

/* Drop what is gone; a call that it is part of knows it by its hash only. */
static void
sweep(struct lease *l)
{
	size_t kept = 0;
	for (size_t i = 0; i < l->count; i++)
		if (l->message[i].want == GONE)
			message_clear(&l->message[i]);
		else
			l->message[kept++] = l->message[i];
	l->count = kept;
}

void
lease_settled(struct lease *l, const char *id)
{
	struct message *m = find(l, batch_hash(id, strlen(id)));
	if (m == NULL)
		return;
	gone(l, m);
	if (l->count > 64 && l->live < l->count / 2)
		sweep(l);
}

static void
want(struct message *m, enum want what, int64_t delay_ms)
{
	m->want = what;
	m->delay_ms = delay_ms;
	m->due_ms = 0;
	m->tries = 0;
}

void
lease_delete(struct lease *l, const char *id)
{
	struct message *m = find(l, batch_hash(id, strlen(id)));
	if (m != NULL)
		want(m, DELETE, 0);
}

void
lease_release(struct lease *l, const char *id, int64_t delay_ms)
{
	struct message *m = find(l, batch_hash(id, strlen(id)));
	if (m != NULL)
		want(m, RELEASE, delay_ms);
}

void
lease_release_after(struct lease *l, uint64_t mark)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->message[i].want == KEEP && l->message[i].mark > mark)
			want(&l->message[i], RELEASE, 0);
}

void
lease_release_all(struct lease *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->message[i].want == KEEP)
			want(&l->message[i], RELEASE, 0);
}

static void
heard(struct lease *l, pid_t pid, bool ended)
{
	l->news_ms = text_tick();
	for (size_t i = 0; i < l->tellers; i++)
		if (l->teller[i].pid == pid) {
			l->teller[i].ended = ended;
			return;
		}
	l->teller = mem_grow(l->teller, l->tellers + 1, sizeof(*l->teller));
	l->teller[l->tellers++] = (struct teller){pid, ended};
}

/* Lines: "+ID" settled, "." the end. */
static void
read_report(struct lease *l, char *text, pid_t pid)
{
	bool ended = false;
	char *save, *line = strtok_r(text, "\n", &save);
	for (; line != NULL; line = strtok_r(NULL, "\n", &save)) {
		if (line[0] == '+')
			lease_settled(l, line + 1);
		else if (line[0] == '.')
			ended = true;
	}
	heard(l, pid, ended);
}

void
lease_news(struct lease *l)
{
	for (;;) {
		char text[DATAGRAM + 1];
		union {
			char space[CMSG_SPACE(sizeof(struct ucred))];
			struct cmsghdr align;
		} control;
		struct iovec part = {text, DATAGRAM};
		struct msghdr msg = {.msg_iov = &part,
		    .msg_iovlen = 1,
		    .msg_control = control.space,
		    .msg_controllen = sizeof(control.space)};
		ssize_t n = recvmsg(l->fd, &msg, 0);
		if (n < 0)
			return;
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		struct ucred who = {.uid = (uid_t)-1};
		if (c != NULL && c->cmsg_type == SCM_CREDENTIALS)
			memcpy(&who, CMSG_DATA(c), sizeof(who));
		if (who.uid != geteuid() && who.uid != 0)
			continue; /* not ours to believe */
		text[n] = '\0';
		read_report(l, text, who.pid);
	}
}

bool
lease_quiet(const struct lease *l, int64_t now_ms)
{
	bool all = l->tellers > 0;
	for (size_t i = 0; i < l->tellers; i++)
		all &= l->teller[i].ended;
	return all || now_ms - l->news_ms >= l->visibility_ms;
}

static int64_t
seconds_of(const struct lease *l, const struct message *m, int64_t now_ms)
{
	int64_t ms = l->visibility_ms;
	if (m->want == RELEASE)
		ms = m->delay_ms;
	else if (m->hold_ms - now_ms < ms)
		ms = m->hold_ms - now_ms;
	return ms <= 0 ? 0 : (ms + 999) / 1000;
}

static void
add_entry(struct lease_call *c, const struct message *m)
{
	buf_addf(&c->body,
	    "%s{\"Id\":\"%zu\",\"ReceiptHandle\":", c->count == 0 ? "" : ",",
	    c->count);
	text_json_string(m->handle, strlen(m->handle), &c->body);
	if (c->want != DELETE)
		buf_addf(&c->body, ",\"VisibilityTimeout\":%lld",
		    (long long)c->seconds);
	buf_add_char(&c->body, '}');
	c->hash[c->count++] = m->hash;
}

static bool
is_due(const struct message *m, int64_t now_ms)
{
	if (m->flying || m->want == GONE || m->due_ms > now_ms)
		return false;
	/* Past its hold a message is let go by not renewing it. */
	return m->want != KEEP || m->hold_ms > now_ms;
}

/* Gather up to ten messages that want the same thing now. */
static bool
fill(struct lease *l, struct lease_call *c, int64_t now_ms)
{
	c->count = 0;
	buf_reset(&c->body);
	buf_add_text(&c->body, "{\"QueueUrl\":");
	text_json_string(l->queue_url, strlen(l->queue_url), &c->body);
	buf_add_text(&c->body, ",\"Entries\":[");
	for (size_t i = 0; i < l->count && c->count < BATCH; i++) {
		struct message *m = &l->message[i];
		if (!is_due(m, now_ms))
			continue;
		int64_t seconds = seconds_of(l, m, now_ms);
		if (c->count == 0) {
			c->want = m->want;
			c->seconds = seconds;
		} else if (m->want != c->want || seconds != c->seconds) {
			continue;
		}
		add_entry(c, m);
		m->flying = true;
	}
	buf_add_text(&c->body, "]}");
	return c->count > 0;
}

void
lease_move(struct lease *l, int64_t now_ms)
{
	for (size_t i = 0; i < CALLS; i++) {
		struct lease_call *c = &l->call[i];
		if (c->busy)
			continue;
		if (!fill(l, c, now_ms))
			return;
		struct buf reply = c->call.reply;
		c->call = (struct call){.reply = reply,
		    .service = service_find("sqs"),
		    .operation = c->want == DELETE
				     ? "DeleteMessageBatch"
				     : "ChangeMessageVisibilityBatch",
		    .body = buf_text(&c->body),
		    .body_len = c->body.len,
		    .user = c};
		c->busy = true;
		call_start(l->caller, &c->call);
	}
}

int64_t
lease_due(const struct lease *l, int64_t now_ms)
{
	int64_t soonest = INT64_MAX;
	for (size_t i = 0; i < l->count; i++) {
		const struct message *m = &l->message[i];
		if (m->flying || m->want == GONE ||
		    (m->want == KEEP && m->hold_ms <= m->due_ms))
			continue;
		if (m->due_ms < soonest)
			soonest = m->due_ms;
	}
	if (soonest == INT64_MAX)
		return -1;
	return soonest <= now_ms ? 0 : soonest - now_ms;
}

bool
lease_busy(const struct lease *l)
{
	for (size_t i = 0; i < CALLS; i++)
		if (l->call[i].busy)
			return true;
	for (size_t i = 0; i < l->count; i++)
		if (l->message[i].want == DELETE ||
		    l->message[i].want == RELEASE)
			return true;
	return false;
}

/* The reply's Failed entry of message i, or JSON_NONE. */
static struct json
failure_of(struct json reply, size_t i)
{
	struct json_iter it;
	struct json entry;
	char id[24];
	snprintf(id, sizeof(id), "%zu", i);
	json_each(json_get(reply, "Failed"), &it);
	while (json_next(&it, NULL, &entry))
		if (json_is(json_get(entry, "Id"), id))
			return entry;
	return (struct json){0};
}

/* What the service refused: a renewal means that another has it by now; a
 * delete that fails for good must be heard of. */
static void
refused(
    struct lease *l, struct message *m, struct json failure, struct err *err)
{
	char *code = json_dup(json_get(failure, "Code"));
	char *message = json_dup(json_get(failure, "Message"));
	if (json_true(json_get(failure, "SenderFault"))) {
		if (m->want == DELETE)
			err_set(err, ERR_REFUSED, code ? code : "Refused",
			    "message %s was not deleted: %s", m->id,
			    message ? message : "no reason given");
		gone(l, m);
	}
	free(code);
	free(message);
}

static void
done(struct lease *l, struct message *m, int64_t now_ms)
{
	if (m->want != KEEP)
		gone(l, m);
	else
		m->due_ms = renew_at(l, now_ms);
}

/* For now it did not work: a renewal is tried again soon, a delete or
 * release a few times. */
static void
again(struct lease *l, struct message *m, int64_t now_ms, const struct err *why,
    struct err *err)
{
	m->due_ms = now_ms + 1000;
	if (m->want == KEEP || ++m->tries < TRIES)
		return;
	if (m->want == DELETE)
		*err = *why;
	gone(l, m);
}

bool
lease_landed(struct lease *l, struct call *call, struct err *err)
{
	struct lease_call *c = call->user;
	if (c < l->call || c >= l->call + CALLS)
		return false;
	err_clear(err);
	c->busy = false;
	int64_t now = text_tick();
	struct json reply = {0};
	struct err why = call->err;
	if (why.kind == ERR_NONE && call->reply.len > 0)
		json_scan(call->reply.data, call->reply.len, &reply, &why);
	for (size_t i = 0; i < c->count; i++) {
		struct message *m = find(l, c->hash[i]);
		if (m == NULL)
			continue;
		m->flying = false;
		struct json failure = failure_of(reply, i);
		if (m->want != c->want)
			continue; /* decided otherwise in the meantime */
		if (why.kind != ERR_NONE)
			again(l, m, now, &why, err);
		else if (failure.type == JSON_NONE)
			done(l, m, now);
		else {
			m->due_ms = now + 1000;
			refused(l, m, failure, err);
		}
	}
	sweep(l);
	return true;
}
