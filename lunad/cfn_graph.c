#include <stdlib.h>
#include <string.h>

#include "cfn.h"
#include "mem.h"

enum mark { NEW, OPEN, DONE };

struct graph {
	struct cfn_scope *scope;
	const cJSON **node;
	enum mark *mark;
	size_t count;
	const char **order;
	size_t ordered;
	/* the way from the first node to the current one */
	size_t *path;
	size_t depth;
};

static int visit(struct graph *g, size_t i);

static int
refuse_cycle(struct graph *g, size_t from)
{
	struct buf names = {0};
	size_t i = 0;
	while (g->path[i] != from)
		i++;
	for (const char *comma = ""; i < g->depth; i++, comma = ", ")
		buf_addf(
		    &names, "%s%.255s", comma, g->node[g->path[i]]->string);
	cfn_refuse(g->scope->why, "Circular dependency between resources: [%s]",
	    buf_text(&names));
	buf_clear(&names);
	return -1;
}

/* optional: one that is not active does not matter. */
static int
need(struct graph *g, const char *name, bool optional)
{
	size_t i = 0;
	while (i < g->count && strcmp(g->node[i]->string, name) != 0)
		i++;
	if (i < g->count)
		return visit(g, i);
	if (optional || cfn_get(g->scope->t->resources, name) == NULL)
		return 0; /* a parameter */
	return cfn_refuse(g->scope->why,
	    "Template format error: Unresolved resource dependencies [%.255s] "
	    "in the Resources block of the template",
	    name);
}

static int
found(void *user, const struct cfn_reference *r)
{
	return r->condition ? 0 : need(user, r->name, false);
}

static int
visit(struct graph *g, size_t i)
{
	if (g->mark[i] == DONE)
		return 0;
	if (g->mark[i] == OPEN)
		return refuse_cycle(g, i);
	g->mark[i] = OPEN;
	g->path[g->depth++] = i;
	const cJSON *on = cfn_get(g->node[i], "DependsOn");
	const cJSON *one = cJSON_IsArray(on) ? on->child : on;
	for (; one != NULL; one = cJSON_IsArray(on) ? one->next : NULL)
		if (need(g, one->valuestring, true) != 0)
			return -1;
	if (cfn_references(
		cfn_get(g->node[i], "Properties"), g->scope, found, g) != 0)
		return -1;
	g->depth--;
	g->mark[i] = DONE;
	g->order[g->ordered++] = g->node[i]->string;
	return 0;
}

static int
take_active(struct graph *g)
{
	const cJSON *c = g->scope->t->resources->child;
	for (; c != NULL; c = c->next) {
		int active = cfn_active(g->scope, c);
		if (active < 0)
			return -1;
		if (active)
			g->node[g->count++] = c;
	}
	return 0;
}

const char **
cfn_graph(struct cfn_scope *s, size_t *count)
{
	size_t n = (size_t)cJSON_GetArraySize(s->t->resources);
	struct graph g = {.scope = s,
	    .node = mem_alloc((n + 1) * sizeof(*g.node)),
	    .mark = mem_alloc((n + 1) * sizeof(*g.mark)),
	    .order = mem_alloc((n + 1) * sizeof(*g.order)),
	    .path = mem_alloc((n + 1) * sizeof(*g.path))};
	int status = take_active(&g);
	for (size_t i = 0; i < g.count && status == 0; i++)
		status = visit(&g, i);
	free(g.node);
	free(g.mark);
	free(g.path);
	*count = g.ordered;
	if (status == 0)
		return g.order;
	free(g.order);
	return NULL;
}
