/*
 * Whatever a line holds: the payload's bytes survive every splice, what is
 * emitted is a record again, an error does not accumulate, and a line that is
 * no record can be had back from the failed file.
 */
#include "record.h"

#include <string.h>

#include "fuzz.h"
#include "text.h"

static bool
equal(const struct buf *a, const void *text, size_t len)
{
	return a->len == len && memcmp(buf_text(a), text, len) == 0;
}

static bool
has_text(struct json v, const char *text)
{
	return v.len == strlen(text) && memcmp(v.at, text, v.len) == 0;
}

static void
must_parse(struct record *r, const struct buf *line)
{
	must(record_parse(r, buf_text(line), line->len, 1, NULL) == 0);
}

static void
must_have_payload(const struct record *r, const struct buf *payload)
{
	struct buf out = {0};
	record_payload(r, &out);
	must(equal(&out, buf_text(payload), payload->len));
	must(record_payload_len(r) == out.len);
	buf_clear(&out);
}

/* All metadata but to and error is as it was, byte for byte. */
static void
must_have_metadata(const struct record *now, const struct record *before)
{
	struct json_iter a, b;
	struct json key, value, key_now, value_now;
	json_each(before->meta, &a);
	json_each(now->meta, &b);
	while (json_next(&a, &key, &value)) {
		if (json_is(key, "error") || json_is(key, "to"))
			continue;
		do
			must(json_next(&b, &key_now, &value_now));
		while (json_is(key_now, "error") || json_is(key_now, "to"));
		must(key.len == key_now.len && value.len == value_now.len &&
		     memcmp(key.at, key_now.at, key.len) == 0 &&
		     memcmp(value.at, value_now.at, value.len) == 0);
	}
}

static void
check_payload(const struct buf *payload)
{
	struct json root;
	struct json_found found;
	must(json_scan_object(buf_text(payload), payload->len, "@metadata",
		 &root, &found, NULL) == 0);
	must(found.count == 0);
}

/* Past a cap nothing is added, and the caller can tell. */
static void
check_capped(const struct record *r, size_t whole_len)
{
	struct err err = {0};
	struct buf out;
	for (size_t cap = 1; cap < whole_len; cap += 1 + cap / 2) {
		buf_init(&out, cap);
		record_emit(r, "sns", "\"MessageId\":\"1\"", 15, &out);
		must(out.full && out.len <= cap);
		buf_reset(&out);
		record_emit_error(r, true, "t", &err, &out);
		must(out.len <= cap);
		buf_clear(&out);
	}
}

static void
check_emit(const struct record *r, const struct buf *payload)
{
	static const char fields[] = "\"MessageId\":\"1\"";
	struct buf out = {0}, again = {0};
	struct record now;
	record_emit(r, "sns", fields, sizeof(fields) - 1, &out);
	must_parse(&now, &out);
	must_have_payload(&now, payload);
	must_have_metadata(&now, r);
	must(json_get(now.meta, "error").type == JSON_NONE);
	must(has_text(json_get(json_get(now.meta, "to"), "sns"),
	    "{\"MessageId\":\"1\"}"));
	record_emit(&now, "sns", fields, sizeof(fields) - 1, &again);
	must(equal(&again, buf_text(&out), out.len));
	buf_reset(&again);
	record_emit(&now, NULL, NULL, 0, &again);
	must(equal(&again, buf_text(&out), out.len));
	check_capped(r, out.len);
	buf_clear(&out);
	buf_clear(&again);
}

