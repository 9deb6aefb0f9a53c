#include <ctype.h>
#include <string.h>

#include "cfn.h"
#include "cfn_type.h"

struct walk {
	struct cfn_scope *scope;
	int (*found)(void *user, const struct cfn_reference *reference);
	void *user;
};

static int walk(struct walk *w, const cJSON *v);

static int
walk_all(struct walk *w, const cJSON *v)
{
	for (const cJSON *c = v->child; c != NULL; c = c->next) {
		int status = walk(w, c);
		if (status != 0)
			return status;
	}
	return 0;
}

static int
found_attribute(struct walk *w, const char *text, const char *dot, bool sub)
{
	char logical[256] = "";
	size_t n = (size_t)(dot - text);
	memcpy(logical, text, n < 255 ? n : 255);
	return w->found(
	    w->user, &(struct cfn_reference){
			 .name = logical, .attribute = dot + 1, .sub = sub});
}

static int
walk_sub(struct walk *w, const cJSON *arg)
{
	struct buf literal = {0}, name = {0};
	const cJSON *text = cJSON_IsArray(arg) ? arg->child : arg;
	const cJSON *map =
	    cJSON_IsArray(arg) && text != NULL ? text->next : NULL;
	int status = map == NULL ? 0 : walk_all(w, map);
	const char *at = cJSON_IsString(text) ? text->valuestring : "";
	while (status == 0 && cfn_sub_next(&at, &literal, &name)) {
		const char *of = buf_text(&name), *dot = strchr(of, '.');
		if (cfn_get(map, of) != NULL)
			continue;
		if (dot != NULL && !cfn_pseudo(of))
			status = found_attribute(w, of, dot, true);
		else
			status = w->found(w->user,
			    &(struct cfn_reference){.name = of, .sub = true});
	}
	buf_clear(&literal);
	buf_clear(&name);
	return status;
}

static int
walk_get_att(struct walk *w, const cJSON *arg)
{
	const cJSON *logical = cJSON_IsArray(arg) ? arg->child : NULL;
	const char *dot =
	    cJSON_IsString(arg) ? strchr(arg->valuestring, '.') : NULL;
	if (dot != NULL)
		return found_attribute(w, arg->valuestring, dot, false);
	if (!cJSON_IsString(logical) || logical->next == NULL)
		return 0; /* refused when it is resolved */
	const char *name = cfn_text(logical->next);
	int status = walk(w, logical->next);
	if (status != 0)
		return status;
	return w->found(
	    w->user, &(struct cfn_reference){.name = logical->valuestring,
			 .attribute = name == NULL ? "" : name});
}

static int
walk_if(struct walk *w, const cJSON *arg)
{
	const cJSON *name = cJSON_IsArray(arg) ? arg->child : NULL;
	if (!cJSON_IsString(name) || name->next == NULL)
		return 0;
	int status =
	    w->found(w->user, &(struct cfn_reference){.name = name->valuestring,
				  .condition = true});
	if (status != 0)
		return status;
	if (w->scope == NULL)
		return walk_all(w, arg);
	int met = cfn_condition(w->scope, name->valuestring);
	if (met < 0)
		return -1;
	const cJSON *branch = met ? name->next : name->next->next;
	return branch == NULL ? 0 : walk(w, branch);
}

static int
walk(struct walk *w, const cJSON *v)
{
	const cJSON *only = cJSON_IsObject(v) ? v->child : NULL;
	if (only == NULL || only->next != NULL)
		return walk_all(w, v);
	if (strcmp(only->string, "Ref") == 0 && cJSON_IsString(only))
		return w->found(w->user,
		    &(struct cfn_reference){.name = only->valuestring});
	if (strcmp(only->string, "Fn::GetAtt") == 0)
		return walk_get_att(w, only);
	if (strcmp(only->string, "Fn::Sub") == 0)
		return walk_sub(w, only);
	if (strcmp(only->string, "Fn::If") == 0)
		return walk_if(w, only);
	return walk_all(w, v);
}

int
cfn_references(const cJSON *v, struct cfn_scope *s,
    int (*found)(void *user, const struct cfn_reference *reference), void *user)
{
	struct walk w = {.scope = s, .found = found, .user = user};
	return v == NULL ? 0 : walk(&w, v);
}

struct check {
	const struct cfn_template *t;
	const char *block;
	struct buf *why;
};

static bool
sub_name(const char *name)
{
	while (isalnum((unsigned char)*name) || strchr("_.:", *name) != NULL)
		if (*name++ == '\0')
			return true;
	return false;
}

