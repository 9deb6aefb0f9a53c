#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diag.h"
#include "mem.h"
#include "tool_inner.h"

enum { SHOWN_OF_A_CODE = 10 };

struct tool_seen {
	char code[96];
	uint64_t count;
	struct tool_seen *next;
};

int
tool_open_append(struct tool *t, const char *option, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		tool_usage(t, "%s %s: %s", option, path, strerror(errno));
	struct stat file, other;
	if (fstat(fd, &file) != 0 || S_ISCHR(file.st_mode))
		return fd;
	for (int std = 0; std <= 1; std++)
		if (fstat(std, &other) == 0 && other.st_dev == file.st_dev &&
		    other.st_ino == file.st_ino)
			tool_usage(t, "%s %s is also %s: name another file",
			    option, path, std == 0 ? "stdin" : "stdout");
	return fd;
}

int
tool_append(int fd, struct buf *line)
{
	buf_add_char(line, '\n');
	for (size_t at = 0; at < line->len;) {
		ssize_t n = write(fd, line->data + at, line->len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += (size_t)n;
	}
	return 0;
}

static struct tool_seen *
seen(struct tool *t, const char *code)
{
	struct tool_seen *s = t->seen;
	while (s != NULL && strcmp(s->code, code) != 0)
		s = s->next;
	if (s == NULL) {
		s = mem_alloc(sizeof(*s));
		snprintf(s->code, sizeof(s->code), "%s", code);
		s->next = t->seen;
		t->seen = s;
	}
	return s;
}

void
tool_report(struct tool *t, uint64_t line, const struct err *err)
{
	if (++seen(t, err->code)->count > SHOWN_OF_A_CODE)
		return;
	char where[40] = "", request[100] = "";
	if (line > 0)
		snprintf(where, sizeof(where),
		    "line %llu: ", (unsigned long long)line);
	if (err->request_id[0] != '\0')
		snprintf(
		    request, sizeof(request), " (request %s)", err->request_id);
	diag("%s%s: %s%s", where, err->code, err->message, request);
}

/* The file takes no more: from now on it is as without one. */
static void
give_up_file(struct tool *t, int error)
{
	diag("--failed %s: %s", t->failed_path, strerror(error));
	close(t->failed_fd);
	t->failed_fd = -1;
	t->keep_failed = true;
	t->not_kept++;
}

void
tool_keep(
    struct tool *t, const struct record *r, bool parsed, const struct err *err)
{
	struct buf line = {0};
	if (t->failed_fd < 0) {
		t->not_kept++;
	} else {
		record_emit_error(r, parsed, t->about->name, err, &line);
		if (tool_append(t->failed_fd, &line) != 0)
			give_up_file(t, errno);
		buf_clear(&line);
	}
	t->failed++;
	if (err->kind == ERR_LATER)
		t->failed_later++;
}

void
tool_fail(
    struct tool *t, const struct record *r, bool parsed, const struct err *err)
{
	tool_report(t, r->number, err);
	tool_keep(t, r, parsed, err);
}

void
tool_last_lines(struct tool *t)
{
	for (struct tool_seen *s = t->seen; s != NULL; s = s->next)
		if (s->count > SHOWN_OF_A_CODE)
			diag("%s: %llu more", s->code,
			    (unsigned long long)(s->count - SHOWN_OF_A_CODE));
	unsigned long long all = t->accepted + t->failed;
	if (t->not_kept > 0)
		diag("%llu of %llu records failed and were not kept",
		    (unsigned long long)t->not_kept, all);
	else if (t->failed > 0 && t->failed_path != NULL)
		diag("%llu of %llu records failed and are in %s",
		    (unsigned long long)t->failed, all, t->failed_path);
}

void
tool_forget_seen(struct tool *t)
{
	while (t->seen != NULL) {
		struct tool_seen *next = t->seen->next;
		free(t->seen);
		t->seen = next;
	}
}
