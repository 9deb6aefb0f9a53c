#include "cfn_stack.h"
#include "text.h"

#define PAGE 100

void
cfn_page_open(struct request *r, struct cfn_page *p, const char *list)
{
	const char *token = param(r, "NextToken");
	*p = (struct cfn_page){.rows = PAGE + 1};
	if (token != NULL)
		text_integer(token, 0, INT32_MAX, &p->from);
	put_open(r->out, NULL, '{');
	put_open(r->out, list, '[');
}

bool
cfn_page_room(struct cfn_page *p)
{
	return ++p->seen <= PAGE;
}

bool
cfn_page_next(struct cfn_page *p, sqlite3_stmt *q)
{
	if (!store_next(q))
		return false;
	if (cfn_page_room(p))
		return true;
	store_end(q);
	return false;
}

void
cfn_page_close(struct request *r, const struct cfn_page *p)
{
	put_close(r->out, ']');
	if (p->seen > PAGE)
		put_text(r->out, "NextToken",
		    request_format(r, "%lld", (long long)(p->from + PAGE)));
	put_close(r->out, '}');
}
