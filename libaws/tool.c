#include "tool.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diag.h"
#include "text.h"
#include "tool_inner.h"

enum { GRACE_MS = 5000 /* after a signal */ };

/* The write end of the pipe that a signal makes readable. */
static int signal_fd = -1;
static bool catches_int;

static void
on_signal(int number)
{
	int was = errno;
	ssize_t n = write(signal_fd, "", 1);
	(void)n; /* full: the reader knows already */
	(void)number;
	/* A second one kills. */
	signal(SIGTERM, SIG_DFL);
	if (catches_int)
		signal(SIGINT, SIG_DFL);
	errno = was;
}

static void
catch_signals(struct tool *t)
{
	int fd[2];
	struct sigaction was, act = {.sa_handler = on_signal};
	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) != 0) {
		diag("no descriptor for signals: %s", strerror(errno));
		exit(TOOL_LATER);
	}
	t->stop_fd = fd[0];
	signal_fd = fd[1];
	/* A shell's background job does not hear the keyboard. */
	sigaction(SIGINT, NULL, &was);
	catches_int = was.sa_handler != SIG_IGN;
	/* Each waits for the other's handler, so that the second kills. */
	sigemptyset(&act.sa_mask);
	sigaddset(&act.sa_mask, SIGINT);
	sigaddset(&act.sa_mask, SIGTERM);
	if (catches_int)
		sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	act.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &act, NULL);
}

/* Where the parent closed stdin, stdout or stderr no file or socket of ours
 * may come to stand: there is one that fails when it is used. */
static void
fill_descriptors(void)
{
	static const int useless[] = {O_WRONLY, O_RDONLY, O_RDONLY};
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			open("/dev/null", useless[fd]);
}

static void
look_at_stdout(struct tool *t)
{
	struct stat st;
	if (fstat(STDOUT_FILENO, &st) != 0)
		return; /* the first write will tell */
	t->out_big = S_ISREG(st.st_mode) ||
		     (S_ISCHR(st.st_mode) && !isatty(STDOUT_FILENO));
}

void
tool_start(
    struct tool *t, const struct tool_about *about, int argc, char **argv)
{
	*t = (struct tool){.about = about,
	    .max_line = (size_t)16 << 20,
	    .memory = (size_t)64 << 20,
	    .jobs = 8,
	    .linger_ms = 100,
	    .patience_ms = 60000,
	    .failed_fd = -1};
	diag_name(about->name);
	fill_descriptors();
	tool_parse(t, argc, argv);
	if (t->failed_path != NULL)
		t->failed_fd = tool_open_append(t, "--failed", t->failed_path);
	look_at_stdout(t);
	catch_signals(t);
}

void
tool_usage(struct tool *t, const char *format, ...)
{
	(void)t;
	char text[1024];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	diag("%s", text);
	exit(TOOL_USAGE);
}

int
tool_refused(struct tool *t, const struct err *err)
{
	const struct record *r;
	tool_report(t, 0, err);
	t->later = err->kind == ERR_LATER;
	t->set_up_failed = !t->later;
	if (t->failed_fd >= 0)
		while ((r = tool_next(t)) != NULL)
			tool_keep(t, r, true, err);
	return tool_finish(t);
}

void
tool_end(struct tool *t, const struct err *err)
{
	tool_report(t, 0, err);
	t->set_up_failed = err->kind == ERR_SETUP;
	t->later = err->kind == ERR_LATER;
	t->other_failed = err->kind != ERR_SETUP && err->kind != ERR_LATER;
}

bool
tool_stopping(struct tool *t)
{
	char byte;
	if (t->stop_ms == 0 && read(t->stop_fd, &byte, 1) == 1)
		t->stop_ms = text_tick();
	return t->stop_ms != 0;
}

int64_t
tool_grace_ms(const struct tool *t)
{
	int64_t left = t->stop_ms + GRACE_MS - text_tick();
	return left > 0 ? left : 0;
}

static int
status(const struct tool *t)
{
	bool source = !(t->about->kind & TOOL_READS);
	bool nothing = t->accepted == 0 && (!source || t->written == 0);
	if (t->keep_failed || (t->out_failed && !(t->out_closed && source)))
		return TOOL_FAILED;
	if (t->set_up_failed || t->input_failed)
		return nothing ? TOOL_USAGE : TOOL_FAILED;
	if (t->failed > t->failed_later || t->other_failed)
		return TOOL_FAILED;
	return t->failed_later > 0 || t->later ? TOOL_LATER : TOOL_OK;
}

int
tool_finish(struct tool *t)
{
	bool reads = t->about->kind & TOOL_READS;
	if (tool_flush(t) != 0 && reads && !t->dry_run)
		tool_fail_unwritten(t);
	if (t->failed_fd >= 0 && fsync(t->failed_fd) != 0 && errno != EINVAL &&
	    errno != EROFS) {
		diag("--failed %s: %s", t->failed_path, strerror(errno));
		t->keep_failed = true;
	}
	tool_close_stdout(t);
	if (t->out_closed && reads)
		diag("stdout was closed by its reader");
	tool_last_lines(t);
	tool_forget_seen(t);
	window_free(t->window);
	buf_clear(&t->out);
	template_test_free(t->when);
	template_test_free(t->unless);
	return status(t);
}
