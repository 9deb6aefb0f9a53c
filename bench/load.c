/*
 * load - how many requests a second does an endpoint answer?
 *
 * Signs JSON requests (SigV4) and sends them over N connections that are
 * kept alive (one that the other side closes is opened again), each with one
 * request under way, from one thread. Prints one JSON line: requests, failures, seconds, requests a second, percentiles of
 * the time to answer. Keys and region come from the environment.
 *
 *	load -c 8 -n 100000 -s sqs -t AmazonSQS.SendMessage \
 *	    -b '{"QueueUrl":"orders","MessageBody":"n {{n}}"}' \
 *	    http://127.0.0.1:4566
 *
 * {{n}} in a body is the request's number; @FILE is a body in a file. With -x NAME, -T and -B each
 * answer is followed by a second request on its connection, in whose body
 * {{x}} is the text of the answer's first member NAME, as it stands there;
 * an answer without it ends the run.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "diag.h"
#include "mem.h"
#include "opt.h"
#include "sigv4.h"
#include "text.h"

#define READ_BYTES 65536

static int64_t connections = 8, count = 10000, start = 1;
static const char *service = "sqs", *version = "1.0";
static const char *target[2], *body[2], *extract;

static const struct opt options[] = {
    {'c', "connections", OPT_INTEGER, &connections, "N", "default 8", 1, 1024},
    {'n', "count", OPT_INTEGER, &count, "N", "requests, default 10000", 1,
	INT64_MAX},
    {'f', "from", OPT_INTEGER, &start, "N", "the first {{n}}, default 1", 0,
	INT64_MAX},
    {'s', "service", OPT_TEXT, &service, "NAME", "default sqs", 0, 0},
    {'j', "json", OPT_TEXT, &version, "VERSION", "1.0 (default) or 1.1", 0, 0},
    {'t', "target", OPT_TEXT, &target[0], "T", "X-Amz-Target", 0, 0},
    {'b', "body", OPT_TEXT, &body[0], "JSON", "template of the body", 0, 0},
    {'x', "extract", OPT_TEXT, &extract, "NAME", "fills {{x}}", 0, 0},
    {'T', "then", OPT_TEXT, &target[1], "T", "second request's target", 0, 0},
    {'B', "then-body", OPT_TEXT, &body[1], "JSON", "and body", 0, 0}, {0}};

static struct sigv4 *signer;
static struct cred cred;
static char *host;
static struct addrinfo *address;
static int epoll;

struct connection {
	int fd;
	struct buf out, in, request, found;
	size_t sent;
	int64_t number, since_us;
	int phase; /* 0: the request, 1: the one that follows it */
};

/* Times to answer, counted by eighths of a power of two of µs. */
static int64_t times[512];
static int64_t begun, done, failures;
static bool dry;

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static size_t
bucket_of(int64_t us)
{
	int log = 63 - __builtin_clzll((unsigned long long)us | 8);

	return (size_t)(log * 8 + (us >> (log - 3) & 7));
}

static int64_t
percentile(double part)
{
	int64_t rest = (int64_t)((double)done * part);

	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		rest -= times[i];
		if (rest < 0)
			return (int64_t)(8 + i % 8) << (i / 8) >> 3;
	}
	return 0;
}

static void
fill(struct connection *k, const char *template)
{
	char number[24];

	snprintf(number, sizeof number, "%lld", (long long)k->number);
	buf_reset(&k->request);
	for (const char *at = template; *at;) {
		if (strncmp(at, "{{n}}", 5) == 0) {
			buf_add_text(&k->request, number);
			at += 5;
		} else if (strncmp(at, "{{x}}", 5) == 0) {
			buf_add(&k->request, buf_text(&k->found), k->found.len);
			at += 5;
		} else {
			buf_add_char(&k->request, *at++);
		}
	}
}

