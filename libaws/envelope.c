#include "envelope.h"

static const char *const kept[] = {"TopicArn", "MessageId", "Subject",
    "Timestamp", "SequenceNumber", "MessageAttributes"};

bool
envelope_open(
    const char *body, size_t len, struct buf *message, struct buf *fields)
{
	struct json root;
	if (json_scan(body, len, &root, NULL) != 0)
		return false;
	struct json text = json_get(root, "Message");
	if (!json_is(json_get(root, "Type"), "Notification") ||
	    json_get(root, "TopicArn").type != JSON_STRING ||
	    text.type != JSON_STRING || json_text(text, message, NULL) != 0)
		return false;
	const char *comma = "";
	buf_add_text(fields, "\"sns\":{");
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		struct json v = json_get(root, kept[i]);
		if (v.type == JSON_NONE || v.type == JSON_NULL)
			continue;
		buf_addf(fields, "%s\"%s\":", comma, kept[i]);
		json_compact(v, fields);
		comma = ",";
	}
	buf_add_char(fields, '}');
	return true;
}
