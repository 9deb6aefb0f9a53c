#ifndef LUNA_WEBHOOK_H
#define LUNA_WEBHOOK_H

#include "err.h"

/*
 * An incoming webhook's URL is a secret: it comes from a file or from
 * SLACK_WEBHOOK_URL, is never printed, and is wiped when it is done with.
 *
 * file: NULL: the environment.
 * url:  webhook_forget it.
 * Fails: ERR_SETUP, without its text: none given, no file, not https (http
 *        only to loopback).
 */
int webhook_url(const char *file, char **url, struct err *err);
void webhook_forget(char *url);

#endif
