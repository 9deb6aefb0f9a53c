#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ddb_lex.h"
#include "text.h"

#define EXPRESSION_MAX 4096
#define OPERATORS_MAX 300
#define LEVELS_MAX 32
#define INDEX_MAX 2147483647

const char *const ddb_op_name[DDB_OPS] = {
    [DDB_AND] = "AND",
    [DDB_OR] = "OR",
    [DDB_NOT] = "NOT",
    [DDB_EQ] = "=",
    [DDB_NE] = "<>",
    [DDB_LT] = "<",
    [DDB_LE] = "<=",
    [DDB_GT] = ">",
    [DDB_GE] = ">=",
    [DDB_BETWEEN] = "BETWEEN",
    [DDB_IN] = "IN",
    [DDB_EXISTS] = "attribute_exists",
    [DDB_NOT_EXISTS] = "attribute_not_exists",
    [DDB_TYPE_IS] = "attribute_type",
    [DDB_BEGINS] = "begins_with",
    [DDB_CONTAINS] = "contains",
    [DDB_NOT_CONTAINS] = "NOT_CONTAINS",
    [DDB_SIZE] = "size",
    [DDB_PATH] = "path",
    [DDB_VALUE] = "value",
    [DDB_PLUS] = "+",
    [DDB_MINUS] = "-",
    [DDB_IF_NOT_EXISTS] = "if_not_exists",
    [DDB_LIST_APPEND] = "list_append",
};

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_word(char c)
{
	return is_letter(c) || is_digit(c) || c == '_';
}

static size_t
word_len(const char *at, const char *end)
{
	const char *p = at;
	while (p < end && is_word(*p))
		p++;
	return (size_t)(p - at);
}

static size_t
index_len(const char *at, const char *end)
{
	const char *p = at + 1;
	while (*at != '0' && p < end && is_digit(*p))
		p++;
	return (size_t)(p - at);
}

/* A character that begins no token, all its bytes. */
static size_t
bad_len(const char *at, const char *end)
{
	const char *p = at + 1;
	while (p < end && ((unsigned char)*p & 0xc0) == 0x80)
		p++;
	return (size_t)(p - at);
}

static struct token
token_at(const char *p, const char *end)
{
	while (p < end && memchr(" \t\r\n\f", *p, 5) != NULL)
		p++;
	if (p == end)
		return (struct token){TOKEN_END, p, 0};
	if (is_letter(*p))
		return (struct token){TOKEN_WORD, p, word_len(p, end)};
	if (*p == '#' || *p == ':') {
		size_t len = word_len(p + 1, end);
		if (len > 0)
			return (struct token){
			    *p == '#' ? TOKEN_NAME : TOKEN_VALUE, p, len + 1};
	}
	if (is_digit(*p))
		return (struct token){TOKEN_INDEX, p, index_len(p, end)};
	if (memchr("=<>()[].,+-", *p, 11) != NULL) {
		bool two = p + 1 < end &&
			   ((*p == '<' && (p[1] == '>' || p[1] == '=')) ||
			       (*p == '>' && p[1] == '='));
		return (struct token){TOKEN_SIGN, p, two ? 2 : 1};
	}
	return (struct token){TOKEN_BAD, p, bad_len(p, end)};
}

void
parse_next(struct parser *p)
{
	p->last = p->now;
	p->now = token_at(p->now.at + p->now.len, p->end);
}

static bool
token_is(struct token t, const char *text)
{
	return t.len == strlen(text) && memcmp(t.at, text, t.len) == 0;
}

bool
parse_is(const struct parser *p, const char *sign)
{
	return p->now.type == TOKEN_SIGN && token_is(p->now, sign);
}

bool
parse_keyword(const struct parser *p, const char *word)
{
	return p->now.type == TOKEN_WORD && p->now.len == strlen(word) &&
	       strncasecmp(p->now.at, word, p->now.len) == 0;
}

static bool
any_keyword(const struct parser *p)
{
	for (size_t i = 0; p->keywords[i] != NULL; i++)
		if (parse_keyword(p, p->keywords[i]))
			return true;
	return false;
}

bool
parse_take(struct parser *p, const char *sign)
{
	if (!parse_is(p, sign))
		return false;
	parse_next(p);
	return true;
}

static int
refuse(struct parser *p, const char *text)
{
	return ddb_invalid(p->scope->err, "Invalid %s: %s", p->parameter, text);
}

int
parse_wrong(struct parser *p)
{
	const char *from = p->last.at == NULL ? p->text : p->last.at;
	struct token after = token_at(p->now.at + p->now.len, p->end);
	const char *to = after.at + after.len;
	bool end = p->now.type == TOKEN_END;
	if (end && p->last.at != NULL)
		to = p->last.at + p->last.len;
	else if (after.type == TOKEN_END)
		to = p->now.at + p->now.len;
	char text[400];
	snprintf(text, sizeof(text),
	    "Syntax error; token: \"%.*s\", near: \"%.*s\"",
	    end                ? 5
	    : p->now.len > 120 ? 120
			       : (int)p->now.len,
	    end ? "<EOF>" : p->now.at, to - from > 240 ? 240 : (int)(to - from),
	    from);
	return refuse(p, text);
}

