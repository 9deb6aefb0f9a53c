#ifndef LUNAD_MAILDIR_H
#define LUNAD_MAILDIR_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"

/*
 * Append the folder of an address beneath dir: "DIR/ada@example.com". What
 * may not be in a file's name goes as %XX and a long one is cut and told
 * apart by a hash, so that no address leaves dir or meets another's folder.
 */
void maildir_path(const char *dir, const char *address, struct buf *out);

/*
 * Put a mail into the Maildir of an address, made when it is missing.
 *
 * name: unique for the mail; the same again overwrites it.
 * mail: with CRLF or LF line ends; the file has LF.
 * sync: on the disk before it returns.
 * Fails: ERR_LATER.
 */
int maildir_put(const char *dir, const char *address, const char *name,
    const char *mail, size_t len, bool sync, struct err *err);

#endif
