#include <sys/socket.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "diag.h"
#include "link.h"
#include "listen.h"
#include "mem.h"
#include "text.h"

#define TOGETHER 256 /* requests in one transaction */
#define IDLE_MS 60000
#define IDLE_CONNECTION_S 3600
/* MHD would read a file by 4 KiB. */
#define SOURCE_BLOCK ((size_t)256 << 10)

struct server {
	struct lunad *lunad;
	struct server_options options;
	struct MHD_Daemon *daemon;
	int listener, epoll;
	/* answered once the open transaction is committed */
	struct link *pending, **last_pending;
	size_t count;
	int64_t since_ms;
	struct waiting waiting;
	bool resumed; /* connections that MHD has to look at */
	bool closing; /* MHD may not stop with a connection suspended */
};

static void
release(struct link *k, enum link_state state)
{
	k->state = state;
	k->server->resumed = true;
	if (k->suspended)
		MHD_resume_connection(k->connection);
	k->suspended = false;
}

static void
suspend(struct link *k)
{
	k->suspended = true;
	MHD_suspend_connection(k->connection);
}

/* A reply is ready: wait for the COMMIT when one is due, for its time when
 * it is to be late; or go. Returns false when it has to wait. */
static bool
settle(struct link *k)
{
	struct server *s = k->server;
	if (store_pending(s->lunad->store)) {
		if (s->count++ == 0)
			s->since_ms = text_tick();
		k->state = LINK_PENDING;
		k->next = NULL;
		*s->last_pending = k;
		s->last_pending = &k->next;
		return false;
	}
	if (k->call.mischief.delay_ms > 0) {
		k->state = LINK_DELAYED;
		k->until_ms = text_now() + k->call.mischief.delay_ms;
		k->call.mischief.delay_ms = 0;
		wait_add(&s->waiting, k);
		return false;
	}
	k->state = LINK_READY;
	return true;
}

void
server_commit(struct lunad *l)
{
	struct server *s = l->server;
	bool kept = !store_pending(l->store) || store_commit(l->store) == 0;
	struct link *k = s->pending;
	s->pending = NULL;
	s->last_pending = &s->pending;
	s->count = 0;
	clock_dirty(l);
	while (k != NULL) {
		struct link *next = k->next;
		if (!kept)
			dispatch_lost(&k->call);
		if (settle(k))
			release(k, LINK_READY);
		k = next;
	}
}

void
server_park(struct call *c, const char *key, int64_t until_ms)
{
	struct link *k = c->link;
	if (k == NULL)
		return; /* another service's call: its answer is an error */
	free(k->key);
	k->key = mem_text(key);
	k->hash = wait_hash(key);
	k->until_ms = until_ms;
}

void
lunad_wake(struct lunad *l, const char *key)
{
	if (l->server != NULL)
		wait_wake(&l->server->waiting, key);
}

void
server_wake_all(struct lunad *l)
{
	struct waiting *w = &l->server->waiting;
	for (struct link *k = w->first; k != NULL; k = k->next)
		k->woken = w->woken = true;
}

static bool
loopback(const struct link *k)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    k->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	return info != NULL && listen_loopback(info->client_addr);
}

/* Run the request; true when its reply may leave now. */
static bool
run(struct link *k)
{
	struct call *c = &k->call;
	struct lunad *l = k->server->lunad;
	c->as.body = buf_text(&c->body);
	c->as.body_len = c->body.len;
	if (admin_wants(c)) {
		admin(l, c, loopback(k));
	} else if (dispatch(l, c) == ANSWER_WAIT) {
		k->state = LINK_PARKED;
		wait_add(&k->server->waiting, k);
		return false;
	}
	return settle(k);
}

/* Those that were woken or waited long enough, in the order they came. */
static void
run_waiting(struct server *s)
{
	struct link *at = NULL, *k;
	int64_t now = text_now();
	while ((k = wait_take(&s->waiting, now, &at)) != NULL) {
		if (wait_gone(k))
			release(k, LINK_GONE);
		else if (k->state == LINK_DELAYED || run(k))
			release(k, LINK_READY);
	}
}

