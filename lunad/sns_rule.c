/*
 * SNS: filter policies as rules: one for each way through their $or groups.
 */
#include "sns_rule.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

struct reader {
	struct sns_source source;
	struct sns_rules *rules;
	struct buf path;
	size_t keys;
	bool nested; /* some key lies within another */
};

static int read_object(
    struct reader *r, struct json object, size_t depth, bool in_or);

/* ["a", 1, {"prefix":"b"}]: each element adds a pattern. */
static int
read_values(struct reader *r, struct json array, struct sns_values *values)
{
	struct json_iter it;
	struct json e;

	values->pattern =
	    mem_alloc((json_count(array) + 1) * sizeof(*values->pattern));
	json_each(array, &it);
	while (json_next(&it, NULL, &e)) {
		struct sns_pattern *p = &values->pattern[values->count++];

		if (sns_pattern_read(&r->source, e, p) != 0)
			return -1;
		values->absent |= p->test == SNS_ABSENT;
	}
	if (values->count == 0)
		return sns_pattern_refuse(&r->source, sns_pattern_passed(array),
		    "Empty arrays are not allowed");
	return 0;
}

/* Let every rule so far want one of these values at this path; the last word
 * on a path holds. */
static void
add_to_rules(struct sns_rules *rules, size_t index)
{
	const char *path = rules->values[index].path;

	for (size_t i = 0; i < rules->rule_count; i++) {
		struct sns_rule *rule = &rules->rule[i];
		size_t k = 0;

		while (k < rule->count &&
		       strcmp(rules->values[rule->value[k]].path, path) != 0)
			k++;
		rule->value[k] = index;
		if (k == rule->count)
			rule->count++;
	}
}

static void
append_rules(struct sns_rules *rules, const struct sns_rule *more, size_t count)
{
	if (count == 0)
		return;
	rules->rule = mem_grow(
	    rules->rule, rules->rule_count + count, sizeof(*rules->rule));
	memcpy(rules->rule + rules->rule_count, more, count * sizeof(*more));
	rules->rule_count += count;
}

static int
read_key(struct reader *r, struct json array, size_t depth)
{
	struct sns_rules *rules = r->rules;
	struct sns_values *values;

	rules->values = mem_grow(
	    rules->values, rules->value_count + 1, sizeof(*rules->values));
	values = &rules->values[rules->value_count++];
	*values = (struct sns_values){.path = mem_text(buf_text(&r->path))};
	r->nested |= depth > 1;
	if (read_values(r, array, values) != 0)
		return -1;
	values->weight = depth * values->count;
	/* Beyond the limit the policy is refused; what follows is still read,
	 * as AWS does, but rules no longer multiply. */
	if (++r->keys <= SNS_RULE_KEYS)
		add_to_rules(rules, rules->value_count - 1);
	else
		rules->rule_count = 0;
	return 0;
}

/* Each object of the array goes on from every rule there was: the ways
 * through the policy multiply. */
static int
read_or(struct reader *r, struct json array, size_t depth)
{
	struct sns_rules *rules = r->rules;
	struct sns_rule *before = rules->rule, *all = NULL;
	size_t before_count = rules->rule_count, all_count = 0, ways = 0;
	struct json_iter it;
	struct json e;
	int failed = 0;

	if (array.type != JSON_ARRAY)
		return sns_pattern_refuse(&r->source, sns_pattern_opened(array),
		    "It must be an Array followed with $or.");
	json_each(array, &it);
	while (failed == 0 && json_next(&it, NULL, &e)) {
		struct sns_rule *way;
		size_t way_count;

		ways++;
		rules->rule = NULL;
		rules->rule_count = 0;
		append_rules(rules, before, before_count);
		failed =
		    e.type == JSON_OBJECT
			? read_object(r, e, depth, true)
			: sns_pattern_refuse(&r->source, sns_pattern_opened(e),
			      "Only JSON object is allowed in array of $or "
			      "relationship.");
		way = rules->rule;
		way_count = rules->rule_count;
		rules->rule = all;
		rules->rule_count = all_count;
		append_rules(rules, way, way_count);
		all = rules->rule;
		all_count = rules->rule_count;
		free(way);
	}
	rules->rule = all;
	rules->rule_count = all_count;
	free(before);
	if (failed == 0 && ways < 2)
		return sns_pattern_refuse(&r->source, sns_pattern_passed(array),
		    "There must have at least 2 Objects in $or relationship.");
	return failed;
}

static int
read_member(
    struct reader *r, struct json key, struct json v, size_t depth, bool in_or)
{
	static const char *const reserved[] = {"exact", "prefix", "suffix",
	    "numeric", "anything-but", "exists", "cidr", "equals-ignore-case"};
	size_t path_len = r->path.len;
	int failed;

