/*
 * lunad - serve AWS APIs on this machine
 */
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "core.h"
#include "diag.h"
#include "mem.h"
#include "opt.h"
#include "text.h"
#include "tree.h"

static const char synopsis[] =
    "lunad [-d DIR] [-l ADDR:PORT] [--expose] [--smtp URL] [--clock START]\n"
    "      [--credentials FILE] [--fault SPEC]... [--seed N]\n"
    "      [--limits] [--sync]\n"
    "      [-- COMMAND [ARG...]]";

struct run {
	bool help, version, expose, sync, limits;
	const char *dir, *listen, *smtp, *clock, *credentials;
	struct opt_list fault;
	int64_t seed;
	char **command; /* or NULL */
	char *own_dir;  /* to be removed */
	sigset_t mask;  /* as lunad was started */
	int signals;
	pid_t child;
	int status;
};

static int
parse(struct run *run, int argc, char **argv, struct err *err)
{
	const struct opt options[] = {
	    {'d', "dir", OPT_TEXT, &run->dir, "DIR",
		"where all is kept (a temporary one with COMMAND)", 0, 0},
	    {'l', "listen", OPT_TEXT, &run->listen, "ADDR:PORT",
		"default 127.0.0.1:4566, with COMMAND port 0: any free one", 0,
		0},
	    {0, "expose", OPT_FLAG, &run->expose, NULL,
		"let ADDR be other than loopback", 0, 0},
	    {0, "smtp", OPT_TEXT, &run->smtp, "URL",
		"send mail there rather than into DIR/mail", 0, 0},
	    {0, "clock", OPT_TEXT, &run->clock, "START",
		"virtual time at start: 2026-11-20T12:00:00Z, or 1d (ago)", 0,
		0},
	    {0, "credentials", OPT_TEXT, &run->credentials, "FILE",
		"further keys, in the form of ~/.aws/credentials", 0, 0},
	    {0, "fault", OPT_LIST, &run->fault, "SPEC",
		"SERVICE:OPERATION=KIND[:ARG][:OFTEN]", 0, 0},
	    {0, "seed", OPT_INTEGER, &run->seed, "N",
		"of what is random in faults", 0, 0},
	    {0, "limits", OPT_FLAG, &run->limits, NULL,
		"hold clients to AWS's rates: a Kinesis shard's", 0, 0},
	    {0, "sync", OPT_FLAG, &run->sync, NULL,
		"survive power loss too, not only kill -9", 0, 0},
	    {'h', "help", OPT_FLAG, &run->help, NULL, "print this", 0, 0},
	    {'V', "version", OPT_FLAG, &run->version, NULL, "print the version",
		0, 0},
	    {0},
	};
	const struct opt *const tables[] = {options, NULL};
	int first = 0;
	if (opt_parse(argc, argv, tables, true, &first, err) < 0)
		return -1;
	if (run->help)
		opt_help(synopsis, tables);
	if (run->help || run->version)
		return 0;
	bool dashes = first > 0 && strcmp(argv[first - 1], "--") == 0;
	if (first < argc && !dashes)
		return err_set(err, ERR_SETUP, "Usage",
		    "'%s': a command stands after --", argv[first]);
	if (dashes && first == argc)
		return err_set(
		    err, ERR_SETUP, "Usage", "no command stands after --");
	run->command = first < argc ? argv + first : NULL;
	return 0;
}

/* ~/.local/share/lunad, or a temporary directory for a command. */
static int
choose_dir(struct run *run, struct err *err)
{
	if (run->dir != NULL)
		return 0;
	if (run->command != NULL) {
		const char *tmp = getenv("TMPDIR");
		run->own_dir = mem_format("%s/lunad.XXXXXX",
		    tmp == NULL || *tmp == '\0' ? "/tmp" : tmp);
		run->dir = mkdtemp(run->own_dir);
		return run->dir != NULL
			   ? 0
			   : err_set(err, ERR_SETUP, "Store",
				 "%s cannot be made: give a directory with -d",
				 run->own_dir);
	}
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	if (data == NULL && home == NULL)
		return err_set(err, ERR_SETUP, "Usage",
		    "no HOME: give a directory with -d");
	run->own_dir = data != NULL ? mem_format("%s/lunad", data)
				    : mem_format("%s/.local/share/lunad", home);
	run->dir = run->own_dir;
	for (char *p = run->own_dir + 1; *p != '\0'; p++)
		if (*p == '/') {
			*p = '\0';
			mkdir(run->own_dir, 0700);
			*p = '/';
		}
	return 0;
}

