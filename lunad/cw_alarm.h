#ifndef LUNAD_CW_ALARM_H
#define LUNAD_CW_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "cw_judge.h"
#include "json.h"

/*
 * An alarm as it is stored: what PutMetricAlarm set, as the members that
 * DescribeAlarms answers, and the state it is in.
 */
struct lunad;
struct store;

struct cw_alarm {
	char *region, *name;
	char *text; /* of config */
	struct json config;
	bool enabled; /* ActionsEnabled */
	enum cw_state state;
	char *reason, *reason_data; /* JSON text, or "" */
	int64_t config_ms, state_ms, transition_ms;
};

/*
 * Walk over alarms by name:
 *	q = cw_alarm_query(s, region, NULL, 0);
 *	while (cw_alarm_next(q, &a)) { …; cw_alarm_clear(&a); }
 *
 * name: one alarm, or NULL for all that come after `after`.
 */
struct sqlite3_stmt;
struct sqlite3_stmt *cw_alarm_query(
    struct store *s, const char *region, const char *name, const char *after);
bool cw_alarm_next(struct sqlite3_stmt *q, struct cw_alarm *a);
void cw_alarm_clear(struct cw_alarm *a);
/* The one of that name; false: there is none. */
bool cw_alarm_find(
    struct store *s, const char *region, const char *name, struct cw_alarm *a);

/* A member of the configuration as text to be freed, or NULL. */
char *cw_alarm_text(const struct cw_alarm *a, const char *member);
int64_t cw_alarm_int(const struct cw_alarm *a, const char *member);
/* The threshold and how it is judged. */
struct cw_rule cw_alarm_rule(const struct cw_alarm *a);

/* "2026-11-20T22:29:22.123+0000", as alarms write times. */
#define CW_STAMP 32
void cw_stamp(int64_t ms, char out[static CW_STAMP]);

/*
 * cw_watch.c: give an alarm a state; keep what happened and act, when it is
 * another than before.
 *
 * reason_data: JSON text, or "".
 */
void cw_alarm_change(struct lunad *l, struct cw_alarm *a, enum cw_state state,
    const char *reason, const char *reason_data, int64_t now_ms);

/* cw_history.c */
void cw_history_add(struct lunad *l, const char *region, const char *alarm,
    const char *type, const char *summary, const struct buf *data,
    int64_t now_ms);
/* verb: "Create", "Update", "Delete". */
void cw_history_config(struct lunad *l, const struct cw_alarm *a,
    const char *verb, int64_t now_ms);

/* cw_notice.c: what an action publishes. */
struct cw_notice {
	struct buf subject;
	struct buf json; /* for every protocol but … */
	struct buf mail; /* … e-mail */
};
void cw_notice_write(struct cw_notice *n, const struct cw_alarm *a,
    enum cw_state old, const char *account);
void cw_notice_clear(struct cw_notice *n);

#endif
