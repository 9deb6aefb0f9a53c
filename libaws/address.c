#include "address.h"

#include <string.h>

#include "text.h"

/* What may stand in local@domain outside of quotes; atoms of RFC 5321 and
 * the dots between them. */
static bool
is_atom(char c)
{
	return c > ' ' && c < 0x7f && strchr("()<>,;:\\\"[]@", c) == NULL;
}

static bool
is_spec(const char *text, size_t len)
{
	size_t i = 0;
	while (i < len && is_atom(text[i]))
		i++;
	size_t local = i;
	if (local == 0 || i >= len || text[i] != '@')
		return false;
	for (i++; i < len; i++)
		if (!is_atom(text[i]) && text[i] != '[' && text[i] != ']')
			return false;
	return len - local > 1;
}

static void
trim(const char **text, size_t *len)
{
	while (*len > 0 && **text == ' ')
		(*text)++, (*len)--;
	while (*len > 0 && (*text)[*len - 1] == ' ')
		(*len)--;
}

/* A display name has no specials but inside of its quotes. */
static bool
is_name(const char *text, size_t len)
{
	bool quoted = len > 1 && text[0] == '"' && text[len - 1] == '"';
	for (size_t i = quoted ? 1 : 0; i < len - (quoted ? 1 : 0); i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == '"')
			return false;
		if (!quoted && strchr("<>,;:@[]\\", text[i]) != NULL)
			return false;
	}
	return true;
}

static bool
is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] > 0x7f)
			return false;
	return true;
}

int
address_add(const char *text, size_t len, struct buf *out, struct err *err)
{
	const char *spec = text, *name = text;
	size_t spec_len, name_len = 0;
	trim(&spec, &len);
	name = spec;
	spec_len = len;
	const char *open = len > 0 ? memrchr(spec, '<', len) : NULL;
	if (open != NULL && spec[len - 1] == '>') {
		name_len = (size_t)(open - name);
		trim(&name, &name_len);
		spec_len = len - (size_t)(open - spec) - 2;
		spec = open + 1;
	}
	if (!is_spec(spec, spec_len) || !is_name(name, name_len))
		return err_set(err, ERR_RECORD, "InvalidAddress",
		    "'%.*s' is not one mail address", (int)len, text);
	if (name_len > 0 && is_ascii(name, name_len))
		buf_add(out, name, name_len);
	else if (name_len > 0)
		text_rfc2047(name, name_len, out);
	if (name_len > 0)
		buf_addf(out, " <%.*s>", (int)spec_len, spec);
	else
		buf_add(out, spec, spec_len);
	return 0;
}
