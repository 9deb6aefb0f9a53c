#ifndef LUNAD_FAULT_H
#define LUNAD_FAULT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What a service asks about the entries of a batch: should this one be
 * refused on purpose (--fault partial, refuse)? A handler of a batch calls
 * it once an entry, with the entry's text (the message's body, the record's
 * data, the item), before it does anything for the entry:
 *
 *	FAULT_LATER  refuse this entry for now: as the service does when it
 *	             throttles (SenderFault false, UnprocessedItems, an
 *	             ErrorCode of the entry)
 *	FAULT_NEVER  refuse it for good, as for a content that it never takes
 *
 * All other faults are the core's; so no service does anything for them.
 */
enum fault_entry { FAULT_NONE, FAULT_LATER, FAULT_NEVER };

struct request;
enum fault_entry fault_entry(struct request *r, const char *text, size_t len);
/* May it refuse any entry of this call? One that has to decode an entry's
 * text asks first. */
bool fault_entries(struct request *r);

#endif
