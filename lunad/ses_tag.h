#ifndef LUNAD_SES_TAG_H
#define LUNAD_SES_TAG_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/*
 * What stands between {{ and }} in a mail template of SES: read, not yet
 * obeyed. See ses_template.h.
 */
struct ses_slice {
	const char *at;
	size_t len;
};

struct ses_tag {
	enum {
		SES_TAG_NONE, /* the end of the template */
		SES_TAG_COMMENT,
		SES_TAG_VALUE,
		SES_TAG_OPEN,   /* # */
		SES_TAG_ELSE,   /* else, or else if */
		SES_TAG_CLOSE,  /* / */
		SES_TAG_INLINE, /* #* inline "name" */
		SES_TAG_PARTIAL /* > */
	} kind;
	struct ses_slice name; /* the helper's, or of what is closed */
	struct ses_slice arg;  /* what it is about */
	const char *end;       /* of the tag */
	bool trim_before, trim_after;
};

/* A template's text, and where complaints go. */
struct ses_source {
	const char *text, *end;
	struct err *err;
};

/* Read the tag that begins at `at`, which is at "{{". Fails:
 * "InvalidTemplate", with the line. */
int ses_tag_read(
    const struct ses_source *s, const char *at, struct ses_tag *tag);
/* Refuse the template for what is at `at`: -1. */
int ses_tag_invalid(
    const struct ses_source *s, const char *at, const char *what);

bool ses_slice_is(struct ses_slice s, const char *text);
bool ses_slice_space(char c);
const char *ses_slice_find(const char *at, const char *end, const char *what);

#endif
