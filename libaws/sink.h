#ifndef LUNA_SINK_H
#define LUNA_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"
#include "buf.h"
#include "call.h"
#include "err.h"
#include "ident.h"
#include "json.h"
#include "record.h"
#include "tool.h"
#include "window.h"

/*
 * The loop of every sink: records in, calls to a service, records out when
 * the service has them. What a sink declares is data: its call, its limits,
 * how a record is encoded and how the reply settles records.
 */
struct sink;

/* One record, or one part of it (one address of a mail), encoded. A byte 1
 * in body stands for the entry's number in its call, counted from 1. */
struct sink_entry {
	struct buf body;
	struct buf key;  /* empty: no order is promised */
	struct buf note; /* kept for settle: an expected digest, a key */
	uint64_t group;  /* calls hold entries of one group only */
	size_t size;     /* as the service counts it; 0: body's length */
	bool more;       /* this record has another part */
	bool skip;       /* nothing to send: the part counts as accepted */
};

enum sink_reply {
	SINK_BY_ID,       /* lists of accepted and refused, each with Id */
	SINK_BY_POSITION, /* one list, an element an entry */
	SINK_WHOLE,       /* the call's success is every entry's */
	SINK_CUSTOM       /* settle() says */
};

#define SINK_KEEP 8

struct sink_about {
	const char *to; /* @metadata.to.X */
	const char *service, *operation;
	/* of a call: entries, their bytes (0: no limit); of one entry (0: as
	 * of a call); what the service adds to each entry's size */
	size_t max_entries, max_bytes, max_entry_bytes, entry_overhead;
	bool one_of_a_key;
	bool text_lines;  /* lines that are no JSON are records, too: of text */
	const char *join; /* between entries: "," or "" */
	enum sink_reply reply;
	const char *accepted, *refused; /* list names (paths in XML) */
	const char *code, *message;     /* members of a refused entry */
	const char *const *keep; /* members copied to @metadata.to.X, at most
				  * SINK_KEEP, then NULL */

	/* Find what calls need (a queue's URL, a table's keys) and sink_wrap;
	 * asked again while the service is away. Or NULL.
	 * Fails: ERR_SETUP, ERR_LATER. */
	int (*open)(void *ctx, struct sink *s, struct err *err);
	/* Encode part `part` (from 0) of r into e, whose bufs are empty.
	 * Fails: ERR_RECORD. */
	int (*encode)(void *ctx, const struct record *r, size_t part,
	    struct sink_entry *e, struct err *err);
	/* Instead of head + entries + tail, or NULL. */
	void (*assemble)(void *ctx, const struct batch *b, struct buf *body);
	/* Change the call before it is sent (path, url, gzip), or NULL. */
	void (*prepare)(void *ctx, const struct batch *b, struct call *call);
	/* SINK_BY_ID: an entry was accepted: is its reply right? Or NULL. */
	int (*check)(void *ctx, const char *note, size_t note_len,
	    struct json reply, struct err *err);
	/* After each reply's entries were settled, or NULL. */
	void (*after)(void *ctx);
	/* SINK_CUSTOM: say of each entry by sink_accept, sink_refuse or
	 * sink_again; what it leaves unsaid is sent again. Called for replies
	 * with call->err.kind NONE or REFUSED; returns false to have a refused
	 * call treated as usual. */
	bool (*settle)(void *ctx, struct sink *s, const struct batch *b,
	    const struct call *call);
};

/* Fails: ERR_SETUP. */
struct sink *sink_open(
    struct tool *t, const struct sink_about *about, void *ctx, struct err *err);
struct ident *sink_ident(struct sink *s);
struct tool *sink_tool(struct sink *s);
/* What stands around the entries of a call; copied. */
void sink_wrap(struct sink *s, const char *head, const char *tail);
/* The service's rate: --rate lowers it, never raises. */
void sink_rate(struct sink *s, double per_second);
/* Set up, read, send, print until the end; returns the exit status and frees
 * s. */
int sink_run(struct sink *s);

/* For settle: of entry i of the batch at hand. fields: JSON members. */
void sink_accept(struct sink *s, size_t i, const char *fields, size_t len);
/* … and print this line instead of the record's own (len 0: print none). */
void sink_accept_line(struct sink *s, size_t i, const char *line, size_t len);
void sink_refuse(struct sink *s, size_t i, const struct err *err);
void sink_again(struct sink *s, size_t i, const struct err *err);
/* For assemble: append the entries with their numbers filled in. */
void sink_join(const struct batch *b, const char *between, struct buf *body);
/* The record of an entry. */
const struct record *sink_record(const struct batch *b, size_t i);

#endif
