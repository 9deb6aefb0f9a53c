/*
 * lunad_wire in | out | route: what lunad makes of each line of stdin.
 *
 *	in     a form's parameters as JSON
 *	out    a reply's JSON as XML, of the operation Op
 *	route  "METHOD TARGET" as the operation's name and its parameters
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lunad/core.h"
#include "mem.h"

static int
nothing(struct request *r)
{
	(void)r;
	return ANSWER;
}

static const struct wire_shape input[] = {
    {"AttributeNames", WIRE_FLAT_LIST, "AttributeName", NULL, NULL},
    {"Attributes", WIRE_FLAT_MAP, "Attribute", "Name", "Value"},
    {"Entries", WIRE_FLAT_LIST, "*Entry", NULL, NULL},
    {0},
};

static const struct wire_shape shape[] = {
    {"Messages", WIRE_FLAT_LIST, "Message", NULL, NULL},
    {"Attributes", WIRE_FLAT_MAP, "Attribute", "Name", "Value"},
    {"Map", WIRE_MAP, NULL, NULL, NULL},
    {"Expiration", WIRE_TIME, NULL, NULL, NULL},
    {"Successful", WIRE_FLAT_LIST, "*ResultEntry", NULL, NULL},
    {0},
};

#define OPERATION(n, m, p)                                        \
	{                                                         \
		.name = n, .run = nothing, .method = m, .path = p \
	}
static const struct operation operations[] = {
    OPERATION("GetThing", "GET", "/v2/things/{Name}"),
    OPERATION("GetPart", "GET", "/v2/things/{Name}/parts/{Part}"),
    OPERATION("PutThing", "PUT", "/v2/things/{Name}"),
    OPERATION("GetObject", "GET", "/o/{Bucket}/{Key+}"),
    OPERATION("Op", NULL, NULL),
    {0},
};

static const struct api api = {
    .name = "toy", .operation = operations, .shape = shape, .input = input};

const struct api *const lunad_apis[] = {&api, NULL};

static void
in(struct call *c, const char *line, struct buf *out)
{
	c->r.operation = "Op";
	put_open(out, NULL, '{');
	wire_in(input, line, strlen(line), &c->r, out);
	put_close(out, '}');
}

static void
outward(const char *line, struct buf *out)
{
	struct json v;
	struct err err;
	if (json_scan(line, strlen(line), &v, &err) == 0)
		wire_out(shape, "Op", v, out);
	else
		buf_add_text(out, err.message);
}

static void
find(struct call *c, char *line, struct buf *out)
{
	char *space = strchr(line, ' ');
	if (space == NULL)
		exit(2);
	*space = '\0';
	c->as.method = line;
	c->as.target = space + 1;
	c->op = route(c, &api);
	buf_add_text(out, c->op == NULL ? "none" : c->op->name);
	if (c->op == NULL)
		return;
	c->r.operation = c->op->name;
	buf_add_text(out, " {");
	route_input(c, out);
	put_close(out, '}');
}

int
main(int argc, char **argv)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	const char *what = argc == 2 ? argv[1] : "";
	while ((n = getline(&line, &cap, stdin)) > 0) {
		struct lunad l = {0};
		struct call c;
		struct buf out = {0};
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		call_init(&c, &l);
		c.r.api = &api;
		if (strcmp(what, "in") == 0)
			in(&c, line, &out);
		else if (strcmp(what, "out") == 0)
			outward(line, &out);
		else if (strcmp(what, "route") == 0)
			find(&c, line, &out);
		else
			return 2;
		puts(buf_text(&out));
		buf_clear(&out);
		call_clear(&c);
	}
	free(line);
	return 0;
}