/* From here on signals are read, not caught. */
static void
take_signals(struct run *run)
{
	sigset_t mine;
	sigemptyset(&mine);
	sigaddset(&mine, SIGINT);
	sigaddset(&mine, SIGTERM);
	sigaddset(&mine, SIGHUP);
	sigaddset(&mine, SIGCHLD);
	sigaddset(&mine, SIGPIPE); /* never read: never delivered */
	sigprocmask(SIG_BLOCK, &mine, &run->mask);
	sigdelset(&mine, SIGPIPE);
	run->signals = signalfd(-1, &mine, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool
on_signal(void *user)
{
	struct run *run = user;
	struct signalfd_siginfo info;
	int status;
	if (read(run->signals, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo != SIGCHLD) {
		if (run->child == 0)
			return true;
		if (info.ssi_signo != SIGINT) /* the terminal sent it to both */
			kill(run->child, (int)info.ssi_signo);
		return false;
	}
	if (run->child == 0 ||
	    waitpid(run->child, &status, WNOHANG) != run->child)
		return false;
	run->status = command_status(status);
	return true;
}

/* Say where, or start the command that needs not be told. */
static int
begin(struct run *run, struct lunad *l, struct err *err)
{
	if (run->command == NULL) {
		printf("lunad: listening on %s\n", l->base_url);
		fflush(stdout);
		return 0;
	}
	if (command_environment(l->base_url, l->dir, err) < 0)
		return -1;
	run->child = command_start(run->command, &run->mask);
	if (run->child < 0)
		run->status = -run->child;
	return 0;
}

static int
serve(struct run *run, struct err *err)
{
	struct lunad l = {.lock = -1};
	const struct server_options server = {
	    .listen = run->listen != NULL    ? run->listen
		      : run->command != NULL ? "127.0.0.1:0"
					     : "127.0.0.1:4566",
	    .expose = run->expose,
	    .signals = run->signals,
	    .on_signal = on_signal,
	    .user = run};
	int rc = lunad_open(&l,
	    &(struct lunad_options){.dir = run->dir,
		.smtp = run->smtp,
		.clock = run->clock,
		.credentials = run->credentials,
		.fault = &run->fault,
		.seed = run->seed,
		.limits = run->limits,
		.sync = run->sync ? STORE_SYNC_FULL
			: run->dir == run->own_dir && run->command != NULL
			    ? STORE_SYNC_NEVER
			    : STORE_SYNC_NORMAL,
		.server = &server},
	    err);
	if (rc == 0)
		rc = begin(run, &l, err);
	if (rc == 0 && run->child >= 0)
		server_run(&l);
	lunad_close(&l);
	return rc;
}

int
main(int argc, char **argv)
{
	struct run run = {.signals = -1, .seed = (int64_t)text_now()};
	struct err err;
	diag_name("lunad");
	int rc = parse(&run, argc, argv, &err);
	if (rc == 0 && run.version)
		printf("lunad (luna) %s\n", LUNA_VERSION);
	if (rc == 0 && (run.help || run.version))
		return fclose(stdout) == 0 ? 0 : 1;
	if (rc == 0)
		rc = choose_dir(&run, &err);
	if (rc == 0) {
		take_signals(&run);
		rc = serve(&run, &err);
	}
	if (run.command != NULL && run.own_dir != NULL)
		tree_remove(run.own_dir);
	free(run.own_dir);
	opt_list_free(&run.fault);
	if (rc == 0)
		return run.status;
	diag("%s", err.message);
	bool command = false;
	for (int i = 1; i < argc; i++)
		command |= strcmp(argv[i], "--") == 0;
	return command ? COMMAND_LUNAD_FAILED : 2;
}
