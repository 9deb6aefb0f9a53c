#include "aggregate.h"

#include <stdlib.h>
#include <string.h>

#include "distinct.h"
#include "group.h"
#include "hash.h"
#include "json.h"
#include "mem.h"
#include "text.h"

enum kind { COUNT, SUM, MIN, MAX, AVG, DISTINCT };

struct aggregate {
	enum kind kind;
	struct buf before; /* ,"NAME": */
	size_t input;
	size_t at; /* in the state */
};

struct aggregate_input {
	struct template_field *field;
	char *path;
	bool number, distinct; /* read as */
	struct buf key;        /* of a value that is hashed */
};

/* The least or the greatest number so far. */
struct extreme {
	struct decimal number;
	char *text; /* its own copy of number.text */
};

static const struct {
	const char *name;
	size_t size;
} kinds[] = {[COUNT] = {"count", 0},
    [SUM] = {"sum", sizeof(struct decimal_sum)},
    [MIN] = {"min", sizeof(struct extreme)},
    [MAX] = {"max", sizeof(struct extreme)},
    [AVG] = {"avg", sizeof(struct decimal_sum)},
    [DISTINCT] = {"distinct", sizeof(struct distinct)}};

static int
usage(struct err *err, const char *text)
{
	return err_set(err, ERR_SETUP, "Usage",
	    "'%s' is neither NAME=count nor NAME=sum:FIELD, min:, max:, avg: "
	    "or distinct:",
	    text);
}

bool
aggregate_named(const struct aggregates *a, const char *before)
{
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->item[i].before.data, before) == 0)
			return true;
	return false;
}

/* The input that reads this field. */
static int
find_input(struct aggregates *a, const char *path, enum kind kind,
    size_t *index, struct err *err)
{
	size_t i = 0;
	while (i < a->inputs && strcmp(a->input[i].path, path) != 0)
		i++;
	if (i == a->inputs) {
		struct template_field *f = template_field_new(path, err);
		if (f == NULL)
			return -1;
		a->input = mem_grow(a->input, i + 1, sizeof(*a->input));
		a->input[i] = (struct aggregate_input){
		    .field = f, .path = mem_text(path)};
		a->inputs++;
	}
	if (kind == DISTINCT)
		a->input[i].distinct = true;
	else
		a->input[i].number = true;
	*index = i;
	return 0;
}

static int
find_kind(const char *word, size_t len, enum kind *kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strlen(kinds[i].name) == len &&
		    memcmp(kinds[i].name, word, len) == 0) {
			*kind = (enum kind)i;
			return 0;
		}
	return -1;
}

int
aggregate_add(struct aggregates *a, const char *text, struct err *err)
{
	struct aggregate new = {0};
	const char *equals = strchr(text, '=');
	const char *word = equals == NULL ? text : equals + 1;
	size_t len = strcspn(word, ":");
	if (equals == NULL || equals == text ||
	    find_kind(word, len, &new.kind) != 0 ||
	    (new.kind == COUNT) != (word[len] == '\0'))
		return usage(err, text);
	if (new.kind != COUNT &&
	    find_input(a, word + len + 1, new.kind, &new.input, err) != 0)
		return -1;
	buf_add_char(&new.before, ',');
	text_json_string(text, (size_t)(equals - text), &new.before);
	buf_add_char(&new.before, ':');
	if (aggregate_named(a, new.before.data)) {
		buf_clear(&new.before);
		return err_set(
		    err, ERR_SETUP, "Usage", "'%s': that name is taken", text);
	}
	new.at = a->state_size;
	a->state_size += (kinds[new.kind].size + 15) / 16 * 16;
	a->item = mem_grow(a->item, a->count + 1, sizeof(*a->item));
	a->item[a->count++] = new;
	return 0;
}

void
aggregate_clear(struct aggregates *a)
{
	for (size_t i = 0; i < a->count; i++)
		buf_clear(&a->item[i].before);
	for (size_t i = 0; i < a->inputs; i++) {
		template_field_free(a->input[i].field);
		free(a->input[i].path);
		buf_clear(&a->input[i].key);
	}
	free(a->item);
	free(a->input);
	*a = (struct aggregates){0};
}

static int
read_number(const struct aggregate_input *in, struct json v,
    struct decimal *number, struct err *err)
{
	if (v.type != JSON_NUMBER)
		return err_set(err, ERR_RECORD, "NoNumber", "field %s is %s",
		    in->path,
		    v.type == JSON_NONE   ? "absent"
		    : v.type == JSON_NULL ? "null"
					  : "no number");
	if (decimal_read(v.at, v.len, number) != 0)
		return err_set(err, ERR_RECORD, "NoNumber",
		    "field %s has more than %d digits", in->path,
		    DECIMAL_DIGITS);
	return 0;
}

