#include "ini.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "digest.h"
#include "mem.h"

#define MAX_FILE (4 << 20)

struct entry {
	const char *section; /* one of ini's */
	char *key, *value;
};

struct ini {
	char **section;
	size_t section_count;
	struct entry *entry;
	size_t entry_count, entry_cap;
};

/* A piece of the text. */
struct span {
	const char *at;
	size_t len;
};

struct reader {
	struct ini *ini;
	const char *section; /* NULL before the first header */
	size_t property;     /* the open one: an index, or NONE */
	size_t indent;       /* its indentation: deeper lines belong to it */
	size_t line;
	struct err *err;
};
#define NONE SIZE_MAX

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static bool
is_comment(char c)
{
	return c == '#' || c == ';';
}

static struct span
trim(struct span s)
{
	while (s.len > 0 && is_space(*s.at))
		s.at++, s.len--;
	while (s.len > 0 && is_space(s.at[s.len - 1]))
		s.len--;
	return s;
}

/* Without a comment that white space precedes. */
static struct span
uncomment(struct span s)
{
	for (size_t i = 1; i < s.len; i++)
		if (is_comment(s.at[i]) && is_space(s.at[i - 1])) {
			s.len = i;
			break;
		}
	return trim(s);
}

static int
fail(struct reader *r, const char *what)
{
	return err_set(
	    r->err, ERR_SETUP, "BadConfig", "line %zu: %s", r->line, what);
}

static void
add(struct reader *r, const char *outer, struct span key, struct span value)
{
	struct ini *ini = r->ini;
	if (ini->entry_count == ini->entry_cap) {
		ini->entry_cap = ini->entry_cap == 0 ? 32 : ini->entry_cap * 2;
		ini->entry =
		    mem_grow(ini->entry, ini->entry_cap, sizeof(*ini->entry));
	}
	struct buf name = {0};
	if (outer != NULL) {
		buf_add_text(&name, outer);
		buf_add_char(&name, '.');
	}
	for (size_t i = 0; i < key.len; i++) {
		char c = key.at[i];
		buf_add_char(&name, c >= 'A' && c <= 'Z' ? (char)(c | 32) : c);
	}
	ini->entry[ini->entry_count++] = (struct entry){
	    .section = r->section,
	    .key = buf_take(&name),
	    .value = mem_text_of(value.at, value.len),
	};
}

/* [name], [profile name], [profile "a name"]: one space, no quotes. */
static int
read_header(struct reader *r, struct span line)
{
	const char *close = memchr(line.at, ']', line.len);
	if (close == NULL)
		return fail(r, "a section header without its ']'");
	struct span rest = {
	    close + 1, (size_t)(line.at + line.len - close) - 1};
	rest = trim(rest);
	if (rest.len > 0 && !is_comment(*rest.at))
		return fail(r, "text after the ']' of a section header");
	struct span name =
	    trim((struct span){line.at + 1, (size_t)(close - line.at) - 1});
	struct buf out = {0};
	for (size_t i = 0; i < name.len; i++) {
		if (is_space(name.at[i]) && is_space(name.at[i + 1]))
			continue;
		if (name.at[i] != '"' && name.at[i] != '\'')
			buf_add_char(
			    &out, is_space(name.at[i]) ? ' ' : name.at[i]);
	}
	if (out.len == 0) {
		buf_clear(&out);
		return fail(r, "a section header without a name");
	}
	struct ini *ini = r->ini;
	ini->section = mem_grow(
	    ini->section, ini->section_count + 1, sizeof(*ini->section));
	r->section = ini->section[ini->section_count++] = buf_take(&out);
	r->property = NONE;
	return 0;
}

static int
split(struct reader *r, struct span line, struct span *key, struct span *value)
{
	const char *eq = memchr(line.at, '=', line.len);
	if (eq == NULL)
		return fail(r, "neither [section] nor 'key = value'");
	*key = trim((struct span){line.at, (size_t)(eq - line.at)});
	if (key->len == 0)
		return fail(r, "no key before '='");
	*value = uncomment(
	    (struct span){eq + 1, (size_t)(line.at + line.len - eq) - 1});
	return 0;
}

static void
wipe(char *text)
{
	digest_wipe(text, strlen(text));
	free(text);
}

