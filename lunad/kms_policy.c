#include <string.h>

#include "kms.h"
#include "policy.h"
#include "store.h"

int
kms_check_policy(struct request *r, const char *policy)
{
	struct buf why = {0};
	int status = policy_check(policy, POLICY_RESOURCE, &why);
	if (status != 0)
		fail(r, 400, "MalformedPolicyDocumentException", "%s",
		    buf_text(&why));
	buf_clear(&why);
	return status;
}

/* A key has one policy, "default". */
static int
check_name(struct request *r)
{
	const char *name = param(r, "PolicyName");
	if (name == NULL || strcmp(name, "default") == 0)
		return 0;
	return fail(r, 400, "NotFoundException", "No such policy exists");
}

int
kms_put_policy(struct request *r)
{
	const char *policy = param(r, "Policy");
	struct kms_key key;
	if (kms_find(r, param(r, "KeyId"), false, &key) != 0 ||
	    check_name(r) != 0 || check_there(r, policy, "policy") != 0 ||
	    kms_check_policy(r, policy) != 0)
		return ANSWER_ERROR;
	store_do(r->store,
	    "update kms_key set policy = ? where region = ? and id = ?", "ttt",
	    policy, r->region, key.id);
	return ANSWER;
}

int
kms_get_policy(struct request *r)
{
	struct kms_key key;
	if (kms_find(r, param(r, "KeyId"), false, &key) != 0 ||
	    check_name(r) != 0)
		return ANSWER_ERROR;
	sqlite3_stmt *q = store_query(r->store,
	    "select policy from kms_key where region = ? and id = ?", "tt",
	    r->region, key.id);
	put_open(r->out, NULL, '{');
	if (store_next(q))
		put_text(r->out, "Policy", store_text(q, 0));
	store_end(q);
	put_text(r->out, "PolicyName", "default");
	put_close(r->out, '}');
	return ANSWER;
}

int
kms_list_policies(struct request *r)
{
	struct kms_key key;
	if (kms_find(r, param(r, "KeyId"), false, &key) != 0)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_raw(r->out, "PolicyNames", "[\"default\"]", 11);
	put_bool(r->out, "Truncated", false);
	put_close(r->out, '}');
	return ANSWER;
}
