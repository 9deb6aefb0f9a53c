#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "lease.h"
#include "mem.h"

enum { REPORT = 4096 /* bytes of one datagram */ };

/* One lease that is told something. */
struct told {
	char *name;
	struct buf text;
	struct told *next;
};

struct lease_teller {
	int fd;
	struct told *first;
};

struct lease_teller *
lease_teller_new(void)
{
	struct lease_teller *t = mem_alloc(sizeof(*t));
	/* Should sqs-recv be stopped, waiting for it must end. */
	struct timeval patience = {.tv_sec = 1};
	t->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	setsockopt(t->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return t;
}

static void
post(struct lease_teller *t, struct told *to)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	size_t len = strlen(to->name);
	if (to->text.len == 0)
		return;
	memcpy(at.sun_path + 1, to->name, len);
	sendto(t->fd, to->text.data, to->text.len, MSG_NOSIGNAL,
	    (struct sockaddr *)&at,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len));
	buf_reset(&to->text);
}

/* Only what lease_open makes is a name: a record from elsewhere could send
 * us to any socket of this machine. */
static bool
is_name(const char *name)
{
	static const char prefix[] = LEASE_PREFIX;
	size_t len = strlen(prefix);
	return strncmp(name, prefix, len) == 0 &&
	       strlen(name) == len + LEASE_DIGITS &&
	       strspn(name + len, "0123456789abcdef") == LEASE_DIGITS;
}

static struct told *
find(struct lease_teller *t, const char *name)
{
	struct told *at = t->first;
	while (at != NULL && strcmp(at->name, name) != 0)
		at = at->next;
	return at;
}

void
lease_receipt(const char *id, const char *handle, struct buf *out)
{
	buf_addf(out, "%s %016llx", id,
	    (unsigned long long)batch_hash(handle, strlen(handle)));
}

void
lease_meet(struct lease_teller *t, const char *name)
{
	if (find(t, name) != NULL || !is_name(name))
		return;
	struct told *to = mem_alloc(sizeof(*to));
	to->name = mem_text(name);
	to->next = t->first;
	t->first = to;
	buf_add_text(&to->text, "\n"); /* nothing yet, but somebody is here */
	post(t, to);
}

void
lease_tell(
    struct lease_teller *t, const char *name, const char *receipt, bool deleted)
{
	struct told *to = find(t, name);
	if (to == NULL)
		return;
	if (to->text.len + strlen(receipt) > REPORT - 2)
		post(t, to);
	buf_addf(&to->text, "%c%s\n", deleted ? '+' : '-', receipt);
}

void
lease_tell_flush(struct lease_teller *t)
{
	for (struct told *at = t->first; at != NULL; at = at->next)
		post(t, at);
}

void
lease_teller_end(struct lease_teller *t)
{
	lease_tell_flush(t);
	while (t->first != NULL) {
		struct told *at = t->first;
		buf_add_text(&at->text, ".\n");
		post(t, at);
		t->first = at->next;
		buf_clear(&at->text);
		free(at->name);
		free(at);
	}
	close(t->fd);
	free(t);
}
