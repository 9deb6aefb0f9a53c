#include "command.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "diag.h"
#include "err.h"
#include "lunad.h"
#include "mem.h"

extern char **environ;

static void
clear_aws(void)
{
	for (char **e = environ; *e != NULL;) {
		if (strncmp(*e, "AWS_", 4) != 0) {
			e++;
			continue;
		}
		char *name = mem_text_of(*e, strcspn(*e, "="));
		unsetenv(name);
		free(name);
		e = environ;
	}
}

/* A file in dir, private, and the variable that names it. */
static int
set_file(const char *dir, const char *file, const char *variable,
    const struct buf *text, struct err *err)
{
	char *path = mem_format("%s/%s", dir, file);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n = fd < 0 ? -1 : write(fd, buf_text(text), text->len);
	if (fd >= 0)
		close(fd);
	int rc = 0;
	if (n != (ssize_t)text->len)
		rc = err_set(
		    err, ERR_SETUP, "Store", "%s: %s", path, strerror(errno));
	setenv(variable, path, 1);
	free(path);
	return rc;
}

int
command_environment(const char *base_url, const char *dir, struct err *err)
{
	static const char *const always[][2] = {
	    {"AWS_ACCESS_KEY_ID", LUNAD_KEY_ID},
	    {"AWS_SECRET_ACCESS_KEY", LUNAD_SECRET},
	    {"AWS_ACCOUNT_ID", LUNAD_ACCOUNT},
	    {"AWS_REGION", "us-east-1"},
	    {"AWS_DEFAULT_REGION", "us-east-1"},
	    {"AWS_EC2_METADATA_DISABLED", "true"},
	    {"NO_PROXY", "127.0.0.1,::1,localhost"},
	    {"no_proxy", "127.0.0.1,::1,localhost"},
	};
	clear_aws();
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		setenv(always[i][0], always[i][1], 1);
	setenv("AWS_ENDPOINT_URL", base_url, 1);
	char *real = realpath(dir, NULL);
	if (real == NULL)
		return err_set(
		    err, ERR_SETUP, "Store", "%s: %s", dir, strerror(errno));
	setenv("LUNAD_DIR", real, 1);
	struct buf text = {0};
	buf_addf(&text, "[default]\nregion = us-east-1\nendpoint_url = %s\n",
	    base_url);
	int rc = set_file(real, "config", "AWS_CONFIG_FILE", &text, err);
	buf_reset(&text);
	buf_addf(&text,
	    "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n",
	    LUNAD_KEY_ID, LUNAD_SECRET);
	if (rc == 0)
		rc = set_file(real, "credentials",
		    "AWS_SHARED_CREDENTIALS_FILE", &text, err);
	buf_clear(&text);
	free(real);
	return rc;
}

pid_t
command_start(char *const *command, const sigset_t *mask)
{
	posix_spawnattr_t attr;
	pid_t pid;
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, mask);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	int e = posix_spawnp(&pid, command[0], NULL, &attr, command, environ);
	posix_spawnattr_destroy(&attr);
	if (e == 0)
		return pid;
	diag("%s: %s", command[0], strerror(e));
	return e == ENOENT ? -127 : -126;
}

int
command_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status)
					: WEXITSTATUS(wait_status);
}