int
parse_expect(struct parser *p, const char *sign)
{
	return parse_take(p, sign) ? 0 : parse_wrong(p);
}

void
parse_trouble(struct parser *p, enum trouble kind, const char *format, ...)
{
	if (p->trouble[kind] != NULL)
		return;
	char text[480];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	p->trouble[kind] = ddb_copy(p->scope->pool, text, strlen(text));
}

void
parse_operator(struct parser *p)
{
	if (++p->operators > OPERATORS_MAX)
		parse_trouble(p, TROUBLE_LIMIT,
		    "The expression contains too many operators; operator "
		    "count: %zu",
		    p->operators);
}

/* Every level takes an operator, or its parentheses are redundant. */
int
parse_deeper(struct parser *p)
{
	if (++p->depth <= OPERATORS_MAX + 1)
		return 0;
	return refuse(p, "The expression has redundant parentheses;");
}

int
parse_begin(struct parser *p, struct ddb_scope *s, const char *parameter,
    const char *text, size_t len, const char *const *keywords)
{
	*p = (struct parser){.scope = s,
	    .parameter = parameter,
	    .text = text,
	    .end = text + len,
	    .keywords = keywords};
	if (len == 0)
		return refuse(p, "The expression can not be empty;");
	if (len > EXPRESSION_MAX)
		return ddb_invalid(s->err,
		    "Invalid %s: Expression size has exceeded the maximum "
		    "allowed size; expression size: %zu",
		    parameter, len);
	p->now = token_at(text, p->end);
	return 0;
}

int
parse_finish(struct parser *p)
{
	if (p->now.type != TOKEN_END)
		return parse_wrong(p);
	for (int i = 0; i < TROUBLES; i++)
		if (p->trouble[i] != NULL)
			return refuse(p, p->trouble[i]);
	return 0;
}

struct ddb_expr *
parse_node(struct parser *p, enum ddb_op op)
{
	struct ddb_expr *e = ddb_alloc(p->scope->pool, sizeof(*e));
	e->op = op;
	return e;
}

void
parse_parens(struct parser *p, struct ddb_expr *e)
{
	if (e->parens)
		parse_trouble(p, TROUBLE_PARENS,
		    "The expression has redundant parentheses;");
	e->parens = true;
}

struct ddb_bound *
ddb_bound_find(struct ddb_bound *list, const char *key, size_t len)
{
	while (list != NULL &&
	       (list->key_len != len || memcmp(list->key, key, len) != 0))
		list = list->next;
	return list;
}

/* One name of a path: a word, or what a #name stands for. */
static int
path_name(struct parser *p, struct ddb_step *step)
{
	if (p->now.type == TOKEN_WORD && !any_keyword(p)) {
		step->name = p->now.at;
		step->len = p->now.len;
		if (ddb_reserved(step->name, step->len))
			parse_trouble(p, TROUBLE_RESERVED,
			    "Attribute name is a reserved keyword; reserved "
			    "keyword: %.*s",
			    (int)step->len, step->name);
	} else if (p->now.type == TOKEN_NAME) {
		struct ddb_bound *b =
		    ddb_bound_find(p->scope->names, p->now.at, p->now.len);
		step->name = b == NULL ? p->now.at : b->name;
		step->len = b == NULL ? p->now.len : b->len;
		if (b == NULL)
			parse_trouble(p, TROUBLE_UNDEFINED,
			    "An expression attribute name used in the "
			    "document path is not defined; attribute name: "
			    "%.*s",
			    (int)p->now.len, p->now.at);
		else
			b->used = true;
	} else {
		return parse_wrong(p);
	}
	parse_next(p);
	return 0;
}

static int
path_index(struct parser *p, struct ddb_step *step)
{
	int64_t index = 0;
	if (p->now.type != TOKEN_INDEX)
		return parse_wrong(p);
	char digits[24];
	snprintf(digits, sizeof(digits), "%.*s",
	    p->now.len > 20 ? 20 : (int)p->now.len, p->now.at);
	if (text_integer(digits, 0, INDEX_MAX, &index) != 0)
		parse_trouble(p, TROUBLE_LIMIT,
		    "List index is not within the allowable range; index: "
		    "[%.*s]",
		    (int)p->now.len, p->now.at);
	step->index = (size_t)index;
	parse_next(p);
	return parse_expect(p, "]");
}

struct ddb_path *
parse_path(struct parser *p)
{
	struct ddb_pool *pool = p->scope->pool;
	struct ddb_path *path = ddb_alloc(pool, sizeof(*path));
	struct ddb_path *seen = ddb_alloc(pool, sizeof(*seen));
	struct ddb_step **end = &path->first;
	bool name = true;
	for (;;) {
		*end = ddb_alloc(pool, sizeof(**end));
		if ((name ? path_name(p, *end) : path_index(p, *end)) != 0)
			return NULL;
		end = &(*end)->next;
		path->steps++;
		if (parse_take(p, "."))
			name = true;
		else if (parse_take(p, "["))
			name = false;
		else
			break;
	}
	if (path->steps > LEVELS_MAX)
		parse_trouble(p, TROUBLE_LIMIT,
		    "The document path has too many nesting levels; nesting "
		    "levels: %zu",
		    path->steps);
	*seen = *path;
	seen->next = p->scope->paths;
	p->scope->paths = seen;
	return path;
}

