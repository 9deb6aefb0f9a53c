/* Drives json: one operation on each line of stdin, or on whole files. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "json.h"

static const char *const types[] = {
    "none", "null", "false", "true", "number", "string", "array", "object"};

static void
print_error(const struct err *err)
{
	printf("%s: %s\n", err->code, err->message);
}

static void
print_view(struct json v)
{
	printf("%s %.*s\n", types[v.type], (int)v.len,
	    v.type == JSON_NONE ? "" : v.at);
}

static void
print_taken(char *text)
{
	printf("%s\n", text == NULL ? "NULL" : text);
	free(text);
}

static void
print_each(struct json v)
{
	struct json_iter it;
	struct json key, value;
	json_each(v, &it);
	while (json_next(&it, &key, &value)) {
		if (key.type == JSON_STRING)
			printf("%.*s ", (int)key.len, key.at);
		print_view(value);
	}
}

static void
print_number(struct json v, bool integer)
{
	int64_t i;
	double d;
	if (integer && json_integer(v, &i) == 0)
		printf("%" PRId64 "\n", i);
	else if (!integer && json_double(v, &d) == 0)
		printf("%.17g\n", d);
	else
		puts("none");
}

static void
print_tree(const char *text, size_t len)
{
	struct err err;
	struct buf out = {0};
	cJSON *tree = json_tree(text, len, &err);
	if (tree == NULL) {
		print_error(&err);
		return;
	}
	json_print(tree, &out);
	puts(buf_text(&out));
	buf_clear(&out);
	cJSON_Delete(tree);
}

static void
print_buf(int result, struct buf *out, const struct err *err)
{
	if (result == 0) {
		fwrite(buf_text(out), 1, out->len, stdout);
		putchar('\n');
	} else {
		print_error(err);
	}
	buf_clear(out);
}

/* All other operations, on a view that was scanned. */
static int
look(const char *op, const char *arg, struct json v)
{
	struct err err;
	struct buf out = {0};
	if (strcmp(op, "scan") == 0) {
		print_view(v);
	} else if (strcmp(op, "each") == 0) {
		print_each(v);
	} else if (strcmp(op, "get") == 0) {
		print_view(json_get(v, arg));
	} else if (strcmp(op, "at") == 0) {
		print_view(json_at(v, strtoul(arg, NULL, 10)));
	} else if (strcmp(op, "count") == 0) {
		printf("%zu\n", json_count(v));
	} else if (strcmp(op, "is") == 0) {
		puts(json_is(v, arg) ? "yes" : "no");
	} else if (strcmp(op, "text") == 0) {
		print_buf(json_text(v, &out, &err), &out, &err);
	} else if (strcmp(op, "dup") == 0) {
		print_taken(json_dup(v));
	} else if (strcmp(op, "source") == 0) {
		print_taken(json_source(v));
	} else if (strcmp(op, "integer") == 0) {
		print_number(v, true);
	} else if (strcmp(op, "double") == 0) {
		print_number(v, false);
	} else if (strcmp(op, "true") == 0) {
		puts(json_true(v) ? "yes" : "no");
	} else if (strcmp(op, "compact") == 0) {
		json_compact(v, &out);
		print_buf(0, &out, NULL);
	} else {
		return -1;
	}
	return 0;
}

static void
print_found(const char *text, size_t len, const char *name)
{
	struct err err;
	struct json v;
	struct json_found found;
	if (json_scan_object(text, len, name, &v, &found, &err) != 0) {
		print_error(&err);
		return;
	}
	printf("%u %.*s ", found.count, (int)found.key.len,
	    found.count == 0 ? "" : found.key.at);
	print_view(found.value);
}

static int
one(const char *op, const char *arg, const char *text, size_t len)
{
	struct err err;
	struct json v;
	if (strcmp(op, "tree") == 0) {
		print_tree(text, len);
	} else if (strcmp(op, "find") == 0) {
		print_found(text, len, arg);
	} else if (json_scan(text, len, &v, &err) != 0) {
		print_error(&err);
	} else {
		return look(op, arg, v);
	}
	return 0;
}

/* The text in memory of exactly its size, so that ASan sees a step too far. */
static int
on_exact_copy(const char *op, const char *arg, const char *text, size_t len)
{
	char *copy = malloc(len == 0 ? 1 : len);
	if (copy == NULL)
		return -1;
	memcpy(copy, text, len);
	int result = one(op, arg, copy, len);
	free(copy);
	return result;
}

static int
verdict(const char *path)
{
	char chunk[4096];
	struct buf text = {0};
	struct json v;
	struct err err;
	FILE *f = fopen(path, "rb");
	if (f == NULL) {
		perror(path);
		return 2;
	}
	for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
		buf_add(&text, chunk, n);
	fclose(f);
	if (json_scan(buf_text(&text), text.len, &v, &err) == 0)
		printf("accepted %s\n", path);
	else
		printf("refused %s: %s\n", path, err.message);
	buf_clear(&text);
	return 0;
}

int
main(int argc, char **argv)
{
	int status = 0;
	if (argc < 2)
		return 2;
	if (strcmp(argv[1], "verdict") == 0) {
		for (int i = 2; i < argc && status == 0; i++)
			status = verdict(argv[i]);
		return status;
	}
	char *line = NULL;
	size_t size = 0;
	for (ssize_t n; (n = getline(&line, &size, stdin)) >= 0;) {
		if (n > 0 && line[n - 1] == '\n')
			n--;
		if (on_exact_copy(
			argv[1], argc > 2 ? argv[2] : "", line, (size_t)n) != 0)
			status = 2;
	}
	free(line);
	return status;
}
