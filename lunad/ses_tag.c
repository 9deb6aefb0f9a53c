#include "ses_tag.h"

#include <string.h>

int
ses_tag_invalid(const struct ses_source *s, const char *at, const char *what)
{
	size_t line = 1;

	for (const char *p = s->text; p < at; p++)
		line += *p == '\n';
	return err_set(
	    s->err, ERR_REFUSED, "InvalidTemplate", "line %zu: %s", line, what);
}

bool
ses_slice_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct ses_slice
trimmed(const char *at, const char *end)
{
	while (at < end && ses_slice_space(*at))
		at++;
	while (end > at && ses_slice_space(end[-1]))
		end--;
	return (struct ses_slice){at, (size_t)(end - at)};
}

bool
ses_slice_is(struct ses_slice s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

/* Split off the first word; [a name] is of one word. */
static struct ses_slice
first_word(struct ses_slice *s)
{
	struct ses_slice word = {s->at, 0};
	bool inside = false;

	while (word.len < s->len &&
	       (inside || !ses_slice_space(s->at[word.len]))) {
		inside = s->at[word.len] == '[' ||
			 (inside && s->at[word.len] != ']');
		word.len++;
	}
	*s = trimmed(s->at + word.len, s->at + s->len);
	return word;
}

const char *
ses_slice_find(const char *at, const char *end, const char *what)
{
	return memmem(at, (size_t)(end - at), what, strlen(what));
}

/* {{!-- … --}} may have braces in it, {{! … }} not. */
static int
read_comment(const struct ses_source *s, const char *at, const char *inside,
    struct ses_tag *tag)
{
	bool dashes = s->end - inside >= 3 && memcmp(inside, "!--", 3) == 0;
	const char *close =
	    ses_slice_find(inside, s->end, dashes ? "--" : "}}");

	if (close != NULL && dashes) {
		const char *p = close + 2;

		while (p < s->end && (*p == '~' || *p == '-'))
			p++;
		close = s->end - p >= 2 && memcmp(p, "}}", 2) == 0
			    ? p
			    : ses_slice_find(inside, s->end, "--}}");
		if (close != NULL && *close == '-')
			close += 2;
	}
	if (close == NULL)
		return ses_tag_invalid(s, at, "a comment is not closed");
	tag->kind = SES_TAG_COMMENT;
	tag->trim_after = close[-1] == '~';
	tag->end = close + 2;
	return 0;
}

static int
classify(const struct ses_source *s, const char *at, struct ses_slice inside,
    struct ses_tag *tag)
{
	char c = inside.len > 0 ? inside.at[0] : '\0';
	struct ses_slice rest = inside;

	if (c == '#' || c == '/' || c == '>' || c == '&' || c == '^')
		rest = trimmed(inside.at + 1, inside.at + inside.len);
	tag->arg = rest;
	if (c == '#' && rest.len > 0 && rest.at[0] == '*') {
		rest = trimmed(rest.at + 1, rest.at + rest.len);
		tag->name = first_word(&rest);
		if (!ses_slice_is(tag->name, "inline") || rest.len < 2 ||
		    (rest.at[0] != '"' && rest.at[0] != '\'') ||
		    rest.at[rest.len - 1] != rest.at[0])
			return ses_tag_invalid(
			    s, at, "only {{#* inline \"name\"}} is known");
		tag->kind = SES_TAG_INLINE;
		tag->arg = (struct ses_slice){rest.at + 1, rest.len - 2};
	} else if (c == '#') {
		tag->kind = SES_TAG_OPEN;
		tag->name = first_word(&tag->arg);
	} else if (c == '/') {
		tag->kind = SES_TAG_CLOSE;
		tag->name = rest;
	} else if (c == '>') {
		tag->kind = SES_TAG_PARTIAL;
	} else if (c == '^' && rest.len == 0) {
		tag->kind = SES_TAG_ELSE;
	} else {
		struct ses_slice word = first_word(&rest);

		tag->kind =
		    ses_slice_is(word, "else") ? SES_TAG_ELSE : SES_TAG_VALUE;
		if (tag->kind == SES_TAG_ELSE) {
			tag->arg = rest;
			if (rest.len > 0 &&
			    !ses_slice_is(first_word(&rest), "if"))
				return ses_tag_invalid(
				    s, at, "only {{else if}} may follow else");
			if (tag->arg.len > 0)
				tag->arg = rest;
		} else if (rest.len > 0) {
			return ses_tag_invalid(s, at, "an unknown helper");
		}
	}
	if (tag->arg.len == 0 && tag->kind != SES_TAG_ELSE &&
	    tag->kind != SES_TAG_CLOSE)
		return ses_tag_invalid(s, at, "an empty {{ }}");
	return 0;
}

int
ses_tag_read(const struct ses_source *s, const char *at, struct ses_tag *tag)
{
	const char *inside = at + 2, *close;
	bool triple = s->end - at >= 3 && at[2] == '{';

	*tag = (struct ses_tag){0};
	inside += triple;
	if (inside < s->end && *inside == '~') {
		tag->trim_before = true;
		inside++;
	}
	if (inside < s->end && *inside == '!')
		return read_comment(s, at, inside, tag);
	close = ses_slice_find(inside, s->end, triple ? "}}}" : "}}");
	if (close == NULL)
		return ses_tag_invalid(s, at, "{{ without }}");
	tag->end = close + 2 + triple;
	if (close > inside && close[-1] == '~') {
		tag->trim_after = true;
		close--;
	}
	return classify(s, at, trimmed(inside, close), tag);
}