static void
make_request(struct connection *k)
{
	static struct sigv4_signed out;
	char type[40];
	const struct sigv4_header header[] = {{"content-type", type},
	    {"host", host}, {"x-amz-target", target[k->phase]}};
	struct sigv4_request req = {
	    .method = "POST", .path = "/", .header = header, .header_count = 3};

	fill(k, body[k->phase]);
	snprintf(type, sizeof type, "application/x-amz-json-%s", version);
	req.body = buf_text(&k->request);
	req.body_len = k->request.len;
	sigv4_sign(signer, &req, &cred, text_now(), &out);
	buf_reset(&k->out);
	buf_addf(&k->out,
	    "POST / HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\n"
	    "X-Amz-Target: %s\r\nX-Amz-Date: %s\r\nAuthorization: %s\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    host, type, target[k->phase], out.date,
	    buf_text(&out.authorization), k->request.len);
	buf_add(&k->out, buf_text(&k->request), k->request.len);
	k->sent = 0;
	buf_reset(&k->in);
	k->since_us = now_us();
}

static int
push(struct connection *k)
{
	while (k->sent < k->out.len) {
		ssize_t n = send(k->fd, k->out.data + k->sent,
		    k->out.len - k->sent, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		k->sent += (size_t)n;
	}
	return 0;
}

/* Is the whole answer there? Its head ends at *head. */
static bool
complete(const struct connection *k, size_t *head)
{
	const char *text = buf_text(&k->in);
	const char *end = strstr(text, "\r\n\r\n");
	const char *length = strcasestr(text, "content-length:");

	if (!end)
		return false;
	*head = (size_t)(end - text) + 4;
	return k->in.len >= *head + (length && length < end
					    ? strtoul(length + 15, NULL, 10)
					    : 0);
}

static bool
find(struct connection *k, const char *text)
{
	char name[128];
	const char *at, *end;

	snprintf(name, sizeof name, "\"%s\":\"", extract);
	at = strstr(text, name);
	end = at ? strchr(at + strlen(name), '"') : NULL;
	if (!end)
		return false;
	at += strlen(name);
	buf_reset(&k->found);
	buf_add(&k->found, at, (size_t)(end - at));
	return true;
}

static void
count_answer(const struct connection *k)
{
	int64_t us = now_us() - k->since_us;

	done++;
	times[bucket_of(us)]++;
	if (strncmp(buf_text(&k->in), "HTTP/1.1 200", 12) != 0 &&
	    failures++ == 0)
		diag("%.*s", (int)(k->in.len < 2000 ? k->in.len : 2000),
		    buf_text(&k->in));
}

/* Returns false when this connection has nothing more to do. */
static bool
next_request(struct connection *k, size_t head)
{
	if (target[1] && k->phase == 0) {
		if (!find(k, k->in.data + head)) {
			dry = true;
			return false;
		}
		k->phase = 1;
	} else {
		if (begun == count || dry)
			return false;
		k->phase = 0;
		k->number = start + begun++;
	}
	make_request(k);
	return true;
}

/* Does the other side close after this answer? moto does after each. */
static bool
closes(const struct connection *k, size_t head)
{
	const char *text = buf_text(&k->in);
	const char *word = strcasestr(text, "\r\nconnection: close");

	return word && word < text + head;
}

static void
dial(struct connection *k)
{
	int one = 1;
	struct epoll_event event = {
	    .events = EPOLLIN | EPOLLOUT | (uint32_t)EPOLLET, .data.ptr = k};

	k->fd = socket(address->ai_family, SOCK_STREAM, 0);
	if (k->fd < 0 ||
	    connect(k->fd, address->ai_addr, address->ai_addrlen) != 0) {
		diag("connect %s: %s", host, strerror(errno));
		exit(75);
	}
	setsockopt(k->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	fcntl(k->fd, F_SETFL, O_NONBLOCK);
	epoll_ctl(epoll, EPOLL_CTL_ADD, k->fd, &event);
}

/* Returns false when the connection is done, or lost. */
static bool
pull(struct connection *k)
{
	char *to;
	bool again;
	size_t head;
	ssize_t n;

	for (;;) {
		to = buf_room(&k->in, READ_BYTES);
		n = recv(k->fd, to, READ_BYTES - 1, 0);
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0) {
			failures++;
			diag("the connection was lost");
			return false;
		}
		k->in.len += (size_t)n;
		to[n] = '\0';
		if (!complete(k, &head))
			continue;
		count_answer(k);
		again = closes(k, head);
		if (!next_request(k, head))
			return false;
		if (again) {
			close(k->fd);
			dial(k);
		}
		if (push(k) != 0)
			return false;
	}
}

static struct addrinfo *
resolve(const char *url)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	char *name, *port;

	if (strncmp(url, "http://", 7) != 0) {
		diag("%s: an endpoint is http://HOST:PORT", url);
		exit(2);
	}
	host = mem_text_of(url + 7, strcspn(url + 7, "/"));
	name = mem_text(host);
	port = strrchr(name, ':');
	if (port)
		*port++ = '\0';
	if (getaddrinfo(name, port ? port : "80", &hints, &found) != 0) {
		diag("%s: no such host", name);
		exit(75);
	}
	free(name);
	return found;
}

