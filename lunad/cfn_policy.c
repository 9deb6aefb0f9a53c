#include "cfn_type.h"

/* document NULL: none; what is gone has none. */
static int
set_all(struct cfn_act *a, const cJSON *list, const cJSON *document,
    int (*set)(struct cfn_act *a, const char *of, cJSON *text))
{
	for (const cJSON *c = list == NULL ? NULL : list->child; c != NULL;
	     c = c->next) {
		cJSON *text =
		    document == NULL ? cfn_string("") : cfn_document(document);
		if (set(a, cfn_text(c), text) != 0 &&
		    (document != NULL || !cfn_is_gone(a)))
			return -1;
	}
	buf_reset(a->why);
	return 0;
}

int
cfn_policy_settle(struct cfn_act *a, const char *list,
    int (*set)(struct cfn_act *a, const char *of, cJSON *text))
{
	const cJSON *now = cfn_get(a->now, list);
	cJSON *dropped = cfn_dropped(cfn_get(a->before, list), now);
	int status = set_all(a, dropped, NULL, set);
	cJSON_Delete(dropped);
	if (status != 0)
		return -1;
	return set_all(a, now, cfn_get(a->now, "PolicyDocument"), set);
}

int
cfn_policy_unmake(struct cfn_act *a, const char *list,
    int (*set)(struct cfn_act *a, const char *of, cJSON *text))
{
	return set_all(a, cfn_get(a->before, list), NULL, set);
}