/* The answer's bytes from pos on, wherever they are. */
static ssize_t
read_reply(struct link *k, uint64_t pos, char *to, size_t max)
{
	struct call *c = &k->call;
	struct source *s = &c->source;
	if (s->len == 0) {
		memcpy(to, c->reply->data + pos, max);
		return (ssize_t)max;
	}
	pos += s->offset;
	ssize_t n = s->fd >= 0 ? pread(s->fd, to, max, (off_t)pos)
			       : s->read(s->user, pos, to, max);
	return n <= 0 ? MHD_CONTENT_READER_END_WITH_ERROR : n;
}

static uint64_t
reply_len(const struct call *c)
{
	return c->source.len > 0 ? c->source.len : c->reply->len;
}

/* The body from where it is; cut in half or a byte at a time where a fault
 * wants it so. */
static ssize_t
drip(void *cls, uint64_t pos, char *to, size_t max)
{
	struct link *k = cls;
	struct call *c = &k->call;
	uint64_t len = reply_len(c);
	if (max == 0)
		return 0;
	if (pos >= len)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (c->mischief.truncate && pos >= len / 2)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (c->mischief.slow_ms == 0) {
		uint64_t n = (c->mischief.truncate ? len / 2 : len) - pos;
		return read_reply(k, pos, to, n > max ? max : (size_t)n);
	}
	if (k->server->closing)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (k->state == LINK_READY && k->sent == pos) {
		k->sent++;
		k->state = LINK_DELAYED;
		k->until_ms = text_now() + c->mischief.slow_ms;
		wait_add(&k->server->waiting, k);
		suspend(k);
		return 0;
	}
	return read_reply(k, pos, to, 1);
}

static struct MHD_Response *
response_of(struct link *k)
{
	struct call *c = &k->call;
	struct mischief *m = &c->mischief;
	struct source *s = &c->source;
	if (reply_len(c) > 1 && (m->slow_ms > 0 || m->truncate))
		return MHD_create_response_from_callback(
		    reply_len(c), 1024, drip, k, NULL);
	if (s->len > 0)
		return MHD_create_response_from_callback(
		    s->len, SOURCE_BLOCK, drip, k, NULL);
	return MHD_create_response_from_buffer(
	    c->reply->len, c->reply->data, MHD_RESPMEM_PERSISTENT);
}