	for (size_t i = 0; in_or && i < sizeof(reserved) / sizeof(*reserved);
	     i++)
		if (json_is(key, reserved[i]))
			return sns_pattern_refuse(&r->source,
			    sns_pattern_opened(v),
			    "%s is Ruler reserved fieldName which cannot be "
			    "used inside $or.",
			    reserved[i]);
	if (path_len > 0)
		buf_add_char(&r->path, '.');
	if (json_text(key, &r->path, NULL) != 0 ||
	    strlen(buf_text(&r->path)) != r->path.len)
		failed = sns_pattern_refuse(
		    &r->source, sns_pattern_opened(v), "a key is no text");
	else if (v.type == JSON_OBJECT)
		failed = read_object(r, v, depth + 1, in_or);
	else if (v.type == JSON_ARRAY)
		failed = read_key(r, v, depth);
	else
		failed = sns_pattern_refuse(&r->source, sns_pattern_opened(v),
		    "\"%s\" must be an object or an array",
		    buf_text(&r->path) + path_len + (path_len > 0));
	r->path.len = path_len;
	if (r->path.data != NULL)
		r->path.data[path_len] = '\0';
	return failed;
}

static int
read_object(struct reader *r, struct json object, size_t depth, bool in_or)
{
	struct json_iter it;
	struct json key, v;
	bool any = false;
	int failed = 0;

	json_each(object, &it);
	while (failed == 0 && json_next(&it, &key, &v)) {
		any = true;
		failed = json_is(key, "$or")
			     ? read_or(r, v, depth)
			     : read_member(r, key, v, depth, in_or);
	}
	if (failed == 0 && !any)
		return sns_pattern_refuse(&r->source,
		    sns_pattern_passed(object),
		    "Empty objects are not allowed");
	return failed;
}

static bool
too_complex(const struct sns_rules *rules)
{
	size_t sum = 0;

	for (size_t i = 0; i < rules->rule_count; i++) {
		const struct sns_rule *rule = &rules->rule[i];
		size_t product = 1;

		for (size_t k = 0; k < rule->count; k++) {
			product *= rules->values[rule->value[k]].weight;
			if (product > SNS_RULE_COMBINATIONS)
				return true;
		}
		sum += product;
		if (sum > SNS_RULE_COMBINATIONS)
			return true;
	}
	return false;
}

int
sns_rule_read(const char *policy, size_t len, bool nested,
    struct sns_rules *rules, struct buf *why)
{
	struct reader r = {
	    .source = {.text = policy, .len = len, .why = why}, .rules = rules};
	struct sns_rule first = {0};
	struct json root;
	int failed = -1;

	memset(rules, 0, sizeof(*rules));
	append_rules(rules, &first, 1);
	if (json_scan(policy, len, &root, NULL) != 0) {
		buf_reset(why);
		buf_add_text(why, "FilterPolicy: failed to parse JSON. ");
		sns_rule_json(policy, len, why);
		goto out;
	}
	if (root.type != JSON_OBJECT) {
		sns_pattern_refuse(&r.source, sns_pattern_opened(root),
		    "Filter is not an object");
		goto out;
	}
	if (read_object(&r, root, 1, false) != 0)
		goto out;
	if (r.nested && !nested) {
		buf_reset(why);
		buf_add_text(why,
		    "Filter policy scope MessageAttributes does not support "
		    "nested filter policy");
	} else if (r.keys > SNS_RULE_KEYS) {
		sns_pattern_refuse(&r.source, NULL,
		    "Filter policy can not have more than %d keys",
		    SNS_RULE_KEYS);
	} else if (too_complex(rules)) {
		sns_pattern_refuse(
		    &r.source, NULL, "Filter policy is too complex");
	} else {
		failed = 0;
	}
out:
	buf_clear(&r.path);
	return failed;
}

void
sns_rule_clear(struct sns_rules *rules)
{
	for (size_t i = 0; i < rules->value_count; i++) {
		struct sns_values *values = &rules->values[i];

		for (size_t k = 0; k < values->count; k++)
			sns_pattern_clear(&values->pattern[k]);
		free(values->pattern);
		free(values->path);
	}
	free(rules->values);
	free(rules->rule);
	memset(rules, 0, sizeof(*rules));
}

/*
 * AWS's JSON reader about a text that is none. Its words are known for a name
 * without quotes and for a bare word; for the rest ours say where.
 */
void
sns_rule_json(const char *text, size_t len, struct buf *why)
{
	static const char redacted[] =
	    "\n at [Source: REDACTED (`StreamReadFeature."
	    "INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: %zu]";
	struct json root;
	struct err err = {0};
	size_t word = 0;

	if (json_scan(text, len, &root, &err) == 0)
		return;
	while (word < len && isalnum((unsigned char)text[word]))
		word++;
	if (word > 0 && isalpha((unsigned char)text[0])) {
		buf_addf(why,
		    "Unrecognized token '%.*s': was expecting (JSON String, "
		    "Number, Array, Object or token 'null', 'true' or 'false')",
		    (int)word, text);
		buf_addf(why, redacted, word + 1);
	} else if (len > 1 && text[0] == '{' &&
		   isalnum((unsigned char)text[1])) {
		buf_addf(why,
		    "Unexpected character ('%c' (code %d)): was expecting "
		    "double-quote to start field name",
		    text[1], text[1]);
		buf_addf(why, redacted, (size_t)2);
	} else {
		buf_add_text(why, err.message);
	}
}
