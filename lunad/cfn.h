#ifndef LUNAD_CFN_H
#define LUNAD_CFN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "json.h"
#include "lunad.h"
#include "store.h"

/*
 * What the parts of CloudFormation share. A template is a tree whose numbers
 * are cJSON_Raw, so that they keep their text. What is refused is said in
 * `why`, in AWS's words where they are known.
 */
#define CFN_BODY 51200
#define CFN_DEPTH 64
/* Fn::Sub can make much of little: bounds of a stack's values. */
#define CFN_WORK 1000000
#define CFN_SUB ((size_t)1 << 20)
/* What a value is, before its resource is there. */
#define CFN_LATER "{{changeSet:KNOWN_AFTER_APPLY}}"
#define CFN_STACK_TYPE "AWS::CloudFormation::Stack"

/* cfn_tree.c: trees, which are allocated and never NULL but where said. */
cJSON *cfn_tree(struct json v);
cJSON *cfn_tree_of(const char *text); /* NULL: it is no JSON */
char *cfn_print(const cJSON *tree);   /* free it */
cJSON *cfn_string(const char *text);
cJSON *cfn_copy(const cJSON *tree); /* of NULL: NULL */
/* They take value; NULL is left out. put replaces a member of that name. */
void cfn_put(cJSON *object, const char *name, cJSON *value);
void cfn_put_text(cJSON *object, const char *name, const char *text);
void cfn_add(cJSON *array, cJSON *value);
const cJSON *cfn_get(const cJSON *object, const char *name);
/* The text of a string, number or truth value; else NULL. */
const char *cfn_text(const cJSON *v);
const char *cfn_get_text(const cJSON *object, const char *name);
bool cfn_true(const cJSON *v);
/* By names and indices: "MetricAlarms.0.AlarmArn". NULL: there is none. */
const cJSON *cfn_path(const cJSON *v, const char *path);
bool cfn_same(const cJSON *a, const cJSON *b);

/* cfn_yaml.c. NULL and why. */
cJSON *cfn_yaml(const char *text, size_t len, struct buf *why);

/* cfn_template.c */
struct cfn_template {
	cJSON *root;
	/* NULL where there is none */
	const cJSON *parameters, *mappings, *conditions, *resources, *outputs;
	bool extensions; /* Transform: AWS::LanguageExtensions */
};
/* Read JSON or YAML and check its form. -1 and why. */
int cfn_template_read(
    struct cfn_template *t, const char *text, size_t len, struct buf *why);
void cfn_template_clear(struct cfn_template *t);
/* The capability that it needs, or NULL; type: of the resource for it. */
const char *cfn_template_capability(
    const struct cfn_template *t, const char **type);

/* cfn_parameter.c */
/*
 * The values of a stack's parameters, by name, as text.
 *
 * given:    Parameters of the request.
 * previous: of the stack, for UsePreviousValue; or NULL.
 */
cJSON *cfn_parameter_values(const struct cfn_template *t, struct json given,
    const cJSON *previous, struct buf *why);
/* As Ref gives them: lists are split. */
cJSON *cfn_parameter_typed(const struct cfn_template *t, const cJSON *values);
/* Parameters of a reply; secrets are starred. */
void cfn_parameter_show(
    const struct cfn_template *t, const cJSON *values, struct buf *out);

/* cfn_resolve.c */
struct cfn_scope {
	const struct cfn_template *t;
	const cJSON *values; /* typed parameters */
	cJSON *met;          /* conditions by name, filled as they are asked */
	const char *region, *account, *stack_name, *stack_id;
	const cJSON *topics; /* NotificationARNs, or NULL */
	bool planning;       /* values may be CFN_LATER */
	/* Values of resources (and of exports) as new trees; NULL and why. */
	cJSON *(*ref)(struct cfn_scope *s, const char *logical);
	cJSON *(*attribute)(
	    struct cfn_scope *s, const char *logical, const char *name);
	cJSON *(*import)(struct cfn_scope *s, const char *name);
	void *user;
	struct buf *why;
	int depth;
	size_t work; /* values resolved so far */
};
/* out is NULL for AWS::NoValue. -1 and why. */
int cfn_resolve(struct cfn_scope *s, const cJSON *v, cJSON **out);
/* The text of a value that must be one; it stays *hold's. NULL and why. */
const char *cfn_resolve_text(
    struct cfn_scope *s, const cJSON *v, const char *what, cJSON **hold);
/* Is it met? -1 and why. */
int cfn_condition(struct cfn_scope *s, const char *name);
/* Of a resource or output: has it no condition, or one that is met? */
int cfn_active(struct cfn_scope *s, const cJSON *member);
bool cfn_pseudo(const char *name);
/* cfn_function.c: the function of that name. */
int cfn_function(
    struct cfn_scope *s, const char *name, const cJSON *arg, cJSON **out);
int cfn_refuse(struct buf *why, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * cfn_sub.c: walk through Fn::Sub's text: literal gets what stands before the
 * next variable, name its name. False: there is none, literal is the rest.
 */
bool cfn_sub_next(const char **at, struct buf *literal, struct buf *name);
int cfn_sub(struct cfn_scope *s, const cJSON *arg, cJSON **out);

/* cfn_reference.c: what a value refers to. */
struct cfn_reference {
	const char *name;
	const char *attribute; /* of Fn::GetAtt; NULL: Ref */
	bool sub;              /* in the text of Fn::Sub */
	bool condition;        /* name is of a condition */
};
/*
 * Calls found for each, until it returns other than 0, which is returned.
 *
 * s: NULL, or go only into the branches of Fn::If that are taken.
 */
int cfn_references(const cJSON *v, struct cfn_scope *s,
    int (*found)(void *user, const struct cfn_reference *reference),
    void *user);
/* Does all of it lead to something in the template? */
int cfn_reference_check(const struct cfn_template *t, struct buf *why);

/* cfn_graph.c */
/* The resources that are active, each after those that it needs, as names;
 * NULL and why. Free the array, not the names. */
const char **cfn_graph(struct cfn_scope *s, size_t *count);

#endif
