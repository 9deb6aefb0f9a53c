#include "page.h"

#include <string.h>

static bool
is_token(struct json v)
{
	switch (v.type) {
	case JSON_STRING:
		return v.len > 2;
	case JSON_OBJECT:
		return json_count(v) > 0;
	case JSON_NUMBER:
		return true;
	default:
		return false;
	}
}

bool
page_next(struct json reply, const char *rule, struct page *next)
{
	/* A service has one of them. */
	static const char *const pairs[] = {"NextToken=NextToken",
	    "nextToken=nextToken", "LastEvaluatedKey=ExclusiveStartKey",
	    "LastEvaluatedTableName=ExclusiveStartTableName",
	    "LastEvaluatedStreamArn=ExclusiveStartStreamArn",
	    "LastEvaluatedBackupArn=ExclusiveStartBackupArn",
	    "NextMarker=Marker", "nextMarker=marker", "Marker=Marker",
	    "marker=marker", "NextPageToken=NextPageToken",
	    "nextPageToken=pageToken", "PaginationToken=PaginationToken",
	    "NextContinuationToken=continuation-token",
	    "continuationToken=continuationToken", "position=position"};
	size_t count = rule != NULL ? 1 : sizeof(pairs) / sizeof(*pairs);
	for (size_t i = 0; i < count; i++) {
		const char *pair = rule != NULL ? rule : pairs[i];
		size_t len = strcspn(pair, "=");
		char name[128];
		if (len >= sizeof(name))
			return false;
		memcpy(name, pair, len);
		name[len] = '\0';
		next->token = json_get(reply, name);
		if (!is_token(next->token))
			continue;
		next->to = pair[len] == '=' ? pair + len + 1 : pair;
		return true;
	}
	return false;
}
