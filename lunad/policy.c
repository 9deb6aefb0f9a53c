#include "policy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json.h"

struct check {
	enum policy_kind kind;
	struct json statements;
	struct buf *why;
};

static int
refuse(struct check *c, const char *reason)
{
	buf_add_text(c->why, reason);
	return -1;
}

static int
syntax(struct check *c)
{
	return refuse(c, "Syntax errors in policy.");
}

/* A string, or an array of at least one. */
static bool
strings(struct json v)
{
	struct json_iter it;
	struct json one;
	if (v.type == JSON_STRING)
		return true;
	if (v.type != JSON_ARRAY || json_count(v) == 0)
		return false;
	json_each(v, &it);
	while (json_next(&it, NULL, &one))
		if (one.type != JSON_STRING)
			return false;
	return true;
}

static bool
has(struct json statement, const char *member)
{
	return json_get(statement, member).type != JSON_NONE;
}

/* Only members that a statement may have; of a pair only one. */
static bool
known_members(struct json statement)
{
	static const char *const members[] = {"Sid", "Effect", "Principal",
	    "NotPrincipal", "Action", "NotAction", "Resource", "NotResource",
	    "Condition"};
	struct json_iter it;
	struct json key, v;
	json_members(statement, &it);
	while (json_next(&it, &key, &v)) {
		bool known = false;
		for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
			known = known || json_is(key, members[i]);
		if (!known)
			return false;
	}
	return !(has(statement, "Action") && has(statement, "NotAction")) &&
	       !(has(statement, "Resource") && has(statement, "NotResource")) &&
	       !(has(statement, "Principal") && has(statement, "NotPrincipal"));
}

/* {"StringEquals":{"aws:SourceArn":"…" or […]}} */
static bool
condition_ok(struct json condition)
{
	struct json_iter it, inner;
	struct json key, tests, v;
	if (condition.type == JSON_NONE)
		return true;
	if (condition.type != JSON_OBJECT)
		return false;
	json_members(condition, &it);
	while (json_next(&it, &key, &tests)) {
		if (tests.type != JSON_OBJECT)
			return false;
		json_members(tests, &inner);
		while (json_next(&inner, &key, &v))
			if (v.type == JSON_OBJECT || v.type == JSON_NULL)
				return false;
	}
	return true;
}

static bool
effect_ok(struct json effect)
{
	return effect.type == JSON_STRING &&
	       (json_is(effect, "Allow") || json_is(effect, "Deny"));
}

static bool
principal_ok(struct json v)
{
	struct json_iter it;
	struct json key, who;
	if (v.type == JSON_STRING)
		return json_is(v, "*");
	if (v.type != JSON_OBJECT || json_count(v) == 0)
		return false;
	json_members(v, &it);
	while (json_next(&it, &key, &who))
		if (!strings(who) ||
		    (!json_is(key, "AWS") && !json_is(key, "Service") &&
			!json_is(key, "Federated") &&
			!json_is(key, "CanonicalUser")))
			return false;
	return true;
}

static int
check_action(struct check *c, struct json action)
{
	char *text = json_dup(action);
	const char *colon = text == NULL ? NULL : strchr(text, ':');
	int status = 0;
	if (text == NULL)
		status = syntax(c);
	else if (strcmp(text, "*") == 0)
		status = 0;
	else if (colon == NULL)
		status = refuse(c,
		    "Actions/Conditions must be prefaced by a vendor, e.g., "
		    "iam, sdb, ec2, etc.");
	else if (strchr(colon + 1, ':') != NULL)
		status =
		    refuse(c, "Actions/Condition can contain only one colon.");
	else if (c->kind == POLICY_TRUST && strncmp(text, "sts:", 4) != 0)
		status = refuse(c, "AssumeRole policy may only specify STS "
				   "AssumeRole actions.");
	for (const char *p = text;
	     status == 0 && p != NULL && colon != NULL && p < colon; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '.') {
			buf_addf(c->why, "Vendor %.*s is not valid",
			    (int)(colon - text), text);
			status = -1;
		}
	free(text);
	return status;
}

static int
check_resource(struct check *c, struct json resource)
{
	char *text = json_dup(resource);
	int status = 0;
	if (text == NULL) {
		status = syntax(c);
	} else if (strcmp(text, "*") != 0 && strchr(text, ':') == NULL) {
		buf_addf(c->why, "Resource %s must be in ARN format or \"*\".",
		    text);
		status = -1;
	} else if (strcmp(text, "*") != 0 && strncmp(text, "arn:", 4) != 0) {
		status = refuse(c, "The policy failed legacy parsing");
	}
	free(text);
	return status;
}

