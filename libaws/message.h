#ifndef LUNA_MESSAGE_H
#define LUNA_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "opt.h"
#include "record.h"
#include "template.h"

/*
 * What SNS and SQS have in common: a body, attributes with types, and for
 * FIFO a group and a deduplication id, each filled from a record.
 */
struct message_attribute {
	char *name;
	char *type; /* "String", "Number", … */
	struct template *value;
};

struct message {
	struct template *body, *group, *dedup; /* NULL: not said */
	struct message_attribute *attribute;
	size_t attribute_count;
};

/*
 * attributes: "NAME=TPL" or "NAME:Number=TPL" each. Others may be NULL.
 * Fails: ERR_SETUP "Usage" or "BadTemplate"; message_clear is still due.
 */
int message_init(struct message *m, const char *body, const char *group,
    const char *dedup, const struct opt_list *attributes, struct err *err);
void message_clear(struct message *m);

/*
 * Append the body of r: the filled template, else record_body.
 * Fails: ERR_RECORD; also "InvalidMessageContents" for a character that
 *        neither service takes, with its place.
 */
int message_body(const struct message *m, const struct record *r,
    struct buf *out, struct err *err);

/* Does a queue or topic of this name, ARN or URL keep the order of groups? */
bool message_fifo(const char *resource);

/* One attribute of a record, ready to be encoded. */
struct message_value {
	const char *name, *type;
	struct buf text;
	bool binary; /* text is base64 */
};
struct message_values {
	struct message_value *value;
	size_t count;
};
/*
 * Fill all attributes from r, and with as_received first those of the
 * message that r came from (@metadata.from.sqs.MessageAttributes).
 * Reset by the next call; message_values_clear at the end.
 */
int message_fill(const struct message *m, const struct record *r,
    bool as_received, struct message_values *out, struct err *err);
void message_values_clear(struct message_values *v);

/* Bytes as the services count them: names, types and values. */
size_t message_values_size(const struct message_values *v);

/* The MD5 that SQS makes of attributes; hex. Sorts them by name. */
void message_values_md5(struct message_values *v, char out[static 33]);

/*
 * Append group or dedup id: t filled; with as_received and no t the member
 * of @metadata.from.sqs. Nothing is appended when there is neither.
 * Fails: ERR_RECORD; also "EmptyId": t filled to nothing.
 */
int message_id(const struct template *t, const struct record *r,
    bool as_received, const char *member, struct buf *out, struct err *err);

#endif
