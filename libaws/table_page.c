#include "table_page.h"

void
table_page_ask(struct table_page *p, struct caller *caller,
    const struct table_page_about *about)
{
	struct buf reply = p->call.reply;
	buf_reset(&p->body);
	buf_addf(&p->body, "{%s", about->fixed);
	if (about->segments > 1)
		buf_addf(&p->body, ",\"Segment\":%lld,\"TotalSegments\":%lld",
		    (long long)about->segment, (long long)about->segments);
	if (about->limit > 0)
		buf_addf(&p->body, ",\"Limit\":%lld", (long long)about->limit);
	if (p->next.len > 0)
		buf_addf(&p->body, ",\"ExclusiveStartKey\":%s", p->next.data);
	buf_add_char(&p->body, '}');
	p->call = (struct call){.reply = reply,
	    .service = service_find("dynamodb"),
	    .operation = about->scan ? "Scan" : "Query",
	    .body = p->body.data,
	    .body_len = p->body.len,
	    .user = p};
	call_start(caller, &p->call);
}

int
table_page_take(struct table_page *p, struct json *items, struct err *err)
{
	struct json reply, last;
	buf_reset(&p->next);
	if (p->call.err.kind != ERR_NONE) {
		*err = p->call.err;
		return -1;
	}
	if (json_scan(p->call.reply.data, p->call.reply.len, &reply, NULL) !=
		0 ||
	    (*items = json_get(reply, "Items")).type != JSON_ARRAY)
		return err_set(err, ERR_LATER, "InvalidReply",
		    "the reply to %s has no items", p->call.operation);
	last = json_get(reply, "LastEvaluatedKey");
	if (last.type == JSON_OBJECT && json_count(last) > 0)
		json_compact(last, &p->next);
	return 0;
}

bool
table_page_more(const struct table_page *p)
{
	return p->next.len > 0;
}

void
table_page_clear(struct table_page *p)
{
	call_clear(&p->call);
	buf_clear(&p->body);
	buf_clear(&p->next);
}
