/*
 * Drives call.c from bats: makes calls and prints a line for each.
 *
 * usage: call [-1hlpvw] [-b BYTES] [-c CALLS] [-e MS] [-j JOBS] [-m MAX_REPLY]
 *             [-R] [-t MS] [-u URL] [-x MS] SERVICE OPERATION [BODY]
 *
 * -1 one attempt; -l long poll; -u an unsigned request to URL; -h call_hurry
 * after the first poll; -e the credentials expire MS from now; -R their
 * refresh is refused; -x the timeout; -w call_run instead of the loop; -b a
 * body of so many bytes; -p ends, with calls under way, as soon as stdin is
 * readable or stdout has no reader, and says which. Prints "KIND CODE STATUS" and what else is set, then
 * the number of asks for credentials when there was more than one.
 */
#include <dlfcn.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "diag.h"
#include "mem.h"
#include "text.h"

/* With TEST_SLOW_NAMES no name server answers. libcurl calls this one. */
int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
    struct addrinfo **out)
{
	int (*libc)(const char *, const char *, const struct addrinfo *,
	    struct addrinfo **);
	void *found = dlsym(RTLD_NEXT, "getaddrinfo");
	memcpy(&libc, &found, sizeof(libc));
	if (getenv("TEST_SLOW_NAMES") != NULL)
		sleep(25);
	return libc(node, service, hints, out);
}

struct keys {
	struct cred cred;
	int asks, refreshes;
	int64_t expires_ms;
	bool refuse;
};

static const struct cred *
get(void *ctx, bool refresh, struct err *err)
{
	struct keys *k = ctx;
	k->asks++;
	k->refreshes += refresh;
	cred_clear(&k->cred);
	if (refresh && k->refuse) {
		err_set(err, ERR_LATER, "NoCredentials", "refresh refused");
		return NULL;
	}
	char *key = mem_format("AKIAEXAMPLE%d", k->asks);
	cred_set(&k->cred, key, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	    k->expires_ms != 0 ? "EXAMPLETOKEN" : NULL,
	    k->expires_ms != 0 ? text_now() + k->expires_ms : 0, "the test");
	free(key);
	return &k->cred;
}

static void
print(const struct call *call)
{
	static const char *const kinds[] = {
	    "none", "record", "refused", "later", "setup"};
	printf("%s %s %d attempts=%d", kinds[call->err.kind],
	    call->err.code[0] != '\0' ? call->err.code : "-", call->status,
	    call->attempts);
	if (call->err.throttled)
		printf(" throttled");
	if (call->sent)
		printf(" sent");
	if (call->request_id[0] != '\0')
		printf(" id=%s", call->request_id);
	if (call->retry_after_ms >= 0)
		printf(" after=%" PRId64, call->retry_after_ms);
	if (call->err.kind != ERR_NONE)
		printf(" (%s)", call->err.message);
	else if (call->reply.len < 200)
		printf(" %s", buf_text(&call->reply));
	else
		printf(" %zu bytes", call->reply.len);
	putchar('\n');
}

static void
die(const char *what)
{
	diag("%s", what);
	exit(2);
}

static int64_t
number(const char *text)
{
	int64_t n;
	if (text_integer(text, INT64_MIN, INT64_MAX, &n) != 0)
		die(text);
	return n;
}

int
main(int argc, char **argv)
{
	struct call model = {0};
	struct conf_options options = {0};
	struct keys keys = {0};
	struct err err = {0};
	struct conf conf;
	bool hurry = false, wait = false, probe = false;
	int64_t count = 1, jobs = 1, bytes = 0;
	for (int o; (o = getopt(argc, argv, "1b:c:e:hj:lm:pRt:u:vwx:")) != -1;)
		switch (o) {
		case '1':
			model.once = true;
			break;
		case 'b':
			bytes = number(optarg);
			break;
		case 'c':
			count = number(optarg);
			break;
		case 'e':
			keys.expires_ms = number(optarg);
			break;
		case 'h':
			hurry = true;
			break;
		case 'j':
			jobs = number(optarg);
			break;
		case 'l':
			model.long_poll = true;
			break;
		case 'm':
			model.max_reply = (size_t)number(optarg);
			break;
		case 'p':
			probe = true;
			break;
		case 'R':
			keys.refuse = true;
			break;
		case 't':
			options.timeout_ms = number(optarg);
			break;
		case 'u':
			model.url = optarg;
			break;
		case 'v':
			options.verbose++;
			break;
		case 'w':
			wait = true;
			break;
		case 'x':
			model.timeout_ms = number(optarg);
			break;
		default:
			return 2;
		}
	argv += optind;
	argc -= optind;
	if (model.url == NULL) {
		model.service = argc > 0 ? service_find(argv[0]) : NULL;
		if (model.service == NULL || argc < 2)
			die("no service or operation");
		model.operation = argv[1];
		argv += 2;
		argc -= 2;
	}
	model.body = argc > 0 ? argv[0] : "{}";
	model.body_len = strlen(model.body);
	char *large = NULL;
	if (bytes > 0) {
		large = mem_alloc((size_t)bytes + 1);
		memset(large, 'x', (size_t)bytes);
		model.body = large;
		model.body_len = (size_t)bytes;
	}
	if (conf_init(&conf, conf_env_process(), &options, &err) != 0)
		die(err.message);
	struct caller *c = call_open(&conf,
	    (struct call_cred){.get = get, .ctx = &keys}, "test", (size_t)jobs);
	struct call *calls = mem_alloc((size_t)count * sizeof(*calls));
	int64_t started = 0, finished = 0;
	while (finished < count) {
		while (started < count && call_running(c) < (size_t)jobs) {
			calls[started] = model;
			if (wait) {
				call_run(c, &calls[started], NULL);
				finished++;
				print(&calls[started]);
			} else {
				call_start(c, &calls[started]);
			}
			started++;
		}
		struct pollfd fds[] = {
		    {.fd = 0, .events = POLLIN}, {.fd = 1, .events = 0}};
		if (!wait)
			call_poll(c, fds, probe ? 2 : 0, -1);
		if (probe && (fds[0].revents | fds[1].revents) != 0) {
			fprintf(stderr, "woken:%s%s%s\n",
			    fds[0].revents & POLLIN ? " input" : "",
			    fds[0].revents & POLLHUP ? " end" : "",
			    fds[1].revents & POLLERR ? " no reader" : "");
			break;
		}
		if (hurry)
			call_hurry(c);
		for (struct call *done; (done = call_next(c)) != NULL;) {
			finished++;
			print(done);
			call_clear(done);
		}
	}
	if (keys.asks > 1)
		printf("asks=%d refreshes=%d\n", keys.asks, keys.refreshes);
	for (int64_t i = 0; i < count; i++)
		call_clear(&calls[i]);
	call_close(c);
	conf_clear(&conf);
	cred_clear(&keys.cred);
	free(calls);
	free(large);
	return 0;
}
