#include "kpl.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "mem.h"

static const char magic[] = "\xf3\x89\x9a\xc2";
#define MAGIC (sizeof(magic) - 1)

/* Fields of the message, and of each of its records. */
enum { KEY_TABLE = 1, HASH_TABLE = 2, RECORDS = 3 };
enum { KEY_INDEX = 1, HASH_INDEX = 2, DATA = 3 };
/* How protobuf writes a value. */
enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

struct field {
	uint64_t number, value;
	unsigned wire;
	struct kpl_text bytes;
};

static int
read_varint(const char **at, const char *end, uint64_t *out)
{
	*out = 0;
	for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
		unsigned char c = (unsigned char)*(*at)++;
		*out |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80)
			return 0;
	}
	return -1;
}

/* 1: a field; 0: the end; -1: no such message. */
static int
next_field(const char **at, const char *end, struct field *f)
{
	uint64_t tag, len = 0;
	*f = (struct field){0};
	if (*at == end)
		return 0;
	if (read_varint(at, end, &tag) != 0)
		return -1;
	f->number = tag >> 3;
	f->wire = tag & 7;
	switch (f->wire) {
	case VARINT:
		return read_varint(at, end, &f->value) == 0 ? 1 : -1;
	case BYTES:
		if (read_varint(at, end, &len) != 0)
			return -1;
		break;
	case FIXED64:
		len = 8;
		break;
	case FIXED32:
		len = 4;
		break;
	default:
		return -1;
	}
	if (len > (uint64_t)(end - *at))
		return -1;
	f->bytes = (struct kpl_text){*at, (size_t)len};
	*at += len;
	return 1;
}

static void
add_text(struct kpl_text **table, size_t *count, struct kpl_text text)
{
	if ((*count & (*count - 1)) == 0) /* full: a power of two, or none */
		*table = mem_grow(
		    *table, *count == 0 ? 1 : *count * 2, sizeof(**table));
	(*table)[(*count)++] = text;
}

/* One record; its keys must be in the tables. */
static bool
read_record(const struct kpl *k, struct kpl_text text, struct kpl_record *out)
{
	const char *at = text.at, *end = text.at + text.len;
	struct field f;
	int more;
	*out = (struct kpl_record){0};
	while ((more = next_field(&at, end, &f)) == 1) {
		if (f.number == DATA && f.wire == BYTES)
			out->data = f.bytes;
		if (f.number == KEY_INDEX && f.wire == VARINT) {
			if (f.value >= k->keys)
				return false;
			out->key = k->key[f.value];
		}
		if (f.number == HASH_INDEX && f.wire == VARINT) {
			if (f.value >= k->hash_keys)
				return false;
			out->hash_key = k->hash_key[f.value];
		}
	}
	return more == 0 && out->key.at != NULL && out->data.at != NULL;
}

/* The tables, and that the whole of it can be read. */
static bool
read_tables(struct kpl *k)
{
	const char *at = k->at;
	struct kpl_record record;
	struct field f;
	size_t records = 0;
	int more;
	while ((more = next_field(&at, k->end, &f)) == 1) {
		if (f.wire != BYTES)
			continue;
		if (f.number == KEY_TABLE)
			add_text(&k->key, &k->keys, f.bytes);
		else if (f.number == HASH_TABLE)
			add_text(&k->hash_key, &k->hash_keys, f.bytes);
	}
	for (at = k->at; more == 0 && next_field(&at, k->end, &f) == 1;) {
		if (f.wire != BYTES || f.number != RECORDS)
			continue;
		if (!read_record(k, f.bytes, &record))
			return false;
		records++;
	}
	return more == 0 && records > 0;
}

bool
kpl_open(struct kpl *k, const void *bytes, size_t len)
{
	uint8_t md5[DIGEST_MD5];
	*k = (struct kpl){0};
	if (len < MAGIC + DIGEST_MD5 || memcmp(bytes, magic, MAGIC) != 0)
		return false;
	k->at = (const char *)bytes + MAGIC;
	k->end = (const char *)bytes + len - DIGEST_MD5;
	digest_md5(k->at, (size_t)(k->end - k->at), md5);
	if (memcmp(md5, k->end, DIGEST_MD5) == 0 && read_tables(k))
		return true;
	kpl_clear(k);
	return false;
}

bool
kpl_next(struct kpl *k, struct kpl_record *out)
{
	struct field f;
	while (next_field(&k->at, k->end, &f) == 1)
		if (f.wire == BYTES && f.number == RECORDS)
			return read_record(k, f.bytes, out);
	return false;
}

void
kpl_clear(struct kpl *k)
{
	free(k->key);
	free(k->hash_key);
	*k = (struct kpl){0};
}