static void
run(void)
{
	struct connection *all = mem_alloc((size_t)connections * sizeof *all);
	struct epoll_event ready[64];
	int64_t open = 0;

	epoll = epoll_create1(EPOLL_CLOEXEC);
	for (int64_t i = 0; i < connections && begun < count; i++) {
		all[i].number = start + begun++;
		make_request(&all[i]);
		dial(&all[i]);
		open++;
	}
	while (open > 0) {
		int n = epoll_wait(epoll, ready, 64, -1);

		for (int i = 0; i < n; i++) {
			struct connection *k = ready[i].data.ptr;

			if (push(k) == 0 &&
			    (!(ready[i].events & EPOLLIN) || pull(k)))
				continue;
			close(k->fd);
			open--;
		}
	}
	for (int64_t i = 0; i < connections; i++) {
		buf_clear(&all[i].in);
		buf_clear(&all[i].out);
		buf_clear(&all[i].request);
		buf_clear(&all[i].found);
	}
	close(epoll);
	free(all);
}

static const char *
environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	if (!value && !otherwise) {
		diag("%s is not set", name);
		exit(2);
	}
	return value ? value : otherwise;
}

/* What a body is that names a file; never freed. */
static const char *
read_body(const char *given)
{
	struct buf text = {0};
	char *room;
	size_t n;

	if (!given || *given != '@')
		return given;
	FILE *f = fopen(given + 1, "r");
	if (!f) {
		diag("%s cannot be read", given + 1);
		exit(2);
	}
	while ((room = buf_room(&text, READ_BYTES)) &&
	       (n = fread(room, 1, READ_BYTES, f)) > 0)
		text.len += n;
	fclose(f);
	return buf_take(&text);
}

int
main(int argc, char **argv)
{
	const struct opt *const tables[] = {options, NULL};
	struct err err;
	int first;
	double seconds;

	diag_name("load");
	if (opt_parse(argc, argv, tables, false, &first, &err) != 0 ||
	    first + 1 != argc || !target[0] || !body[0] ||
	    (target[1] && (!body[1] || !extract))) {
		diag("usage: load [-c N] [-n N] -s SERVICE -t TARGET -b JSON "
		     "[-x NAME -T TARGET -B JSON] ENDPOINT; JSON: or @FILE");
		return 2;
	}
	cred_set(&cred, environment("AWS_ACCESS_KEY_ID", NULL),
	    environment("AWS_SECRET_ACCESS_KEY", NULL),
	    getenv("AWS_SESSION_TOKEN"), 0, "environment");
	signer = sigv4_new(environment("AWS_REGION", "us-east-1"), service);
	address = resolve(argv[first]);
	for (int i = 0; i < 2; i++)
		body[i] = read_body(body[i]);
	seconds = (double)-now_us() / 1e6;
	run();
	seconds += (double)now_us() / 1e6;
	printf("{\"requests\":%lld,\"failures\":%lld,\"seconds\":%.3f,"
	       "\"per_second\":%.0f,\"p50_us\":%lld,\"p99_us\":%lld}\n",
	    (long long)done, (long long)failures, seconds,
	    (double)done / seconds, (long long)percentile(0.5),
	    (long long)percentile(0.99));
	freeaddrinfo(address);
	sigv4_free(signer);
	cred_clear(&cred);
	free(host);
	return failures ? 1 : 0;
}
