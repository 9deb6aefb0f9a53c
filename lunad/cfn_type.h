#ifndef LUNAD_CFN_TYPE_H
#define LUNAD_CFN_TYPE_H

#include "cfn.h"

/*
 * Types of resources as data: a row says by which operations of which service
 * one is made, changed and removed, what its properties are called there, and
 * what Ref and Fn::GetAtt give. Functions do only what is irregular.
 *
 * A type is added by a row in a table of a cfn_type_*.c and, for a new table,
 * its name in cfn_type.c.
 */
struct cfn_act;

enum cfn_as {
	CFN_ANY,     /* as it stands */
	CFN_TEXT,    /* numbers and truth values as text */
	CFN_NUMBER,  /* text as a number */
	CFN_BOOL,    /* text as a truth value */
	CFN_JSON,    /* an object as its JSON text */
	CFN_TAGS,    /* a list of Key and Value */
	CFN_TAG_MAP, /* … as an object, for the service */
	CFN_TAG_KMS  /* … as TagKey and TagValue */
};

#define CFN_NEW 1U  /* another value wants another resource */
#define CFN_MUST 2U /* required */
#define CFN_ONCE 4U /* only when it is created */
#define CFN_TRUE 8U /* left out unless it is true */

struct cfn_property {
	const char *name; /* in the template */
	/* The parameter; "A.B" is B in the object A; NULL: the same name; "":
	 * the type's functions see to it. */
	const char *to;
	enum cfn_as as;
	unsigned how;
	const char *otherwise; /* set on an update that drops it, or NULL */
};

struct cfn_attribute {
	const char *name;
	/* "=": the id; "$": the name; else in the reply of read, or, with
	 * create_reply, of create. */
	const char *path;
};

struct cfn_type {
	const char *name;                      /* "AWS::SQS::Queue" */
	const char *service;                   /* as lunad_call takes it */
	const struct cfn_property *property;   /* ends with a zeroed row */
	const struct cfn_attribute *attribute; /* … or NULL */

	const char *named; /* the property that names it, or NULL */
	size_t name_max;   /* characters of a name that is made up */
	const char *fifo;  /* a property that makes a name end in .fifo */

	/* Is there one of this name? Then it cannot be created. */
	const char *find, *find_key, *find_path;     /* path NULL: any reply */
	const char *(*find_name)(struct cfn_act *a); /* NULL: the name */

	const char *create;
	const char *id; /* in its reply; "$": the name; NULL: made up */
	/* id is in the reply; update and remove name it as key; "Keys[]": in a
	 * list. update that equals create puts the whole of it anew. */
	const char *update, *remove, *key;
	const char *read;       /* tells attributes, by key */
	const char *read_extra; /* more parameters of read, JSON members */

	/* Tags after it is there: parameters by tag_key, whose value is the
	 * attribute tag_of ("=": the id). */
	const char *tag, *untag, *tag_key, *tag_of, *tags;

	/* Each 0, or -1 and a->why. */
	int (*make)(struct cfn_act *a);   /* instead of create */
	int (*change)(struct cfn_act *a); /* instead of update */
	int (*settle)(struct cfn_act *a); /* after either */
	int (*unmake)(struct cfn_act *a); /* before remove */
};

/* One resource on its way. */
struct cfn_act {
	struct lunad *lunad;
	const char *region, *account, *stack, *logical;
	const struct cfn_type *type;
	const cJSON *now;    /* properties; NULL: it is removed */
	const cJSON *before; /* NULL: it is created */
	char *name, *id;     /* owned by the caller */
	cJSON *attributes;   /* values of Fn::GetAtt, an object */
	struct buf *why;
	char code[96]; /* of the call that failed last */
};

const struct cfn_type *cfn_type_find(const char *name);
bool cfn_type_has(const struct cfn_type *type, const char *attribute);

/* Fill a->name, id and attributes. */
int cfn_type_create(struct cfn_act *a);
int cfn_type_update(struct cfn_act *a);
int cfn_type_remove(struct cfn_act *a); /* one that is gone is success */

/* How does a property's change affect it? */
enum cfn_change { CFN_SAME, CFN_IN_PLACE, CFN_REPLACED };
enum cfn_change cfn_type_change(
    const struct cfn_type *type, const cJSON *before, const cJSON *now);
const struct cfn_property *cfn_type_property(
    const struct cfn_type *type, const char *name);

/*
 * For the functions of types.
 *
 * params: taken. reply: may be NULL; else the caller's.
 */
int cfn_call(struct cfn_act *a, const char *service, const char *operation,
    cJSON *params, cJSON **reply);
int cfn_fails(struct cfn_act *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool cfn_is_gone(const struct cfn_act *a); /* the last call found nothing */
/* An object of one text member. */
cJSON *cfn_one(const char *name, const char *text);
/* A document as its JSON text. */
cJSON *cfn_document(const cJSON *v);
/* Which of before's elements (texts) are not among now's? Owned. */
cJSON *cfn_dropped(const cJSON *before, const cJSON *now);
/*
 * A resource that is a policy: its PolicyDocument for each of the resources
 * that its list names, none for those that it names no more.
 *
 * set: set the policy of one to text, which is taken; "" is none. 0, or -1.
 */
int cfn_policy_settle(struct cfn_act *a, const char *list,
    int (*set)(struct cfn_act *a, const char *of, cJSON *text));
int cfn_policy_unmake(struct cfn_act *a, const char *list,
    int (*set)(struct cfn_act *a, const char *of, cJSON *text));

/* STACK-LOGICAL-RANDOM, of at most max characters. Free it. */
char *cfn_made_name(const struct cfn_act *a, size_t max, const char *end);
/* Parameters of create by the table. */
cJSON *cfn_params(struct cfn_act *a, bool creating);

#endif
