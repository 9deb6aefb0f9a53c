#ifndef LUNA_ADDRESS_H
#define LUNA_ADDRESS_H

#include <stddef.h>

#include "buf.h"
#include "err.h"

/*
 * Mail addresses as SES takes them: local@domain or Name <local@domain>. What
 * a record fills in is one address, never two.
 *
 * Source: RFC 5321, RFC 5322; SES Developer Guide, "Email format".
 */

/*
 * Append text as one address for a request; a name that is not ASCII becomes
 * RFC 2047 words.
 * Fails: ERR_RECORD "InvalidAddress", naming it.
 */
int address_add(const char *text, size_t len, struct buf *out, struct err *err);

#endif