static int
check_attribute(struct check *c, const struct cfn_reference *r)
{
	const struct cfn_type *type = cfn_type_find(
	    cfn_get_text(cfn_get(c->t->resources, r->name), "Type"));
	/* "" is one that a function gives */
	if (r->attribute[0] == '\0' || cfn_type_has(type, r->attribute))
		return 0;
	return cfn_refuse(c->why,
	    "Template error: resource %.255s does not support attribute type "
	    "%.255s in Fn::GetAtt",
	    r->name, r->attribute);
}

static int
check_one(void *user, const struct cfn_reference *r)
{
	struct check *c = user;
	if (r->condition)
		return cfn_get(c->t->conditions, r->name) != NULL
			   ? 0
			   : cfn_refuse(c->why,
				 "Template error: unresolved condition "
				 "dependency %.255s in Fn::If",
				 r->name);
	if (r->sub && (r->name[0] == '\0' || !sub_name(r->name)))
		return cfn_refuse(c->why,
		    "Template error: variable names in Fn::Sub syntax must "
		    "contain only alphanumeric characters, underscores, "
		    "periods, and colons");
	bool resource = cfn_get(c->t->resources, r->name) != NULL &&
			strcmp(c->block, "Conditions") != 0;
	if (r->attribute == NULL &&
	    (resource || cfn_pseudo(r->name) ||
		cfn_get(c->t->parameters, r->name) != NULL))
		return 0;
	if (r->attribute != NULL && resource)
		return check_attribute(c, r);
	if (strcmp(c->block, "Conditions") == 0)
		return cfn_refuse(c->why,
		    "Template format error: Unresolved dependencies [%.255s]. "
		    "Cannot reference resources in the Conditions block of the "
		    "template",
		    r->name);
	if (r->attribute != NULL && r->sub)
		return cfn_refuse(c->why,
		    "Template error: instance of Fn::Sub references invalid "
		    "resource attribute %.255s.%.255s",
		    r->name, r->attribute);
	if (r->attribute != NULL)
		return cfn_refuse(c->why,
		    "Template error: instance of Fn::GetAtt references "
		    "undefined resource %.255s",
		    r->name);
	return cfn_refuse(c->why,
	    "Template format error: Unresolved resource dependencies [%.255s] "
	    "in the %s block of the template",
	    r->name, c->block);
}

/* The name of a condition on a resource or an output. */
static int
check_condition(struct check *c, const cJSON *member)
{
	const char *name = cfn_get_text(member, "Condition");
	if (name == NULL || cfn_get(c->t->conditions, name) != NULL)
		return 0;
	return cfn_refuse(c->why,
	    "Template format error: Unresolved condition dependency %.255s in "
	    "the %s block of the template",
	    name, c->block);
}

static int
check_depends(struct check *c, const cJSON *resource)
{
	const cJSON *on = cfn_get(resource, "DependsOn");
	const cJSON *one = cJSON_IsArray(on) ? on->child : on;
	for (; one != NULL; one = cJSON_IsArray(on) ? one->next : NULL) {
		if (!cJSON_IsString(one))
			return cfn_refuse(c->why,
			    "Template format error: DependsOn must be a string "
			    "or list of strings.");
		if (cfn_get(c->t->resources, one->valuestring) == NULL)
			return cfn_refuse(c->why,
			    "Template format error: Unresolved resource "
			    "dependencies [%.255s] in the Resources block of "
			    "the template",
			    one->valuestring);
	}
	return 0;
}

int
cfn_reference_check(const struct cfn_template *t, struct buf *why)
{
	struct check c = {.t = t, .why = why};
	c.block = "Conditions";
	if (cfn_references(t->conditions, NULL, check_one, &c) != 0)
		return -1;
	c.block = "Resources";
	for (const cJSON *r = t->resources->child; r != NULL; r = r->next)
		if (check_condition(&c, r) != 0 || check_depends(&c, r) != 0 ||
		    cfn_references(
			cfn_get(r, "Properties"), NULL, check_one, &c) != 0)
			return -1;
	c.block = "Outputs";
	const cJSON *o = t->outputs == NULL ? NULL : t->outputs->child;
	for (; o != NULL; o = o->next)
		if (check_condition(&c, o) != 0 ||
		    cfn_references(cfn_get(o, "Value"), NULL, check_one, &c) !=
			0 ||
		    cfn_references(cfn_get(o, "Export"), NULL, check_one, &c) !=
			0)
			return -1;
	return 0;
}
