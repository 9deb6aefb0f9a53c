/*
 * SQS batches: the entries as a whole, and those that failed.
 */
#include <ctype.h>
#include <string.h>

#include "sqs_private.h"

static bool
id_valid(const char *id)
{
	size_t len = strlen(id);

	if (len < 1 || len > 80)
		return false;
	for (; *id; id++)
		if (!isalnum((unsigned char)*id) && *id != '-' && *id != '_')
			return false;
	return true;
}

static int
read_ids(struct request *r, struct sqs_entry *entry, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *id = entry[i].id_text;

		if (!id || !id_valid(id))
			return fail(r, 400, "InvalidBatchEntryId",
			    "A batch entry id can only contain alphanumeric "
			    "characters, hyphens and underscores. It can be at "
			    "most 80 letters long.");
		for (size_t j = 0; j < i; j++)
			if (strcmp(entry[j].id_text, id) == 0)
				return fail(r, 400, "BatchEntryIdsNotDistinct",
				    "Id %s repeated.", id);
	}
	return ANSWER;
}

int
sqs_batch_read(
    struct request *r, struct sqs_entry entry[static SQS_BATCH], size_t *count)
{
	struct json entries = param_json(r, "Entries");
	struct json_iter it;
	size_t n = json_count(entries);

	*count = 0;
	if (entries.type != JSON_ARRAY || n == 0)
		return fail(r, 400, "EmptyBatchRequest",
		    "There should be at least one %sRequestEntry in the "
		    "request.",
		    r->operation);
	if (n > SQS_BATCH)
		return fail(r, 400, "TooManyEntriesInBatchRequest",
		    "Maximum number of entries per request are 10. You have "
		    "sent %zu.",
		    n);
	json_each(entries, &it);
	while (*count < n && json_next(&it, NULL, &entry[*count].all)) {
		entry[*count].id_text =
		    sqs_text(r, json_get(entry[*count].all, "Id"), NULL);
		++*count;
	}
	return read_ids(r, entry, *count);
}

void
sqs_batch_failed(
    struct buf *failed, const struct sqs_entry *e, struct sqs_refusal *why)
{
	put_open(failed, NULL, '{');
	put_text(failed, "Id", e->id_text);
	put_bool(failed, "SenderFault", why->status < 500);
	put_text(failed, "Code", sqs_entry_code(why->code));
	put_textn(failed, "Message", buf_text(&why->message), why->message.len);
	put_close(failed, '}');
	buf_clear(&why->message);
}

void
sqs_batch_end(struct request *r, struct buf *failed)
{
	put_close(r->out, ']');
	if (failed->len) {
		put_open(r->out, "Failed", '[');
		buf_add(r->out, failed->data, failed->len);
		put_close(r->out, ']');
	}
	put_close(r->out, '}');
	buf_clear(failed);
}
