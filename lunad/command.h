#ifndef LUNAD_COMMAND_H
#define LUNAD_COMMAND_H

#include <sys/types.h>

#include <signal.h>

/*
 * lunad -- COMMAND: its environment, its start, its status.
 */
#define COMMAND_LUNAD_FAILED 125

struct err;

/* Clear every AWS_* of this process and point what remains at lunad. */
int command_environment(const char *base_url, const char *dir, struct err *err);
/* Start it with the signal mask that lunad itself was started with.
 * Returns its id, or -126 and -127 as env(1) would end. */
pid_t command_start(char *const *command, const sigset_t *mask);
/* waitpid's status as an exit status. */
int command_status(int wait_status);

#endif
