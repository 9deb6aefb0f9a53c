#include "cw_math.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cw_math_tree.h"
#include "mem.h"

#define DEPTH_MAX 64
#define TEXT_MAX 2048 /* AWS's limit, and that of recursion here */

struct reader {
	const char *text, *at;
	struct cw_math *math;
	int depth;
	struct err *err;
};

/* Functions with how many arguments they take. */
static const struct {
	const char *name;
	size_t least, most;
} functions[] = {{"SUM", 1, 1}, {"AVG", 1, 1}, {"MIN", 1, 1}, {"MAX", 1, 1},
    {"STDDEV", 1, 1}, {"DATAPOINT_COUNT", 1, 1}, {"ABS", 1, 1}, {"CEIL", 1, 1},
    {"FLOOR", 1, 1}, {"LOG", 1, 1}, {"LOG10", 1, 1}, {"FILL", 2, 2},
    {"IF", 2, 3}, {"METRICS", 0, 1}, {"RATE", 1, 1}, {"DIFF", 1, 1},
    {"DIFF_TIME", 1, 1}, {"RUNNING_SUM", 1, 1}, {"PERIOD", 1, 1},
    {"TIME_SERIES", 1, 1}, {NULL, 0, 0}};

static struct cw_node *read_or(struct reader *r);

static void
node_free(struct cw_node *n)
{
	if (n == NULL)
		return;
	for (size_t i = 0; i < n->count; i++)
		node_free(n->child[i]);
	free(n->child);
	free(n->text);
	free(n);
}

static struct cw_node *
wrong(struct reader *r, const char *what)
{
	err_set(r->err, ERR_REFUSED, "ValidationError",
	    "Error in expression '%s': %s at position %td", r->text, what,
	    r->at - r->text);
	return NULL;
}

static void
skip(struct reader *r)
{
	while (isspace((unsigned char)*r->at))
		r->at++;
}

static bool
take(struct reader *r, const char *token)
{
	skip(r);
	size_t n = strlen(token);
	if (strncmp(r->at, token, n) != 0)
		return false;
	if (isalpha((unsigned char)*token) &&
	    (isalnum((unsigned char)r->at[n]) || r->at[n] == '_'))
		return false;
	r->at += n;
	return true;
}

static struct cw_node *
node_new(unsigned kind)
{
	struct cw_node *n = mem_alloc(sizeof(*n));
	n->kind = kind;
	return n;
}

static void
add_child(struct cw_node *n, struct cw_node *child)
{
	n->child = mem_grow(n->child, n->count + 1, sizeof(*n->child));
	n->child[n->count++] = child;
}

/* Elements up to the closing character, separated by commas. */
static struct cw_node *
read_list(struct reader *r, struct cw_node *into, const char *close)
{
	if (take(r, close))
		return into;
	do {
		struct cw_node *one = read_or(r);
		if (one == NULL) {
			node_free(into);
			return NULL;
		}
		add_child(into, one);
	} while (take(r, ","));
	if (take(r, close))
		return into;
	node_free(into);
	return wrong(r, *close == ')' ? "expected ')'" : "expected ']'");
}

static void
add_id(struct cw_math *m, const char *id)
{
	for (size_t i = 0; i < m->id_count; i++)
		if (strcmp(m->id[i], id) == 0)
			return;
	m->id = mem_grow(m->id, m->id_count + 1, sizeof(*m->id));
	m->id[m->id_count++] = mem_text(id);
}

static struct cw_node *
read_call(struct reader *r, char *name)
{
	size_t i = 0;
	while (
	    functions[i].name != NULL && strcmp(functions[i].name, name) != 0)
		i++;
	if (functions[i].name == NULL) {
		free(name);
		return wrong(r, "unsupported function");
	}
	struct cw_node *n = node_new(CW_NODE_CALL);
	n->text = name;
	n = read_list(r, n, ")");
	if (n != NULL &&
	    (n->count < functions[i].least || n->count > functions[i].most)) {
		node_free(n);
		return wrong(r, "wrong number of arguments");
	}
	if (n != NULL && strcmp(n->text, "METRICS") == 0) {
		if (n->count == 1 && n->child[0]->kind != CW_NODE_TEXT) {
			node_free(n);
			return wrong(r, "METRICS takes a string");
		}
		add_id(r->math, "METRICS");
	}
	return n;
}

static struct cw_node *
read_word(struct reader *r)
{
	const char *from = r->at;
	while (isalnum((unsigned char)*r->at) || *r->at == '_')
		r->at++;
	char *name = mem_text_of(from, (size_t)(r->at - from));
	if (take(r, "("))
		return read_call(r, name);
	struct cw_node *n = node_new(CW_NODE_ID);
	n->text = name;
	if (strcmp(name, "REPEAT") == 0 || strcmp(name, "LINEAR") == 0)
		n->kind = CW_NODE_TEXT;
	else
		add_id(r->math, name);
	return n;
}

