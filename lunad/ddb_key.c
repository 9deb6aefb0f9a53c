#include <string.h>

#include "ddb.h"
#include "ddb_number.h"
#include "digest.h"

/*
 * Keys of rows: the table's id and the index's slot, one byte that scatters
 * hash keys (so that a scan has no order that AWS would not have, and
 * segments are ranges), the hash key, the range key; in an index the item's
 * own keys behind. Every value ends itself and is ordered as its bytes are.
 */
#define HASH_MAX 2048
#define RANGE_MAX 1024
#define SPACE 6

void
ddb_key_space(
    const struct ddb_table *t, const struct ddb_index *i, struct buf *out)
{
	unsigned slot = i == NULL ? 0 : i->slot;
	unsigned char space[SPACE] = {(unsigned char)(t->id >> 24),
	    (unsigned char)(t->id >> 16), (unsigned char)(t->id >> 8),
	    (unsigned char)t->id, (unsigned char)(slot >> 8),
	    (unsigned char)slot};
	buf_add(out, space, sizeof(space));
}

void
ddb_key_value(const struct ddb_value *v, bool ended, struct buf *out)
{
	struct ddb_number n;
	if (v->type == DDB_N) {
		if (ddb_number_read(v->text, v->len, &n, NULL) == 0)
			ddb_number_key(&n, out);
		return;
	}
	const char *p = v->text, *end = v->text + v->len;
	while (p < end) {
		const char *zero = memchr(p, '\0', (size_t)(end - p));
		buf_add(out, p, (size_t)((zero == NULL ? end : zero) - p));
		if (zero == NULL)
			break;
		buf_add(out, "\0\xff", 2);
		p = zero + 1;
	}
	if (ended)
		buf_add(out, "\0\0", 2);
}

/* The places of 16 kinds of keys are neighbours. */
static unsigned char
bucket_of(uint32_t place)
{
	return (unsigned char)(place >> 28);
}

void
ddb_key_hash(const struct ddb_value *hash, struct buf *out)
{
	size_t at = out->len;
	buf_add_char(out, 0);
	ddb_key_value(hash, true, out);
	uint32_t place = digest_crc32(0, out->data + at + 1, out->len - at - 1);
	out->data[at] = (char)bucket_of(place);
}

void
ddb_key_after(struct buf *key)
{
	while (key->len > 0 && (unsigned char)key->data[key->len - 1] == 0xff)
		key->len--;
	if (key->len > 0)
		key->data[key->len - 1]++;
}

/* How many bytes the value takes that begins at p. */
static size_t
value_len(const unsigned char *p, size_t len, enum ddb_type type)
{
	size_t i = 0;
	if (type == DDB_N) {
		if (len == 0 || p[0] == 1)
			return len == 0 ? 0 : 1;
		unsigned char end = p[0] == 0 ? 0xff : 0;
		for (i = 2; i < len && p[i] != end; i++)
			;
		return i < len ? i + 1 : len;
	}
	while (i + 1 < len && !(p[i] == 0 && p[i + 1] == 0))
		i += p[i] == 0 ? 2 : 1;
	return i + 2 < len ? i + 2 : len;
}

uint32_t
ddb_key_place(const void *key, size_t len, enum ddb_type hash)
{
	const unsigned char *p = key;
	size_t head = SPACE + 1;
	if (len <= head)
		return 0;
	return digest_crc32(0, p + head, value_len(p + head, len - head, hash));
}

static const struct ddb_value *
key_of(const struct ddb_value *item, const struct ddb_key *key)
{
	return key->name == NULL ? NULL : ddb_member(item, key->name, key->len);
}

void
ddb_key_item(
    const struct ddb_table *t, const struct ddb_value *item, struct buf *out)
{
	ddb_key_space(t, NULL, out);
	ddb_key_hash(key_of(item, &t->hash), out);
	if (t->range.name != NULL)
		ddb_key_value(key_of(item, &t->range), true, out);
}

int
ddb_key_index(const struct ddb_table *t, const struct ddb_index *i,
    const struct ddb_value *item, struct buf *out)
{
	const struct ddb_value *hash = key_of(item, &i->hash);
	const struct ddb_value *range = key_of(item, &i->range);
	if (hash == NULL || hash->type != i->hash.type ||
	    (i->range.name != NULL &&
		(range == NULL || range->type != i->range.type)))
		return -1;
	ddb_key_space(t, i, out);
	ddb_key_hash(hash, out);
	if (range != NULL)
		ddb_key_value(range, true, out);
	ddb_key_value(key_of(item, &t->hash), true, out);
	if (t->range.name != NULL)
		ddb_key_value(key_of(item, &t->range), true, out);
	return 0;
}

