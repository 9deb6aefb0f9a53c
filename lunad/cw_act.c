#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cw.h"
#include "cw_alarm.h"
#include "mem.h"
#include "store.h"

/* One action: an SNS topic's ARN. AWS tells of it in the history whatever
 * came of it, and so do we. */
static void
act(struct lunad *l, const struct cw_alarm *a, const char *arn,
    const struct cw_notice *n)
{
	struct buf params = {0}, message = {0}, reply = {0}, data = {0},
		   summary = {0};
	struct lunad_failure failure = {"", "lunad acts on SNS topics only"};
	char region[64] = "";
	int status = 400;
	sscanf(arn, "arn:%*[^:]:sns:%63[^:]:", region);
	put_open(&message, NULL, '{');
	put_textn(&message, "default", buf_text(&n->json), n->json.len);
	put_textn(&message, "email", buf_text(&n->mail), n->mail.len);
	put_close(&message, '}');
	put_open(&params, NULL, '{');
	put_text(&params, "TopicArn", arn);
	put_text(&params, "Subject", buf_text(&n->subject));
	put_textn(&params, "Message", buf_text(&message), message.len);
	put_text(&params, "MessageStructure", "json");
	put_close(&params, '}');
	if (region[0] != '\0')
		status = lunad_call(l, region, "sns", "Publish",
		    buf_text(&params), params.len, &reply, &failure);
	put_open(&data, NULL, '{');
	put_text(&data, "actionState", status == 0 ? "Succeeded" : "Failed");
	put_int(&data, "stateUpdateTimestamp", a->state_ms);
	put_text(&data, "notificationResource", arn);
	if (status == 0)
		put_textn(
		    &data, "publishedMessage", buf_text(&n->json), n->json.len);
	else
		put_text(&data, "error", failure.message);
	put_close(&data, '}');
	buf_addf(&summary, "%s action %s",
	    status == 0 ? "Successfully executed" : "Failed to execute", arn);
	cw_history_add(l, a->region, a->name, "Action", buf_text(&summary),
	    &data, a->state_ms);
	buf_clear(&params);
	buf_clear(&message);
	buf_clear(&reply);
	buf_clear(&data);
	buf_clear(&summary);
}

static void
act_all(struct lunad *l, const struct cw_alarm *a, enum cw_state old)
{
	static const char *const members[] = {[CW_OK] = "OKActions",
	    [CW_ALARM] = "AlarmActions",
	    [CW_INSUFFICIENT_DATA] = "InsufficientDataActions"};
	struct json list = json_get(a->config, members[a->state]), one;
	struct json_iter it;
	struct cw_notice n;
	if (!a->enabled || json_count(list) == 0)
		return;
	cw_notice_write(&n, a, old, LUNAD_ACCOUNT);
	json_each(list, &it);
	while (json_next(&it, NULL, &one)) {
		char *arn = json_dup(one);
		act(l, a, arn, &n);
		free(arn);
	}
	cw_notice_clear(&n);
}

/* {"stateValue":…,"stateReason":…,"stateReasonData":…} */
static void
put_state(struct buf *out, const char *name, enum cw_state state,
    const char *reason, const char *data)
{
	put_open(out, name, '{');
	put_text(out, "stateValue", cw_state_name(state));
	put_text(out, "stateReason", reason);
	if (data[0] != '\0')
		put_raw(out, "stateReasonData", data, strlen(data));
	put_close(out, '}');
}

void
cw_alarm_change(struct lunad *l, struct cw_alarm *a, enum cw_state state,
    const char *reason, const char *reason_data, int64_t now_ms)
{
	enum cw_state old = a->state;
	struct buf data = {0}, summary = {0};
	put_open(&data, NULL, '{');
	put_text(&data, "version", "1.0");
	put_state(&data, "oldState", old, a->reason, a->reason_data);
	put_state(&data, "newState", state, reason, reason_data);
	put_close(&data, '}');
	store_do(lunad_store(l),
	    "update cw_alarm set state = ?, reason = ?, reason_data = ?,"
	    " state_ms = ?4, transition_ms = iif(state = ?1, transition_ms,"
	    " ?4), settled = 0 where region = ? and name = ?",
	    "ittitt", (int64_t)state, reason, reason_data, now_ms, a->region,
	    a->name);
	free(a->reason);
	free(a->reason_data);
	a->reason = mem_text(reason);
	a->reason_data = mem_text(reason_data);
	a->state = state;
	a->state_ms = now_ms;
	if (state != old) {
		buf_addf(&summary, "Alarm updated from %s to %s",
		    cw_state_name(old), cw_state_name(state));
		cw_history_add(l, a->region, a->name, "StateUpdate",
		    buf_text(&summary), &data, now_ms);
		act_all(l, a, old);
	}
	buf_clear(&data);
	buf_clear(&summary);
}
