#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "diag.h"
#include "text.h"
#include "tool_inner.h"

ssize_t
tool_input(struct tool *t, char *to, size_t room)
{
	ssize_t n = read(STDIN_FILENO, to, room);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return -1;
	if (n < 0) {
		diag("stdin: %s", strerror(errno));
		t->input_failed = true;
		return 0;
	}
	return n;
}

void
tool_read(struct tool *t, struct window *w)
{
	size_t room;
	char *to = window_room(w, &room);
	ssize_t n = tool_input(t, to, room);
	if (n >= 0)
		window_read(w, (size_t)n);
}

enum waited { READABLE, AGAIN, TIMEOUT, OVER };

/* Wait for stdin, a signal, the tick `until` (-1: none), or the reader of
 * stdout to go away. 5 s after a signal what has come is all there is. */
static enum waited
wait_for_input(struct tool *t, int64_t until)
{
	struct pollfd fd[] = {{.fd = STDIN_FILENO, .events = POLLIN},
	    {.fd = t->stop_fd, .events = POLLIN},
	    {.fd = STDOUT_FILENO, .events = 0}};
	int64_t left = -1;
	if (tool_stopping(t)) {
		left = tool_grace_ms(t);
		fd[1].fd = -1;
	}
	if (left == 0)
		return OVER;
	if (until >= 0) {
		int64_t wait = until - text_tick();
		if (wait <= 0)
			return TIMEOUT;
		if (left < 0 || wait < left)
			left = wait < INT_MAX ? wait : INT_MAX;
	}
	if (poll(fd, 3, (int)left) <= 0)
		return AGAIN;
	if (fd[2].revents & POLLERR)
		tool_output_failed(t, EPIPE);
	else if (fd[0].revents != 0)
		return READABLE;
	return AGAIN;
}

int
tool_bytes(struct tool *t, char *to, size_t room, size_t *len)
{
	while (tool_flush(t) == 0) {
		enum waited waited = wait_for_input(t, -1);
		if (waited == OVER)
			return -1;
		ssize_t n = waited == READABLE ? tool_input(t, to, room) : -1;
		if (n < 0)
			continue;
		*len = (size_t)n;
		return t->input_failed ? -1 : 0;
	}
	return -1;
}

/* The next line that is there, or NULL; those that are no records fail. */
static const struct record *
take(struct tool *t)
{
	struct window_slot *slot;
	while ((slot = window_next(t->window)) != NULL) {
		if (slot->parsed)
			return &slot->rec;
		tool_fail(t, &slot->rec, false, slot->err);
		window_release(t->window);
	}
	return NULL;
}

/* stdout failed: what was read cannot be printed any more. */
static void
fail_rest(struct tool *t)
{
	const struct record *r;
	struct err err;
	err_set(&err, ERR_LATER, "OutputFailed",
	    "stdout failed before the record was printed");
	window_end(t->window);
	while ((r = take(t)) != NULL) {
		tool_keep(t, r, true, &err);
		window_release(t->window);
	}
}

const struct record *
tool_next(struct tool *t)
{
	return tool_next_until(t, -1, NULL);
}

const struct record *
tool_next_until(struct tool *t, int64_t tick_ms, bool *timeout)
{
	const struct record *r;
	if (timeout != NULL)
		*timeout = false;
	if (t->window == NULL)
		t->window = window_new(1, t->memory, t->max_line);
	while (window_held(t->window) > 0)
		window_release(t->window);
	while (!t->out_failed) {
		if ((r = take(t)) != NULL)
			return r;
		if (window_ended(t->window))
			return NULL;
		if (tool_flush(t) != 0)
			continue;
		enum waited waited = wait_for_input(t, tick_ms);
		if (waited == READABLE)
			tool_read(t, t->window);
		else if (waited == OVER)
			window_end(t->window);
		else if (waited == TIMEOUT) {
			*timeout = true;
			return NULL;
		}
	}
	fail_rest(t);
	return NULL;
}
