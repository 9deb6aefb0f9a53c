#include "run.h"

#include <sys/signalfd.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* Is NAME in a folder of PATH? An empty one is where we are. */
static bool
in_path(const char *name)
{
	const char *at = getenv("PATH");
	struct buf path = {0};
	bool found = false;
	for (; at != NULL && !found; at = *at == '\0' ? NULL : at + 1) {
		size_t len = strcspn(at, ":");
		buf_reset(&path);
		buf_add(&path, at, len);
		buf_addf(&path, "%s%s", len == 0 ? "" : "/", name);
		found = access(path.data, X_OK) == 0;
		at += len;
	}
	buf_clear(&path);
	return found;
}

int
run_check(const char *program, struct err *err)
{
	if (strchr(program, '/') == NULL ? in_path(program)
					 : access(program, X_OK) == 0)
		return 0;
	return err_set(err, ERR_SETUP, "NoCommand",
	    "%s cannot be executed: no such program, or no right to", program);
}

/* The child gets default signals and an empty mask, as from a shell. */
static int
spawn(struct run *r, char *const *command, const int fd[2])
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, defaults;
	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, fd[0], STDIN_FILENO);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(
	    &attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	int e =
	    posix_spawnp(&r->pid, command[0], &files, &attr, command, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return e;
}

int
run_start(
    struct run *r, char *const *command, struct buf *input, struct err *err)
{
	int fd[2];
	*r = (struct run){.fd = -1, .input = *input};
	*input = (struct buf){0};
	if (pipe2(fd, O_CLOEXEC) != 0)
		return err_set(err, ERR_LATER, "NoDescriptor",
		    "no pipe for %s: %s", command[0], strerror(errno));
	int e = spawn(r, command, fd);
	close(fd[0]);
	if (e != 0) {
		r->pid = 0;
		close(fd[1]);
		return err_set(err, ERR_SETUP, "NoCommand",
		    "%s cannot be started: %s", command[0], strerror(e));
	}
	fcntl(fd[1], F_SETFL, O_NONBLOCK);
	r->fd = fd[1];
	run_feed(r);
	return 0;
}

static void
end_of_input(struct run *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

void
run_feed(struct run *r)
{
	while (r->fd >= 0 && r->written < r->input.len) {
		ssize_t n = write(r->fd, r->input.data + r->written,
		    r->input.len - r->written);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) /* it does not read: its status decides */
			break;
		r->written += (size_t)n;
	}
	end_of_input(r);
}

void
run_kill(const struct run *r)
{
	if (r->pid > 0)
		kill(r->pid, SIGTERM);
}

bool
run_ended(struct run *r)
{
	if (r->pid == 0 || waitpid(r->pid, &r->status, WNOHANG) != r->pid)
		return false;
	r->pid = 0;
	end_of_input(r);
	return true;
}

bool
run_succeeded(const struct run *r)
{
	return WIFEXITED(r->status) && WEXITSTATUS(r->status) == 0;
}

void
run_describe(const struct run *r, struct buf *out)
{
	if (WIFSIGNALED(r->status))
		buf_addf(out, "signal %d", WTERMSIG(r->status));
	else
		buf_addf(out, "exit %d", WEXITSTATUS(r->status));
}

void
run_clear(struct run *r)
{
	end_of_input(r);
	buf_clear(&r->input);
}

int
run_watch(void)
{
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	return signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

void
run_drain(int fd)
{
	struct signalfd_siginfo info;
	while (read(fd, &info, sizeof(info)) > 0)
		;
}