/* The clock as the fault shows it; else MHD adds the right date. */
static void
add_skewed_date(struct MHD_Response *r, int64_t skew_ms)
{
	char date[40];
	time_t at = (text_now() + skew_ms) / 1000;
	struct tm tm;
	if (skew_ms == 0)
		return;
	gmtime_r(&at, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	MHD_add_response_header(r, MHD_HTTP_HEADER_DATE, date);
}

static enum MHD_Result
reset_connection(struct link *k)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    k->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	if (info != NULL)
		setsockopt(
		    info->connect_fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	return MHD_NO;
}

static enum MHD_Result
send_reply(struct link *k)
{
	struct call *c = &k->call;
	if (k->state == LINK_GONE || c->mischief.reset || c->mischief.lost)
		return reset_connection(k);
	struct MHD_Response *r = response_of(k);
	if (r == NULL)
		return MHD_NO;
	if (c->type != NULL)
		MHD_add_response_header(
		    r, MHD_HTTP_HEADER_CONTENT_TYPE, c->type);
	for (size_t i = 0; i < c->headers; i++)
		MHD_add_response_header(
		    r, c->header[i].name, c->header[i].value);
	add_skewed_date(r, c->mischief.skew_ms);
	enum MHD_Result ok =
	    MHD_queue_response(k->connection, (unsigned)c->status, r);
	MHD_destroy_response(r);
	return ok;
}

/* MHD's first word about a request; what it returns is handle's *ctx. */
static void *
arrived(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct server *s = cls;
	struct link *k = mem_alloc(sizeof(*k));
	call_init(&k->call, s->lunad);
	k->call.link = k;
	k->server = s;
	k->connection = connection;
	k->target = mem_text(uri);
	k->call.as.target = k->target;
	return k;
}

static enum MHD_Result
add_header(void *cls, enum MHD_ValueKind kind, const char *name,
    size_t name_len, const char *value, size_t value_len)
{
	(void)kind;
	struct auth_request *q = cls;
	q->header[q->headers++] = (struct auth_header){
	    name, value == NULL ? "" : value, name_len, value_len};
	return MHD_YES;
}

/* Refuse before the body is read: MHD closes the connection after it. */
static enum MHD_Result
too_large(struct link *k)
{
	struct call *c = &k->call;
	c->status = MHD_HTTP_CONTENT_TOO_LARGE;
	c->type = "application/json";
	c->reply = &c->out;
	put_open(&c->out, NULL, '{');
	put_text(&c->out, "__type", "RequestEntityTooLargeException");
	put_text(&c->out, "message", "the body is larger than 64 MiB");
	put_close(&c->out, '}');
	return send_reply(k);
}

/* A client that waits for its body to be welcome is told at once when it is
 * not; MHD closes the connection after that. */
static enum MHD_Result
welcome(struct link *k)
{
	const struct auth_header *expect = call_asked(&k->call, "expect");
	if (k->call.r.error_status == 0 || expect == NULL)
		return MHD_YES;
	/* It has done nothing that is to be committed first. */
	dispatch(k->server->lunad, &k->call);
	k->state = LINK_READY;
	return send_reply(k);
}

static enum MHD_Result
read_headers(struct link *k, const char *method)
{
	struct auth_request *q = &k->call.as;
	int n = MHD_get_connection_values(
	    k->connection, MHD_HEADER_KIND, NULL, NULL);
	q->method = method;
	q->header =
	    request_alloc(&k->call.r, (size_t)(n + 1) * sizeof(q->header[0]));
	MHD_get_connection_values_n(
	    k->connection, MHD_HEADER_KIND, add_header, q);
	buf_init(&k->call.body, CORE_BODY_MAX);
	k->state = LINK_READING;
	if (raw_head(k->server->lunad, &k->call))
		return welcome(k);
	const struct auth_header *length = auth_header(q, "content-length");
	int64_t len;
	if (length != NULL &&
	    text_integer(length->value, 0, (int64_t)CORE_BODY_MAX, &len) < 0)
		return too_large(k);
	return MHD_YES;
}

static enum MHD_Result
handle(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *len,
    void **ctx)
{
	(void)connection;
	(void)url;
	(void)version;
	struct server *s = cls;
	struct link *k = *ctx;
	if (s->closing && k->state != LINK_READY)
		return reset_connection(k);
	if (k->state == LINK_NEW)
		return read_headers(k, method);
	if (k->state == LINK_READING && *len > 0 && k->call.headed) {
		raw_take(&k->call, data, *len);
		*len = 0;
		return MHD_YES;
	}
	if (k->state == LINK_READING && *len > 0) {
		buf_add(&k->call.body, data, *len);
		*len = 0;
		return k->call.body.full ? MHD_NO : MHD_YES;
	}
	if (k->state == LINK_READING)
		run(k);
	/* Without a reply MHD asks again in its next round, which is after the
	 * COMMIT: nothing is suspended for so short a while. */
	if (k->state == LINK_PENDING)
		return MHD_YES;
	if (k->state == LINK_PARKED || k->state == LINK_DELAYED) {
		suspend(k);
		return MHD_YES;
	}
	return send_reply(k);
}

/* Its client went away before the COMMIT. */
static void
forget_pending(struct link *k)
{
	struct server *s = k->server;
	struct link **at = &s->pending;
	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	if (s->last_pending == &k->next)
		s->last_pending = at;
}

static void
completed(void *cls, struct MHD_Connection *connection, void **ctx,
    enum MHD_RequestTerminationCode why)
{
	(void)cls;
	(void)connection;
	(void)why;
	struct link *k = *ctx;
	if (k == NULL)
		return;
	if (k->state == LINK_PENDING)
		forget_pending(k);
	else if (k->state == LINK_DELAYED)
		wait_drop(&k->server->waiting, k);
	call_clear(&k->call);
	free(k->key);
	free(k->target);
	free(k);
	*ctx = NULL;
}

/* The target is read raw; nothing here needs it decoded. */
static size_t
leave_encoded(void *cls, struct MHD_Connection *connection, char *text)
{
	(void)cls;
	(void)connection;
	return strlen(text);
}

int
server_open(
    struct lunad *l, const struct server_options *options, struct err *err)
{
	struct server *s = mem_alloc(sizeof(*s));
	l->server = s;
	s->lunad = l;
	s->options = *options;
	s->last_pending = &s->pending;
	s->listener =
	    listen_open(options->listen, options->expose, &l->base_url, err);
	if (s->listener < 0)
		return -1;
	s->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_TURBO |
					 MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC,
	    0, NULL, NULL, handle, s, MHD_OPTION_LISTEN_SOCKET, s->listener,
	    MHD_OPTION_URI_LOG_CALLBACK, arrived, s,
	    MHD_OPTION_NOTIFY_COMPLETED, completed, s,
	    MHD_OPTION_UNESCAPE_CALLBACK, leave_encoded, s,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_CONNECTION_S,
	    MHD_OPTION_END);
	const union MHD_DaemonInfo *info =
	    s->daemon == NULL
		? NULL
		: MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL)
		return err_set(err, ERR_SETUP, "Server",
		    "libmicrohttpd does not start on %s", options->listen);
	s->epoll = info->epoll_fd;
	return 0;
}