/* A line that belongs to the open property: an inner property of one
 * without a value, more text of one with. */
static int
read_inner(struct reader *r, struct span line)
{
	struct entry *open = &r->ini->entry[r->property];
	if (open->value[0] == '\0') {
		struct span key, value;
		if (split(r, line, &key, &value) != 0)
			return -1;
		add(r, open->key, key, value);
		return 0;
	}
	struct buf more = {0};
	buf_add_text(&more, open->value);
	buf_add_char(&more, '\n');
	buf_add(&more, line.at, line.len);
	wipe(open->value);
	open->value = buf_take(&more);
	return 0;
}

static int
read_line(struct reader *r, struct span raw)
{
	struct span line = trim(raw);
	if (line.len == 0 || is_comment(*line.at))
		return 0;
	size_t indent = (size_t)(line.at - raw.at);
	if (r->property != NONE && indent > r->indent)
		return read_inner(r, line);
	if (*line.at == '[')
		return read_header(r, line);
	struct span key, value;
	if (split(r, line, &key, &value) != 0)
		return -1;
	if (r->section == NULL)
		return fail(r, "a key before the first [section]");
	r->property = r->ini->entry_count;
	r->indent = indent;
	add(r, NULL, key, value);
	return 0;
}

struct ini *
ini_parse(const char *text, size_t len, struct err *err)
{
	struct reader r = {
	    .ini = mem_alloc(sizeof(*r.ini)), .property = NONE, .err = err};
	const char *end = text + len;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		if (stop == NULL)
			stop = end;
		struct span line = {text, (size_t)(stop - text)};
		r.line++;
		if (memchr(line.at, '\0', line.len) != NULL) {
			fail(&r, "a NUL byte");
			break;
		}
		if (read_line(&r, line) != 0)
			break;
		text = stop < end ? stop + 1 : end;
	}
	if (text == end)
		return r.ini;
	ini_free(r.ini);
	return NULL;
}

static int
read_file(int fd, struct buf *text)
{
	ssize_t n = 1;
	while (n > 0 && text->len <= MAX_FILE) {
		const size_t chunk = 65536;
		n = read(fd, buf_room(text, chunk), chunk);
		if (n > 0)
			text->len += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	if (text->len > MAX_FILE)
		errno = EFBIG;
	return n == 0 ? 0 : -1;
}

struct ini *
ini_open(const char *path, struct err *err)
{
	struct ini *ini = NULL;
	struct buf text = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return mem_alloc(sizeof(*ini));
	/* All of it at once, so that no copy of a secret is left behind. */
	struct stat st;
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size <= MAX_FILE)
		buf_room(&text, (size_t)st.st_size + 65536);
	if (fd < 0 || read_file(fd, &text) != 0) {
		err_set(err, ERR_SETUP, "BadConfig", "%s: %s", path,
		    strerror(errno));
	} else {
		ini = ini_parse(buf_text(&text), text.len, err);
		if (ini == NULL)
			err_prefix(err, "%s", path);
	}
	if (fd >= 0)
		close(fd);
	if (text.data != NULL)
		digest_wipe(text.data, text.cap);
	buf_clear(&text);
	return ini;
}

void
ini_free(struct ini *ini)
{
	if (ini == NULL)
		return;
	for (size_t i = 0; i < ini->entry_count; i++) {
		free(ini->entry[i].key);
		wipe(ini->entry[i].value);
	}
	for (size_t i = 0; i < ini->section_count; i++)
		free(ini->section[i]);
	free(ini->entry);
	free(ini->section);
	free(ini);
}

const char *
ini_get(const struct ini *ini, const char *section, const char *key)
{
	for (size_t i = ini->entry_count; i-- > 0;) {
		const struct entry *e = &ini->entry[i];
		if (strcmp(e->key, key) == 0 &&
		    strcmp(e->section, section) == 0)
			return e->value;
	}
	return NULL;
}

int
ini_has(const struct ini *ini, const char *section)
{
	for (size_t i = 0; i < ini->section_count; i++)
		if (strcmp(ini->section[i], section) == 0)
			return 1;
	return 0;
}

const char *
ini_section(const struct ini *ini, size_t index)
{
	return index < ini->section_count ? ini->section[index] : NULL;
}
