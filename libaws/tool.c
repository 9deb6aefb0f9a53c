#include "tool.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diag.h"
#include "mem.h"
#include "text.h"

enum {
	SMALL_WRITE = 4096, /* a pipe that is ready takes as much at once */
	SHOWN_OF_A_CODE = 10,
	GRACE_MS = 5000 /* after a signal */
};

struct tool_seen {
	char code[96];
	uint64_t count;
	struct tool_seen *next;
};

/* The write end of the pipe that a signal makes readable. */
static int signal_fd = -1;

static void
on_signal(int number)
{
	int was = errno;
	ssize_t n = write(signal_fd, "", 1);
	(void)n; /* full: the reader knows already */
	errno = was;
	signal(number, SIG_DFL); /* a second one kills */
}

static void
catch_signals(struct tool *t)
{
	int fd[2];
	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) != 0) {
		diag("no descriptor for signals: %s", strerror(errno));
		exit(TOOL_LATER);
	}
	t->stop_fd = fd[0];
	signal_fd = fd[1];
	struct sigaction act = {.sa_handler = on_signal};
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	act.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &act, NULL);
}

/* --failed must not be what the records come from or go to. */
static void
open_failed(struct tool *t)
{
	t->failed_fd = open(
	    t->failed_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (t->failed_fd < 0)
		tool_usage(
		    t, "--failed %s: %s", t->failed_path, strerror(errno));
	struct stat file, other;
	if (fstat(t->failed_fd, &file) != 0 || !S_ISREG(file.st_mode))
		return;
	for (int fd = 0; fd <= 1; fd++)
		if (fstat(fd, &other) == 0 && other.st_dev == file.st_dev &&
		    other.st_ino == file.st_ino)
			tool_usage(t,
			    "--failed %s is also %s: name another file",
			    t->failed_path, fd == 0 ? "stdin" : "stdout");
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

static void
take_operands(struct tool *t, int argc, char **argv, int first)
{
	const struct tool_about *about = t->about;
	int end = argc;
	for (int i = first; about->command && i < argc; i++)
		if (strcmp(argv[i], "--") == 0) {
			end = i;
			t->command = argv + i + 1;
			break;
		}
	t->operand = argv + first;
	t->operand_count = end - first;
	if (t->command != NULL && t->command[0] == NULL)
		tool_usage(t, "no command after --; see --help");
	if (t->operand_count < about->min_operands)
		tool_usage(t, "an operand is missing; see --help");
	if (about->max_operands >= 0 && t->operand_count > about->max_operands)
		tool_usage(t,
		    "what is '%s'? There is no operand for it; see "
		    "--help",
		    t->operand[about->max_operands]);
}

/* "--" before COMMAND must survive getopt, which would swallow it. */
static int
options_end(const struct tool_about *about, int argc, char **argv)
{
	for (int i = 1; about->command && i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return i;
	return argc;
}

static struct template_test *
compile_test(struct tool *t, const char *option, const char *text)
{
	struct err err;
	if (text == NULL)
		return NULL;
	struct template_test *test = template_test_new(text, &err);
	if (test == NULL)
		tool_usage(t, "%s %s: %s", option, text, err.message);
	return test;
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
	bool help = false, version = false;
	const char *when = NULL, *unless = NULL;
	const struct opt always[] = {
	    {'h', "help", OPT_FLAG, &help, NULL, "show this and end", 0, 0},
	    {'V', "version", OPT_FLAG, &version, NULL,
		"show the version and end", 0, 0},
	    {0}};
	const struct opt reads[] = {
	    {0, "failed", OPT_TEXT, &t->failed_path, "FILE",
		"append records that failed to FILE", 0, 0},
	    {0, "max-line", OPT_SIZE, &t->max_line, "SIZE",
		"longest line taken (16M)", 0, 0},
	    {0}};
	const struct opt calls[] = {
	    {0, "region", OPT_TEXT, &t->conf.region, "REGION",
		"instead of AWS_REGION", 0, 0},
	    {0, "profile", OPT_TEXT, &t->conf.profile, "NAME",
		"instead of AWS_PROFILE", 0, 0},
	    {0, "endpoint-url", OPT_TEXT, &t->conf.endpoint_url, "URL",
		"instead of the service's endpoint", 0, 0},
	    {0, "timeout", OPT_DURATION, &t->conf.timeout_ms, "S",
		"of one attempt (30)", 0, 0},
	    {'v', "verbose", OPT_COUNT, &t->conf.verbose, NULL,
		"a line a request on stderr", 0, 0},
	    {0}};
	const struct opt sinks[] = {{0, "jobs", OPT_INTEGER, &t->jobs, "N",
					"requests in flight (8)", 1, 1024},
	    {0, "linger", OPT_MILLIS, &t->linger_ms, "MS",
		"longest wait for a full call (100)", 0, 0},
	    {0, "rate", OPT_RATE, &t->rate, "N[/s|/m]",
		"at most so many records", 0, 0},
	    {0, "patience", OPT_DURATION, &t->patience_ms, "S",
		"how long to wait for a service that is away (60)", 0, 0},
	    {0, "memory", OPT_SIZE, &t->memory, "SIZE",
		"most bytes held unsettled (64M)", 0, 0},
	    {0, "strict", OPT_FLAG, &t->strict, NULL,
		"never two records of one key in a call", 0, 0},
	    {0, "when", OPT_TEXT, &when, "FIELD[=VALUE]",
		"send only these; pass the others through", 0, 0},
	    {0, "unless", OPT_TEXT, &unless, "FIELD[=VALUE]",
		"pass these through unsent", 0, 0},
	    {0, "dry-run", OPT_FLAG, &t->dry_run, NULL,
		"print the calls, make none", 0, 0},
	    {0, "quiet", OPT_FLAG, &t->quiet, NULL,
		"do not print accepted records", 0, 0},
	    {0}};
	const struct opt none[] = {{0}};
	const struct opt *const tables[] = {
	    about->options == NULL ? none : about->options,
	    about->kind & TOOL_SINKS ? sinks : none,
	    about->kind & TOOL_READS ? reads : none,
	    about->kind & TOOL_CALLS ? calls : none, always, NULL};

	struct err err;
	int first, end = options_end(about, argc, argv);
	/* getopt stops at argv[end], which is "--" or the final NULL. */
	if (opt_parse(end, argv, tables, false, &first, &err) != 0)
		tool_usage(t, "%s", err.message);
	if (help) {
		char *usage = mem_format("%s %s", about->name, about->synopsis);
		opt_help(usage, tables);
		free(usage);
	}
	if (version)
		printf("%s %s\n", about->name, LUNA_VERSION);
	if (help || version)
		exit(fflush(stdout) == 0 ? TOOL_OK : TOOL_FAILED);
	take_operands(t, argc, argv, first);
	t->when = compile_test(t, "--when", when);
	t->unless = compile_test(t, "--unless", unless);
	if (t->failed_path != NULL)
		open_failed(t);
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
	tool_report(t, 0, err);
	return err->kind == ERR_LATER ? TOOL_LATER : TOOL_USAGE;
}

bool
tool_stopping(struct tool *t)
{
	char byte;
	if (t->stop_ms == 0 && read(t->stop_fd, &byte, 1) == 1)
		t->stop_ms = text_tick();
	return t->stop_ms != 0;
}

void
tool_report(struct tool *t, uint64_t line, const struct err *err)
{
	struct tool_seen *seen = t->seen;
	while (seen != NULL && strcmp(seen->code, err->code) != 0)
		seen = seen->next;
	if (seen == NULL) {
		seen = mem_alloc(sizeof(*seen));
		snprintf(seen->code, sizeof(seen->code), "%s", err->code);
		seen->next = t->seen;
		t->seen = seen;
	}
	if (++seen->count > SHOWN_OF_A_CODE)
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

static void
write_failed(struct tool *t, const struct buf *line)
{
	if (t->failed_fd < 0) {
		t->not_kept++;
		return;
	}
	size_t at = 0;
	while (at < line->len) {
		ssize_t n =
		    write(t->failed_fd, line->data + at, line->len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			diag(
			    "--failed %s: %s", t->failed_path, strerror(errno));
			t->not_kept++;
			t->out_failed = true;
			return;
		}
		at += (size_t)n;
	}
}

void
tool_keep(
    struct tool *t, const struct record *r, bool parsed, const struct err *err)
{
	struct buf line = {0};
	if (t->failed_fd >= 0) {
		record_emit_error(r, parsed, t->about->name, err, &line);
		buf_add_char(&line, '\n');
	}
	write_failed(t, &line);
	buf_clear(&line);
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
tool_print(struct tool *t, const char *line, size_t len)
{
	if (t->quiet)
		return;
	char *to = buf_room(&t->out, len + 1);
	memcpy(to, line, len);
	to[len] = '\n';
	t->out.len += len + 1;
}

void
tool_pass(struct tool *t, const char *line, size_t len)
{
	tool_print(t, line, len);
	t->accepted++;
}

static int
output_failed(struct tool *t, int error)
{
	t->out_failed = true;
	t->out_closed = error == EPIPE;
	buf_reset(&t->out);
	t->out_at = 0;
	if (!t->out_closed)
		diag("stdout: %s", strerror(error));
	return -1;
}

int
tool_flush_some(struct tool *t)
{
	size_t len = t->out.len - t->out_at;
	if (t->out_failed)
		return -1;
	if (len == 0)
		return 0;
	if (len > SMALL_WRITE && !t->out_big)
		len = SMALL_WRITE;
	ssize_t n = write(STDOUT_FILENO, t->out.data + t->out_at, len);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN
			   ? 0
			   : output_failed(t, errno);
	t->out_at += (size_t)n;
	t->written += (uint64_t)n;
	if (t->out_at == t->out.len) {
		buf_reset(&t->out);
		t->out_at = 0;
	}
	return 0;
}

int
tool_flush(struct tool *t)
{
	while (!t->out_failed && t->out.len > t->out_at) {
		struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
		if (!t->out_big && poll(&fd, 1, -1) < 0 && errno != EINTR)
			return output_failed(t, errno);
		tool_flush_some(t);
	}
	return t->out_failed ? -1 : 0;
}

void
tool_read(struct tool *t, struct window *w)
{
	size_t room;
	char *to = window_room(w, &room);
	ssize_t n = read(STDIN_FILENO, to, room);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) {
		diag("stdin: %s", strerror(errno));
		t->input_failed = true;
		n = 0;
	}
	window_read(w, (size_t)n);
}

/* Wait for stdin, a signal, or the reader of stdout to go away. */
static bool
wait_for_input(struct tool *t)
{
	struct pollfd fd[] = {{.fd = STDIN_FILENO, .events = POLLIN},
	    {.fd = t->stop_fd, .events = POLLIN},
	    {.fd = STDOUT_FILENO, .events = 0}};
	int64_t left = -1;
	if (tool_stopping(t)) {
		left = t->stop_ms + GRACE_MS - text_tick();
		if (left <= 0)
			return false;
		fd[1].fd = -1;
	}
	if (poll(fd, 3, (int)left) < 0)
		return errno == EINTR;
	if (fd[2].revents & POLLERR) {
		output_failed(t, EPIPE);
		return false;
	}
	if (fd[0].revents != 0)
		tool_read(t, t->window);
	return true;
}

const struct record *
tool_next(struct tool *t)
{
	if (t->window == NULL)
		t->window = window_new(1, t->memory, t->max_line);
	while (window_held(t->window) > 0)
		window_release(t->window);
	while (!t->out_failed) {
		struct window_slot *slot = window_next(t->window);
		if (slot != NULL && slot->parsed)
			return &slot->rec;
		if (slot != NULL) {
			tool_fail(t, &slot->rec, false, slot->err);
			window_release(t->window);
			continue;
		}
		if (window_ended(t->window))
			return NULL;
		if (tool_flush(t) != 0 || !wait_for_input(t))
			return NULL;
	}
	return NULL;
}

void
tool_close_stdout(struct tool *t)
{
	if (t->out_ended)
		return;
	t->out_ended = true;
	buf_reset(&t->out);
	t->out_at = 0;
	/* A full disk may only now be told. */
	if (close(STDOUT_FILENO) != 0 && errno != EBADF && !t->out_failed)
		output_failed(t, errno);
}

static void
last_lines(struct tool *t)
{
	for (struct tool_seen *s = t->seen; s != NULL; s = s->next)
		if (s->count > SHOWN_OF_A_CODE)
			diag("%s: %llu more", s->code,
			    (unsigned long long)(s->count - SHOWN_OF_A_CODE));
	unsigned long long all = t->accepted + t->failed;
	if (t->not_kept > 0)
		diag("%llu of %llu records failed and were not kept",
		    (unsigned long long)t->not_kept, all);
	else if (t->failed > 0)
		diag("%llu of %llu records failed and are in %s",
		    (unsigned long long)t->failed, all, t->failed_path);
}

static int
status(const struct tool *t)
{
	bool source = !(t->about->kind & TOOL_READS);
	if (t->out_failed && !(t->out_closed && source))
		return TOOL_FAILED;
	if (t->set_up_failed)
		return t->accepted == 0 ? TOOL_USAGE : TOOL_FAILED;
	if (t->failed > t->failed_later || t->input_failed)
		return TOOL_FAILED;
	return t->failed_later > 0 || t->later ? TOOL_LATER : TOOL_OK;
}

int
tool_finish(struct tool *t)
{
	tool_flush(t);
	if (t->failed_fd >= 0 && fsync(t->failed_fd) != 0 && errno != EINVAL &&
	    errno != EROFS) {
		diag("--failed %s: %s", t->failed_path, strerror(errno));
		t->out_failed = true;
	}
	tool_close_stdout(t);
	if (t->out_closed && (t->about->kind & TOOL_READS))
		diag("stdout was closed by its reader");
	last_lines(t);
	while (t->seen != NULL) {
		struct tool_seen *next = t->seen->next;
		free(t->seen);
		t->seen = next;
	}
	window_free(t->window);
	buf_clear(&t->out);
	template_test_free(t->when);
	template_test_free(t->unless);
	return status(t);
}