/* How long nothing can be due, in ms. */
static int
idle_ms(struct server *s)
{
	MHD_UNSIGNED_LONG_LONG mhd;
	if (store_pending(s->lunad->store) || s->waiting.woken || s->resumed)
		return 0;
	int64_t wait = clock_wait(s->lunad, IDLE_MS);
	if (MHD_get_timeout(s->daemon, &mhd) == MHD_YES &&
	    mhd < (MHD_UNSIGNED_LONG_LONG)wait)
		wait = (int64_t)mhd;
	if (s->waiting.first != NULL) {
		int64_t left = s->waiting.next_ms - text_now();
		if (left < wait)
			wait = left < 0 ? 0 : left;
	}
	return (int)wait;
}

/* poll(2), by the one service that has transfers of its own. */
static void
wait_for(struct lunad *l, struct pollfd *fds, size_t count, int timeout_ms)
{
	for (size_t i = 0; lunad_apis[i] != NULL; i++)
		if (lunad_apis[i]->wait != NULL &&
		    lunad_apis[i]->wait(l, fds, count, timeout_ms)) {
			clock_dirty(l);
			return;
		}
	poll(fds, (nfds_t)count, timeout_ms);
}

void
server_run(struct lunad *l)
{
	struct server *s = l->server;
	for (;;) {
		struct pollfd fds[] = {{.fd = s->epoll, .events = POLLIN},
		    {.fd = s->options.signals, .events = POLLIN}};
		wait_for(l, fds, 2, idle_ms(s));
		if (fds[1].revents != 0 &&
		    s->options.on_signal(s->options.user))
			break;
		bool late = s->count >= TOGETHER ||
			    (s->count > 0 && text_tick() > s->since_ms);
		if (store_pending(l->store) && (fds[0].revents == 0 || late))
			server_commit(l);
		s->resumed = false;
		MHD_run(s->daemon);
		run_waiting(s);
		clock_run(l, TOGETHER);
	}
	server_commit(l);
}

void
server_close(struct lunad *l)
{
	struct server *s = l->server;
	if (s == NULL)
		return;
	s->closing = true;
	for (struct link *k = s->waiting.first; k != NULL;) {
		struct link *next = k->next;
		wait_drop(&s->waiting, k);
		release(k, LINK_GONE);
		k = next;
	}
	if (s->daemon != NULL) {
		MHD_run(s->daemon);
		MHD_stop_daemon(s->daemon);
	} else if (s->listener >= 0) {
		close(s->listener);
	}
	free(s);
	l->server = NULL;
}
