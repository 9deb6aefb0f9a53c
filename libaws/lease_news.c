#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "lease_inner.h"
#include "mem.h"
#include "text.h"

enum { DATAGRAM = 8192 /* bytes of one report */ };

int
lease_listen(struct lease *l, struct err *err)
{
	/* An abstract name: nothing to remove, even after kill -9. */
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	size_t len = strlen(l->name);
	memcpy(at.sun_path + 1, l->name, len);
	int on = 1;
	l->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd >= 0 &&
	    setsockopt(l->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0 &&
	    bind(l->fd, (struct sockaddr *)&at,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			    len)) == 0)
		return 0;
	return err_set(err, ERR_SETUP, "NoSocket",
	    "no socket for the reports of sqs-ack: %s", strerror(errno));
}

void
lease_deafen(struct lease *l)
{
	if (l->fd >= 0)
		close(l->fd);
	for (size_t i = 0; i < l->acks; i++)
		if (l->ack[i].fd >= 0)
			close(l->ack[i].fd);
	free(l->ack);
}

int
lease_fd(const struct lease *l)
{
	return l->fd;
}

static void
drop_ack(struct lease *l, size_t i)
{
	if (l->ack[i].fd >= 0)
		close(l->ack[i].fd);
	l->ack[i] = l->ack[--l->acks];
}

static void
heard(struct lease *l, pid_t pid, bool ended)
{
	size_t i = 0;
	l->news_ms = text_tick();
	l->met = true;
	while (i < l->acks && l->ack[i].pid != pid)
		i++;
	if (ended && i < l->acks)
		drop_ack(l, i);
	if (ended || i < l->acks)
		return;
	l->ack = mem_grow(l->ack, l->acks + 1, sizeof(*l->ack));
	l->ack[l->acks++] =
	    (struct lease_ack){pid, pid > 0 ? pidfd_open(pid, 0) : -1};
}

/* Of an older receipt nothing is believed: the message came again since. */
static void
settled(struct lease *l, char *receipt, bool deleted)
{
	char *end, *space = strrchr(receipt, ' ');
	if (space == NULL)
		return;
	*space = '\0';
	struct lease_message *m =
	    lease_find(l, batch_hash(receipt, strlen(receipt)));
	uint64_t handle = strtoull(space + 1, &end, 16);
	if (m != NULL && *end == '\0' &&
	    batch_hash(m->handle, strlen(m->handle)) == handle)
		lease_drop(l, m, deleted);
}

/* Lines: "+RECEIPT" deleted, "-RECEIPT" made visible, "." the end; an empty
 * one: here I am. */
static void
read_report(struct lease *l, char *text, pid_t pid)
{
	bool ended = false;
	char *save, *line = strtok_r(text, "\n", &save);
	for (; line != NULL; line = strtok_r(NULL, "\n", &save)) {
		if (line[0] == '+' || line[0] == '-')
			settled(l, line + 1, line[0] == '+');
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
		if (c != NULL && c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SCM_CREDENTIALS)
			memcpy(&who, CMSG_DATA(c), sizeof(who));
		if (who.uid != geteuid() && who.uid != 0)
			continue; /* not ours to believe */
		text[n] = '\0';
		read_report(l, text, who.pid);
	}
}

/* Forget sqs-acks that ended without a word. Is one known to run? */
static bool
attended(struct lease *l)
{
	bool any = false;
	for (size_t i = l->acks; i-- > 0;) {
		struct pollfd fd = {.fd = l->ack[i].fd, .events = POLLIN};
		if (fd.fd < 0)
			continue;
		if (poll(&fd, 1, 0) > 0)
			drop_ack(l, i);
		else
			any = true;
	}
	return any;
}

bool
lease_silent(struct lease *l, int64_t now_ms)
{
	return !attended(l) && now_ms - l->news_ms >= l->about.visibility_ms;
}

bool
lease_left(struct lease *l)
{
	return !attended(l) && l->met && l->acks == 0;
}