static void
check_failed(const struct record *r, const struct buf *payload)
{
	struct err err = {0};
	struct buf out = {0}, again = {0};
	struct record now;
	err_set(&err, ERR_LATER, "Throttling", "slow down");
	record_emit_error(r, true, "t", &err, &out);
	must_parse(&now, &out);
	must_have_payload(&now, payload);
	must_have_metadata(&now, r);
	must(has_text(
	    json_get(json_get(now.meta, "error"), "retryable"), "true"));
	now.number = r->number;
	record_emit_error(&now, true, "t", &err, &again);
	must(equal(&again, buf_text(&out), out.len));
	buf_reset(&again);
	record_emit(&now, NULL, NULL, 0, &again);
	struct record cleaned;
	must_parse(&cleaned, &again);
	must_have_payload(&cleaned, payload);
	must(json_get(cleaned.meta, "error").type == JSON_NONE);
	if (r->meta.type == JSON_NONE)
		must(equal(&again, r->line, r->len));
	buf_clear(&out);
	buf_clear(&again);
}

static void
check_set(const struct record *r, const char *name)
{
	struct buf out = {0};
	struct record now;
	record_set(r, name, "[0.10]", 6, &out);
	must_parse(&now, &out);
	must(has_text(json_get(now.root, name), "[0.10]"));
	if (json_get(r->meta, "error").type == JSON_NONE)
		must(now.meta.len == r->meta.len &&
		     (r->meta.len == 0 ||
			 memcmp(now.meta.at, r->meta.at, r->meta.len) == 0));
	else if (now.meta.type != JSON_NONE)
		must_have_metadata(&now, r);
	must(json_get(now.meta, "error").type == JSON_NONE);
	buf_clear(&out);
}

/* A line that was refused comes back from its raw form. */
static void
check_raw(const struct record *r, const struct err *err)
{
	struct buf out = {0}, again = {0}, text = {0};
	struct record now;
	struct err refused;
	record_emit_error(r, false, "t", err, &out);
	must(record_parse(&now, buf_text(&out), out.len, r->number, &refused) !=
	     0);
	must(strcmp(refused.code, "NotARecord") == 0 && now.replayed_raw);
	if (!r->replayed_raw) {
		struct json raw = json_get(now.meta, "raw");
		if (raw.type == JSON_STRING)
			must(json_text(raw, &text, NULL) == 0);
		else
			must(text_unbase64(
				 json_get(now.meta, "raw_base64").at + 1,
				 json_get(now.meta, "raw_base64").len - 2,
				 &text) == 0);
		must(equal(&text, r->line, r->len));
	}
	record_emit_error(&now, false, "t", err, &again);
	must(equal(&again, buf_text(&out), out.len));
	buf_clear(&out);
	buf_clear(&again);
	buf_clear(&text);
}

static void
check_from(const char *body, size_t len)
{
	struct buf out = {0}, text = {0};
	struct record now;
	struct err err;
	record_from(body, len, "sqs", "\"Id\":\"1\"", 8, &out);
	must(memchr(buf_text(&out), '\n', out.len) == NULL);
	must_parse(&now, &out);
	must(json_is(json_get(record_origin(&now, "sqs"), "Id"), "1"));
	if (record_came_as_text(&now)) {
		must(record_body(&now, &text, &err) == 0);
		must(equal(&text, body, len));
	} else if (text_utf8(body, len) == len) {
		record_payload(&now, &text);
		must(text.len == len);
		for (size_t i = 0; i < len; i++)
			must(text.data[i] == body[i] ||
			     (text.data[i] == ' ' &&
				 (body[i] == '\n' || body[i] == '\r')));
	} else {
		struct json encoded = json_get(now.root, "body_base64");
		must(
		    text_unbase64(encoded.at + 1, encoded.len - 2, &text) == 0);
		must(equal(&text, body, len));
	}
	buf_clear(&out);
	buf_clear(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = (const char *)data;
	struct record r;
	struct err err;
	check_from(line, size);
	if (record_parse(&r, line, size, 7, &err) != 0) {
		check_raw(&r, &err);
		return 0;
	}
	struct buf payload = {0};
	record_payload(&r, &payload);
	check_payload(&payload);
	check_emit(&r, &payload);
	check_failed(&r, &payload);
	check_set(&r, "a");
	check_set(&r, "\"\xc3\xa4");
	buf_clear(&payload);
	return 0;
}