static int
check_size(struct ddb_call *c, const struct ddb_value *v, bool hash)
{
	if (v->type == DDB_N)
		return 0;
	if (hash && v->len > HASH_MAX)
		return ddb_invalid(&c->err,
		    "One or more parameter values were invalid: Size of "
		    "hashkey has exceeded the maximum size limit of%d bytes",
		    HASH_MAX);
	if (!hash && v->len > RANGE_MAX)
		return ddb_invalid(&c->err,
		    "One or more parameter values were invalid: Aggregated "
		    "size of all range keys has exceeded the size limit of %d "
		    "bytes",
		    RANGE_MAX);
	return 0;
}

static int
check_filled(
    struct ddb_call *c, const struct ddb_key *key, const struct ddb_value *v)
{
	if (v->type == DDB_N || v->len > 0)
		return 0;
	return ddb_invalid(&c->err,
	    "One or more parameter values are not valid. The AttributeValue "
	    "for a key attribute cannot contain an empty %s value. Key: %s",
	    v->type == DDB_S ? "string" : "binary", key->name);
}

static int
check_item_key(struct ddb_call *c, const struct ddb_key *key, bool hash,
    const struct ddb_value *item)
{
	const struct ddb_value *v = key_of(item, key);
	if (key->name == NULL)
		return 0;
	if (v == NULL)
		return ddb_invalid(&c->err,
		    "One or more parameter values were invalid: Missing the "
		    "key %s in the item",
		    key->name);
	if (v->type != key->type)
		return ddb_invalid(&c->err,
		    "One or more parameter values were invalid: Type mismatch "
		    "for key %s expected: %s actual: %s",
		    key->name, ddb_type_name[key->type],
		    ddb_type_name[v->type]);
	if (check_filled(c, key, v) != 0)
		return -1;
	return check_size(c, v, hash);
}

static int
check_index_key(struct ddb_call *c, const struct ddb_index *i,
    const struct ddb_key *key, const struct ddb_value *item)
{
	const struct ddb_value *v = key_of(item, key);
	if (v == NULL)
		return 0;
	if (v->type != key->type)
		return ddb_invalid(&c->err,
		    "One or more parameter values were invalid: Type mismatch "
		    "for Index Key %s Expected: %s Actual: %s IndexName: %s",
		    key->name, ddb_type_name[key->type], ddb_type_name[v->type],
		    i->name);
	if (v->type != DDB_N && v->len == 0)
		return ddb_invalid(&c->err,
		    "One or more parameter values are not valid. A value "
		    "specified for a secondary index key is not supported. The "
		    "AttributeValue for a key attribute cannot contain an "
		    "empty %s value. IndexName: %s, IndexKey: %s",
		    v->type == DDB_S ? "string" : "binary", i->name, key->name);
	return check_size(c, v, key == &i->hash);
}

int
ddb_check_indexes(
    struct ddb_call *c, const struct ddb_table *t, const struct ddb_value *item)
{
	for (size_t n = 0; n < t->indexes; n++) {
		const struct ddb_index *i = &t->index[n];
		if (check_index_key(c, i, &i->hash, item) != 0 ||
		    check_index_key(c, i, &i->range, item) != 0)
			return -1;
	}
	return 0;
}

int
ddb_check_item(
    struct ddb_call *c, const struct ddb_table *t, const struct ddb_value *item)
{
	if (check_item_key(c, &t->hash, true, item) != 0 ||
	    check_item_key(c, &t->range, false, item) != 0)
		return -1;
	return ddb_check_indexes(c, t, item);
}

static int
check_key(struct ddb_call *c, const struct ddb_key *key, bool hash,
    const struct ddb_value *from)
{
	if (key->name == NULL)
		return 0;
	const struct ddb_value *v = key_of(from, key);
	if (v == NULL || v->type != key->type)
		return ddb_invalid(&c->err,
		    "The provided key element does not match the schema");
	if (check_filled(c, key, v) != 0)
		return -1;
	return check_size(c, v, hash);
}

int
ddb_check_key(
    struct ddb_call *c, const struct ddb_table *t, const struct ddb_value *key)
{
	if (key->len != (t->range.name == NULL ? 1 : 2))
		return ddb_invalid(&c->err,
		    "The provided key element does not match the schema");
	if (check_key(c, &t->hash, true, key) != 0)
		return -1;
	return check_key(c, &t->range, false, key);
}