static int
check_each(
    struct check *c, struct json v, int (*one)(struct check *c, struct json v))
{
	struct json_iter it;
	struct json element;
	if (v.type == JSON_STRING)
		return one(c, v);
	json_each(v, &it);
	while (json_next(&it, NULL, &element))
		if (one(c, element) != 0)
			return -1;
	return 0;
}

static int
check_form(struct check *c, struct json s)
{
	static const char *const lists[] = {
	    "Action", "NotAction", "Resource", "NotResource"};
	struct json principal =
	    json_get(s, has(s, "Principal") ? "Principal" : "NotPrincipal");
	struct json sid = json_get(s, "Sid");
	if (s.type != JSON_OBJECT || !known_members(s) ||
	    !effect_ok(json_get(s, "Effect")) ||
	    !condition_ok(json_get(s, "Condition")) ||
	    (sid.type != JSON_NONE && sid.type != JSON_STRING))
		return syntax(c);
	if (principal.type != JSON_NONE && !principal_ok(principal))
		return c->kind == POLICY_IDENTITY
			   ? syntax(c)
			   : refuse(c, "Invalid principal in policy");
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		struct json v = json_get(s, lists[i]);
		if (v.type == JSON_NONE || strings(v))
			continue;
		if (v.type == JSON_ARRAY && json_count(v) == 0)
			return refuse(c,
			    i < 2 ? "Policy statement must contain actions."
				  : "Policy statement must contain resources.");
		return syntax(c);
	}
	return 0;
}

static int
check_statement(struct check *c, struct json s)
{
	bool principal = has(s, "Principal") || has(s, "NotPrincipal");
	bool resource = has(s, "Resource") || has(s, "NotResource");
	if (check_form(c, s) != 0)
		return -1;
	if (!has(s, "Action") && !has(s, "NotAction"))
		return refuse(c, "Policy statement must contain actions.");
	if (c->kind == POLICY_TRUST && resource)
		return refuse(c, "Has prohibited field Resource");
	if (c->kind != POLICY_TRUST && !resource)
		return refuse(c, "Policy statement must contain resources.");
	if (c->kind == POLICY_IDENTITY && principal)
		return refuse(
		    c, "Policy document should not specify a principal.");
	if (c->kind != POLICY_IDENTITY && !principal)
		return refuse(c, "Missing required field Principal");
	if (check_each(c,
		json_get(s, has(s, "Action") ? "Action" : "NotAction"),
		check_action) != 0)
		return -1;
	return check_each(c,
	    json_get(s, has(s, "Resource") ? "Resource" : "NotResource"),
	    check_resource);
}

/* Is there a statement with this Sid before the n'th? */
static bool
sid_before(struct check *c, struct json sid, size_t n)
{
	char *text = json_dup(sid);
	bool found = false;
	for (size_t i = 0; text != NULL && i < n && !found; i++) {
		struct json other = json_get(json_at(c->statements, i), "Sid");
		found = other.type == JSON_STRING && json_is(other, text);
	}
	free(text);
	return found;
}

static int
check_statements(struct check *c)
{
	struct json_iter it;
	struct json s;
	size_t n = 0;
	if (c->statements.type == JSON_OBJECT)
		return check_statement(c, c->statements);
	if (c->statements.type != JSON_ARRAY || json_count(c->statements) == 0)
		return syntax(c);
	json_each(c->statements, &it);
	while (json_next(&it, NULL, &s)) {
		if (check_statement(c, s) != 0)
			return -1;
		if (sid_before(c, json_get(s, "Sid"), n++))
			return refuse(c,
			    "Statement IDs (SID) in a single policy must be "
			    "unique.");
	}
	return 0;
}

int
policy_check(const char *text, enum policy_kind kind, struct buf *why)
{
	struct check c = {.kind = kind, .why = why};
	struct json v;
	if (json_scan(text, strlen(text), &v, NULL) != 0 ||
	    v.type != JSON_OBJECT)
		return refuse(&c, "This policy contains invalid Json");
	struct json version = json_get(v, "Version");
	if (version.type != JSON_NONE &&
	    (version.type != JSON_STRING ||
		(!json_is(version, "2012-10-17") &&
		    !json_is(version, "2008-10-17"))))
		return syntax(&c);
	/* Of identity policies IAM takes the newer version only. */
	if (kind == POLICY_IDENTITY &&
	    (version.type == JSON_NONE || !json_is(version, "2012-10-17")))
		return refuse(&c,
		    "Policy document must be version 2012-10-17 or greater.");
	c.statements = json_get(v, "Statement");
	return check_statements(&c);
}