static int
read_hash(struct aggregate_input *in, struct json v,
    struct aggregate_value *value, struct err *err)
{
	value->present = v.type != JSON_NONE && v.type != JSON_NULL;
	if (!value->present)
		return 0;
	buf_reset(&in->key);
	if (group_value(v, &in->key, err) != 0) {
		err_prefix(err, "field %s", in->path);
		return -1;
	}
	/* Estimates are the same in every run: no seed. */
	value->hash = hash_bytes(in->key.data, in->key.len, 0);
	return 0;
}

const struct template_field *
aggregate_field(const struct aggregates *a, size_t input)
{
	return a->input[input].field;
}

int
aggregate_read(const struct aggregates *a, const struct json *field,
    struct aggregate_value *value, struct err *err)
{
	for (size_t i = 0; i < a->inputs; i++) {
		struct aggregate_input *in = &a->input[i];
		if (in->number &&
		    read_number(in, field[i], &value[i].number, err) != 0)
			return -1;
		if (in->distinct &&
		    read_hash(in, field[i], &value[i], err) != 0)
			return -1;
	}
	return 0;
}

static void *
part(const struct aggregate *item, void *state)
{
	return (char *)state + item->at;
}

/* Keep number if it is further out. Of equal ones the one with fewer digits
 * after the point, so that the order of records does not matter. */
static void
keep(
    enum kind kind, struct extreme *e, bool first, const struct decimal *number)
{
	int order = first ? 0 : decimal_compare(number, &e->number);
	if (kind == MIN)
		order = -order;
	if (!first &&
	    (order < 0 || (order == 0 && number->scale >= e->number.scale)))
		return;
	char *text =
	    number->text == NULL ? NULL : mem_copy(number->text, number->len);
	free(e->text);
	*e = (struct extreme){*number, text};
	e->number.text = text;
}

void
aggregate_fold(const struct aggregates *a, void *state, bool first,
    const struct aggregate_value *value)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct aggregate *item = &a->item[i];
		const struct aggregate_value *v = &value[item->input];
		void *to = part(item, state);
		switch (item->kind) {
		case COUNT:
			break;
		case SUM:
		case AVG:
			decimal_add(to, &v->number);
			break;
		case MIN:
		case MAX:
			keep(item->kind, to, first, &v->number);
			break;
		case DISTINCT:
			if (v->present)
				distinct_add(to, v->hash);
			break;
		}
	}
}

void
aggregate_merge(const struct aggregates *a, void *state, void *other)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct aggregate *item = &a->item[i];
		void *to = part(item, state), *from = part(item, other);
		switch (item->kind) {
		case COUNT:
			break;
		case SUM:
		case AVG:
			decimal_merge(to, from);
			break;
		case MIN:
		case MAX:
			keep(item->kind, to, false,
			    &((struct extreme *)from)->number);
			break;
		case DISTINCT:
			distinct_merge(to, from);
			break;
		}
	}
	aggregate_release(a, other);
}

static void
print_extreme(const struct extreme *e, struct buf *out)
{
	struct decimal_sum alone = {0};
	decimal_add(&alone, &e->number);
	decimal_print(&alone, out);
	decimal_clear(&alone);
}

static void
print_count(uint64_t n, struct buf *out)
{
	char digits[20], *end = digits + sizeof(digits), *p = end;
	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	buf_add(out, p, (size_t)(end - p));
}

void
aggregate_print(const struct aggregates *a, const void *state, uint64_t count,
    struct buf *out)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct aggregate *item = &a->item[i];
		const void *from = (const char *)state + item->at;
		buf_add(out, item->before.data, item->before.len);
		switch (item->kind) {
		case COUNT:
			print_count(count, out);
			break;
		case SUM:
			decimal_print(from, out);
			break;
		case MIN:
		case MAX:
			print_extreme(from, out);
			break;
		case AVG:
			decimal_mean(from, count, out);
			break;
		case DISTINCT:
			print_count(distinct_count(from), out);
			break;
		}
	}
}

void
aggregate_release(const struct aggregates *a, void *state)
{
	for (size_t i = 0; i < a->count; i++) {
		void *at = part(&a->item[i], state);
		switch (a->item[i].kind) {
		case COUNT:
			break;
		case SUM:
		case AVG:
			decimal_clear(at);
			break;
		case MIN:
		case MAX:
			free(((struct extreme *)at)->text);
			((struct extreme *)at)->text = NULL;
			break;
		case DISTINCT:
			distinct_clear(at);
			break;
		}
	}
}