struct ddb_expr *
parse_value(struct parser *p)
{
	if (p->now.type != TOKEN_VALUE) {
		parse_wrong(p);
		return NULL;
	}
	struct ddb_expr *e = parse_node(p, DDB_VALUE);
	struct ddb_bound *b =
	    ddb_bound_find(p->scope->values, p->now.at, p->now.len);
	if (b == NULL) {
		parse_trouble(p, TROUBLE_UNDEFINED,
		    "An expression attribute value used in expression is not "
		    "defined; attribute value: %.*s",
		    (int)p->now.len, p->now.at);
		e->value = ddb_value_new(p->scope->pool, DDB_TYPES);
	} else {
		b->used = true;
		e->value = b->value;
	}
	parse_next(p);
	return e;
}

int
parse_operands(struct parser *p, struct ddb_expr *to)
{
	struct ddb_expr **end = &to->args;
	while (*end != NULL)
		end = &(*end)->next;
	do {
		*end = parse_operand(p);
		if (*end == NULL)
			return -1;
		end = &(*end)->next;
		to->count++;
	} while (parse_take(p, ","));
	return parse_expect(p, ")");
}

enum ddb_type
parse_type(const struct ddb_expr *e)
{
	switch (e->op) {
	case DDB_VALUE:
		return e->value->type;
	case DDB_SIZE:
	case DDB_PLUS:
	case DDB_MINUS:
		return DDB_N;
	case DDB_LIST_APPEND:
		return DDB_L;
	default:
		return DDB_TYPES;
	}
}

void
parse_wrong_type(struct parser *p, enum ddb_op op, enum ddb_type type)
{
	parse_trouble(p, TROUBLE_TYPE,
	    "Incorrect operand type for operator or function; operator or "
	    "function: %s, operand type: %s",
	    ddb_op_name[op], ddb_type_name[type]);
}

struct ddb_path *
ddb_path_of(struct ddb_pool *pool, const char *name, size_t len)
{
	struct ddb_path *path = ddb_alloc(pool, sizeof(*path));
	path->first = ddb_alloc(pool, sizeof(*path->first));
	path->first->name = name;
	path->first->len = len;
	path->steps = 1;
	return path;
}

void
ddb_path_show(const struct ddb_path *path, struct buf *out)
{
	buf_add_char(out, '[');
	for (struct ddb_step *s = path->first; s != NULL; s = s->next) {
		if (s != path->first)
			buf_add_text(out, ", ");
		if (s->name == NULL)
			buf_addf(out, "[%zu]", s->index);
		else
			buf_add(out, s->name, s->len);
	}
	buf_add_char(out, ']');
}

static bool
step_equal(const struct ddb_step *a, const struct ddb_step *b)
{
	if (a->name == NULL || b->name == NULL)
		return a->name == b->name && a->index == b->index;
	return a->len == b->len && memcmp(a->name, b->name, a->len) == 0;
}

bool
ddb_path_equal(const struct ddb_path *a, const struct ddb_path *b)
{
	const struct ddb_step *x = a->first, *y = b->first;
	while (x != NULL && y != NULL && step_equal(x, y)) {
		x = x->next;
		y = y->next;
	}
	return x == NULL && y == NULL;
}

void
parse_overlap(
    struct parser *p, const struct ddb_path *a, const struct ddb_path *b)
{
	const struct ddb_step *x = a->first, *y = b->first;
	while (x != NULL && y != NULL && step_equal(x, y)) {
		x = x->next;
		y = y->next;
	}
	bool conflict = x != NULL && y != NULL;
	if (conflict && (x->name == NULL) == (y->name == NULL))
		return;
	struct buf one = {.max = 200}, two = {.max = 200};
	ddb_path_show(a, &one);
	ddb_path_show(b, &two);
	parse_trouble(p, conflict ? TROUBLE_CONFLICT : TROUBLE_OVERLAP,
	    "Two document paths %s with each other; must remove or rewrite one "
	    "of these paths; path one: %s, path two: %s",
	    conflict ? "conflict" : "overlap", buf_text(&one), buf_text(&two));
	buf_clear(&one);
	buf_clear(&two);
}

struct ddb_path *
ddb_projection_parse(
    struct ddb_scope *s, const char *parameter, const char *text, size_t len)
{
	static const char *const none[] = {NULL};
	struct ddb_path *paths = NULL, **end = &paths;
	struct parser p;
	if (parse_begin(&p, s, parameter, text, len, none) != 0)
		return NULL;
	do {
		struct ddb_path *path = parse_path(&p);
		if (path == NULL)
			return NULL;
		for (struct ddb_path *o = paths; o != NULL; o = o->next)
			parse_overlap(&p, o, path);
		*end = path;
		end = &path->next;
	} while (parse_take(&p, ","));
	return parse_finish(&p) == 0 ? paths : NULL;
}
