#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cw.h"
#include "cw_alarm.h"
#include "store.h"
#include "text.h"

#define PAGE_MAX 100
#define KEPT_MS (INT64_C(30) * 86400000)

void
cw_history_add(struct lunad *l, const char *region, const char *alarm,
    const char *type, const char *summary, const struct buf *data,
    int64_t now_ms)
{
	store_do(lunad_store(l),
	    "delete from cw_history where region = ? and alarm = ?"
	    " and at_ms < ?",
	    "tti", region, alarm, now_ms - KEPT_MS);
	store_do(lunad_store(l),
	    "insert into cw_history (region, alarm, at_ms, type, summary,"
	    " data) values (?, ?, ?, ?, ?, ?)",
	    "ttitts", region, alarm, now_ms, type, summary, buf_text(data),
	    data->len);
}

/* The members of the history begin in lower case: "okActions". */
static char *
lower(struct json key)
{
	char *text = json_dup(key);
	if (text != NULL && strncmp(text, "OK", 2) == 0)
		memcpy(text, "ok", 2);
	else if (text != NULL)
		text[0] = (char)tolower((unsigned char)text[0]);
	return text;
}

static void
put_lower(struct buf *out, const char *name, struct json v)
{
	struct json_iter it;
	struct json key, value;
	if (v.type != JSON_OBJECT && v.type != JSON_ARRAY) {
		put_raw(out, name, v.at, v.len);
		return;
	}
	bool object = v.type == JSON_OBJECT;
	put_open(out, name, object ? '{' : '[');
	json_each(v, &it);
	while (json_next(&it, &key, &value)) {
		char *text = object ? lower(key) : NULL;
		put_lower(out, text, value);
		free(text);
	}
	put_close(out, object ? '}' : ']');
}

void
cw_history_config(
    struct lunad *l, const struct cw_alarm *a, const char *verb, int64_t now_ms)
{
	struct buf data = {0}, summary = {0}, name = {0};
	struct json_iter it;
	struct json key, value;
	char stamp[CW_STAMP];
	const char *end = verb[strlen(verb) - 1] == 'e' ? "d" : "ed";
	buf_addf(&name, "%c%s%sAlarm", tolower((unsigned char)verb[0]),
	    verb + 1, end);
	buf_addf(&summary, "Alarm \"%s\" %c%s%s", a->name,
	    tolower((unsigned char)verb[0]), verb + 1, end);
	put_open(&data, NULL, '{');
	put_text(&data, "version", "1.0");
	put_text(&data, "type", verb);
	put_open(&data, buf_text(&name), '{');
	json_each(a->config, &it);
	while (json_next(&it, &key, &value)) {
		char *text = lower(key);
		put_lower(&data, text, value);
		free(text);
	}
	cw_stamp(a->config_ms, stamp);
	put_text(&data, "alarmConfigurationUpdatedTimestamp", stamp);
	put_text(&data, "stateValue", cw_state_name(a->state));
	cw_stamp(a->state_ms, stamp);
	put_text(&data, "stateUpdatedTimestamp", stamp);
	put_bool(&data, "actionsEnabled", a->enabled);
	put_close(&data, '}');
	put_close(&data, '}');
	cw_history_add(l, a->region, a->name, "ConfigurationUpdate",
	    buf_text(&summary), &data, now_ms);
	buf_clear(&data);
	buf_clear(&summary);
	buf_clear(&name);
}

/* What DescribeAlarmHistory is asked for. */
struct history {
	const char *alarm, *type;
	int64_t from_ms, to_ms, most, after;
	bool ascending;
};

static int
read_history(struct request *r, struct history *h)
{
	struct json from = param_json(r, "StartDate");
	struct json to = param_json(r, "EndDate");
	const char *scan = param(r, "ScanBy");
	*h = (struct history){.alarm = param(r, "AlarmName"),
	    .type = param(r, "HistoryItemType"),
	    .to_ms = INT64_MAX,
	    .most = param_int(r, "MaxRecords", PAGE_MAX),
	    .ascending =
		scan != NULL && strcmp(scan, "TimestampAscending") == 0};
	if ((from.type > JSON_NULL && check_time(from, &h->from_ms) != 0) ||
	    (to.type > JSON_NULL && check_time(to, &h->to_ms) != 0))
		return fail(r, 400, CW_VALUE,
		    "The parameters StartDate and EndDate must be times.");
	if (h->most < 1 || h->most > PAGE_MAX)
		return check_refuse(r, param(r, "MaxRecords"), "maxRecords",
		    h->most < 1
			? "Member must have value greater than or equal to 1"
			: "Member must have value less than or equal to 100");
	if (h->type != NULL && strcmp(h->type, "ConfigurationUpdate") != 0 &&
	    strcmp(h->type, "StateUpdate") != 0 &&
	    strcmp(h->type, "Action") != 0)
		return check_refuse(r, h->type, "historyItemType",
		    "Member must satisfy enum value set: "
		    "[ConfigurationUpdate, StateUpdate, Action]");
	h->after = param_int(r, "NextToken", h->ascending ? 0 : INT64_MAX);
	return 0;
}

static void
put_item(struct buf *out, sqlite3_stmt *q)
{
	put_open(out, NULL, '{');
	put_text(out, "AlarmName", store_text(q, 1));
	put_text(out, "AlarmType", "MetricAlarm");
	put_time(out, "Timestamp", store_int(q, 2));
	put_text(out, "HistoryItemType", store_text(q, 3));
	put_text(out, "HistorySummary", store_text(q, 4));
	put_text(out, "HistoryData", store_text(q, 5));
	put_close(out, '}');
}

int
cw_describe_alarm_history(struct request *r)
{
	static const char up[] =
	    "select id, alarm, at_ms, type, summary, data from cw_history"
	    " where region = ? and alarm = coalesce(?, alarm)"
	    " and type = coalesce(?, type) and at_ms between ? and ?"
	    " and id > ? order by id";
	static const char down[] =
	    "select id, alarm, at_ms, type, summary, data from cw_history"
	    " where region = ? and alarm = coalesce(?, alarm)"
	    " and type = coalesce(?, type) and at_ms between ? and ?"
	    " and id < ? order by id desc";
	struct history h;
	int64_t n = 0, last = 0;
	if (read_history(r, &h) != 0)
		return ANSWER_ERROR;
	put_open(r->out, NULL, '{');
	put_open(r->out, "AlarmHistoryItems", '[');
	sqlite3_stmt *q = store_query(r->store, h.ascending ? up : down,
	    "tttiii", r->region, h.alarm, h.type, h.from_ms, h.to_ms, h.after);
	bool more = false;
	while (!more && store_next(q)) {
		more = n++ == h.most;
		if (!more) {
			put_item(r->out, q);
			last = store_int(q, 0);
		}
	}
	store_end(q);
	put_close(r->out, ']');
	if (more)
		put_text(r->out, "NextToken",
		    request_format(r, "%lld", (long long)last));
	put_close(r->out, '}');
	return ANSWER;
}
