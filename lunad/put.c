#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lunad.h"
#include "text.h"

/* The name, and a comma before it where a member stands already. */
static void
begin(struct buf *out, const char *name)
{
	char last = out->len == 0 ? '\0' : out->data[out->len - 1];
	if (last != '\0' && last != '{' && last != '[')
		buf_add_char(out, ',');
	if (name == NULL)
		return;
	text_json_string(name, strlen(name), out);
	buf_add_char(out, ':');
}

void
put_text(struct buf *out, const char *name, const char *text)
{
	put_textn(out, name, text, strlen(text));
}

void
put_textn(struct buf *out, const char *name, const char *text, size_t len)
{
	begin(out, name);
	text_json_string(text, len, out);
}

void
put_int(struct buf *out, const char *name, int64_t value)
{
	begin(out, name);
	buf_addf(out, "%" PRId64, value);
}

/* The shortest text that reads back as the same number. */
void
put_double(struct buf *out, const char *name, double value)
{
	char text[40];
	begin(out, name);
	if (!isfinite(value)) {
		text_json_string(isnan(value) ? "NaN"
				 : value > 0  ? "Infinity"
					      : "-Infinity",
		    isnan(value) ? 3
		    : value > 0  ? 8
				 : 9,
		    out);
		return;
	}
	if (fabs(value) < 1e15 && value == floor(value))
		snprintf(text, sizeof(text), "%.1f", value);
	else
		for (int digits = 15; digits <= 17; digits++) {
			snprintf(text, sizeof(text), "%.*g", digits, value);
			if (strtod(text, NULL) == value)
				break;
		}
	buf_add_text(out, text);
}

void
put_bool(struct buf *out, const char *name, bool value)
{
	begin(out, name);
	buf_add_text(out, value ? "true" : "false");
}

void
put_raw(struct buf *out, const char *name, const char *json, size_t len)
{
	begin(out, name);
	buf_add(out, json, len);
}

void
put_open(struct buf *out, const char *name, char bracket)
{
	begin(out, name);
	buf_add_char(out, bracket);
}

void
put_close(struct buf *out, char bracket)
{
	buf_add_char(out, bracket);
}

void
put_time(struct buf *out, const char *name, int64_t ms)
{
	begin(out, name);
	buf_addf(out, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
}
