#ifndef LUNAD_LISTEN_H
#define LUNAD_LISTEN_H

#include <stdbool.h>

#include "err.h"

/*
 * The socket that lunad listens on.
 *
 * where:    "127.0.0.1:4566", "[::1]:0", "localhost:4566"; port 0 picks one.
 * expose:   an address that is not loopback is fine.
 * base_url: "http://127.0.0.1:PORT", with the port that was picked.
 * Returns the descriptor, or -1: ERR_SETUP.
 */
struct sockaddr;
int listen_open(
    const char *where, bool expose, char **base_url, struct err *err);
bool listen_loopback(const struct sockaddr *address);

#endif
