#include <sys/socket.h>
#include <sys/un.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lease.h"
#include "mem.h"

/* One lease that was told something. */
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

static struct told *
told(struct lease_teller *t, const char *name)
{
	struct told *at = t->first;
	while (at != NULL && strcmp(at->name, name) != 0)
		at = at->next;
	if (at == NULL) {
		at = mem_alloc(sizeof(*at));
		at->name = mem_text(name);
		at->next = t->first;
		t->first = at;
	}
	return at;
}

static void
post(struct lease_teller *t, struct told *to)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	size_t len = strlen(to->name);
	if (to->text.len > 0 && len < sizeof(at.sun_path) - 1) {
		memcpy(at.sun_path + 1, to->name, len);
		sendto(t->fd, to->text.data, to->text.len, MSG_NOSIGNAL,
		    (struct sockaddr *)&at,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				len));
	}
	buf_reset(&to->text);
}

void
lease_tell(struct lease_teller *t, const char *name, const char *id)
{
	struct told *to = told(t, name);
	if (to->text.len + strlen(id) > 4096)
		post(t, to);
	buf_addf(&to->text, "+%s\n", id);
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
