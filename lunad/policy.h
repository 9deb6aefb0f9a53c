#ifndef LUNAD_POLICY_H
#define LUNAD_POLICY_H

#include "buf.h"

/*
 * IAM policy documents: lunad stores them and evaluates none, but refuses
 * what AWS would not take, so that a template that deploys here has policies
 * that deploy there.
 */
enum policy_kind {
	POLICY_IDENTITY, /* of a role or user: no Principal, with Resource */
	POLICY_TRUST,    /* who may assume a role: no Resource */
	POLICY_RESOURCE  /* of a key: with Principal */
};

/* 0; or -1 with IAM's words appended to why. */
int policy_check(const char *text, enum policy_kind kind, struct buf *why);

#endif