static struct cw_node *
read_text(struct reader *r)
{
	char quote = *r->at++;
	const char *from = r->at;
	while (*r->at != '\0' && *r->at != quote)
		r->at++;
	if (*r->at == '\0')
		return wrong(r, "string without an end");
	struct cw_node *n = node_new(CW_NODE_TEXT);
	n->text = mem_text_of(from, (size_t)(r->at - from));
	r->at++;
	return n;
}

static struct cw_node *
read_number(struct reader *r)
{
	char *end = NULL;
	struct cw_node *n = node_new(CW_NODE_NUMBER);
	n->number = strtod(r->at, &end);
	r->at = end;
	return n;
}

static struct cw_node *
read_primary(struct reader *r)
{
	struct cw_node *n;
	skip(r);
	if (take(r, "(")) {
		n = read_or(r);
		if (n == NULL || take(r, ")"))
			return n;
		node_free(n);
		return wrong(r, "expected ')'");
	}
	if (take(r, "["))
		return read_list(r, node_new(CW_NODE_ARRAY), "]");
	if (take(r, "-")) {
		struct cw_node *inner = read_primary(r);
		if (inner == NULL)
			return NULL;
		n = node_new(CW_NODE_MINUS);
		add_child(n, inner);
		return n;
	}
	if (*r->at == '"' || *r->at == '\'')
		return read_text(r);
	if (isdigit((unsigned char)*r->at) || *r->at == '.')
		return read_number(r);
	if (isalpha((unsigned char)*r->at))
		return read_word(r);
	return wrong(r, *r->at == '\0' ? "unexpected end" : "unexpected text");
}

/* Binary operators, from those that bind least. */
static const struct {
	int level;
	const char *token;
	enum cw_operator op;
} operators[] = {{0, "||", CW_OR}, {0, "OR", CW_OR}, {1, "&&", CW_AND},
    {1, "AND", CW_AND}, {2, "==", CW_EQUAL}, {2, "!=", CW_UNEQUAL},
    {2, "<=", CW_LESS_EQUAL}, {2, ">=", CW_GREATER_EQUAL}, {2, "<", CW_LESS},
    {2, ">", CW_GREATER}, {3, "+", CW_ADD}, {3, "-", CW_SUBTRACT},
    {4, "*", CW_MULTIPLY}, {4, "/", CW_DIVIDE}, {4, "%", CW_MODULO},
    {5, "^", CW_POWER}};
#define LEVELS 6

static bool
take_operator(struct reader *r, int level, enum cw_operator *op)
{
	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++)
		if (operators[i].level == level &&
		    take(r, operators[i].token)) {
			*op = operators[i].op;
			return true;
		}
	return false;
}

static struct cw_node *
read_level(struct reader *r, int level)
{
	enum cw_operator op;
	if (level == LEVELS)
		return read_primary(r);
	struct cw_node *left = read_level(r, level + 1);
	while (left != NULL && take_operator(r, level, &op)) {
		struct cw_node *right = read_level(r, level + 1);
		if (right == NULL) {
			node_free(left);
			return NULL;
		}
		struct cw_node *both = node_new(CW_NODE_BINARY);
		both->op = op;
		add_child(both, left);
		add_child(both, right);
		left = both;
	}
	return left;
}

static struct cw_node *
read_or(struct reader *r)
{
	if (++r->depth > DEPTH_MAX)
		return wrong(r, "too deep");
	struct cw_node *n = read_level(r, 0);
	r->depth--;
	return n;
}

int
cw_math_parse(const char *text, struct cw_math **out, struct err *err)
{
	struct cw_math *m = mem_alloc(sizeof(*m));
	struct reader r = {text, text, m, 0, err};
	if (strlen(text) <= TEXT_MAX)
		m->root = read_or(&r);
	else
		wrong(&r, "more than 2048 characters");
	skip(&r);
	if (m->root != NULL && *r.at != '\0') {
		wrong(&r, "unexpected text");
		node_free(m->root);
		m->root = NULL;
	}
	if (m->root == NULL) {
		cw_math_free(m);
		*out = NULL;
		return -1;
	}
	*out = m;
	return 0;
}

void
cw_math_free(struct cw_math *m)
{
	if (m == NULL)
		return;
	node_free(m->root);
	for (size_t i = 0; i < m->id_count; i++)
		free(m->id[i]);
	free(m->id);
	free(m);
}

const char *
cw_math_id(const struct cw_math *m, size_t i)
{
	return i < m->id_count ? m->id[i] : NULL;
}
