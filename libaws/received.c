#include "received.h"

#include "envelope.h"
#include "record.h"
#include "text.h"

/* The members of an object, each behind a comma. */
static void
add_members(struct buf *out, struct json object)
{
	struct json_iter it;
	struct json name, value;
	json_each(object, &it);
	while (json_next(&it, &name, &value)) {
		buf_add_char(out, ',');
		buf_add(out, name.at, name.len);
		buf_add_char(out, ':');
		json_compact(value, out);
	}
}

static void
add_fields(
    const struct received_about *about, struct json message, struct buf *out)
{
	static const char *const kept[] = {"MessageId", "ReceiptHandle"};
	char until[TEXT_ISO];
	text_iso(about->hold_until_ms, until);
	text_json_member("QueueUrl", about->queue_url, out);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		buf_addf(out, ",\"%s\":", kept[i]);
		json_compact(json_get(message, kept[i]), out);
	}
	add_members(out, json_get(message, "Attributes"));
	struct json attributes = json_get(message, "MessageAttributes");
	if (json_count(attributes) > 0) {
		buf_add_text(out, ",\"MessageAttributes\":");
		json_compact(attributes, out);
	}
	text_json_member("HoldUntil", until, out);
	text_json_member("Lease", about->lease, out);
}

void
received_record(
    const struct received_about *about, struct json message, struct buf *out)
{
	struct buf body = {0}, inner = {0}, sns = {0}, fields = {0};
	const struct buf *payload = &body;
	add_fields(about, message, &fields);
	json_text(json_get(message, "Body"), &body, NULL);
	if (!about->raw &&
	    envelope_open(buf_text(&body), body.len, &inner, &sns)) {
		buf_addf(&fields, ",%s", buf_text(&sns));
		payload = &inner;
	}
	record_from(buf_text(payload), payload->len, "sqs", fields.data,
	    fields.len, out);
	buf_clear(&body);
	buf_clear(&inner);
	buf_clear(&sns);
	buf_clear(&fields);
}
