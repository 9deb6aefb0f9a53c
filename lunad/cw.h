#ifndef LUNAD_CW_H
#define LUNAD_CW_H

#include "check.h"
#include "err.h"
#include "lunad.h"

/*
 * What CloudWatch's files share: cloudwatch.c has the table of operations,
 * cw_metric.c the data points, cw_data.c what is put and read, cw_alarm.c
 * alarms as they are set, cw_watch.c their evaluation, cw_history.c what
 * became of them, cw_dashboard.c dashboards.
 */

/* cloudwatch.c */
#define CW_VALIDATION "ValidationException"
#define CW_VALUE "InvalidParameterValueException"
#define CW_COMBINATION "InvalidParameterCombinationException"
#define CW_MISSING_PARAMETER "MissingRequiredParameterException"
/* Fail as err says. */
int cw_fail(struct request *r, const struct err *err);
/* 0, or the failure of a parameter that is not there. */
int cw_need(struct request *r, const char *name);

/* cw_put.c */
int cw_put_metric_data(struct request *r);
/* cw_data.c */
int cw_list_metrics(struct request *r);
int cw_get_metric_statistics(struct request *r);
/* cw_get.c */
int cw_get_metric_data(struct request *r);

/* cw_alarm.c */
int cw_put_metric_alarm(struct request *r);
int cw_describe_alarms(struct request *r);
int cw_describe_alarms_for_metric(struct request *r);
int cw_delete_alarms(struct request *r);
int cw_enable_alarm_actions(struct request *r);
int cw_disable_alarm_actions(struct request *r);
int cw_set_alarm_state(struct request *r);
/* cw_tag.c */
int cw_tag_resource(struct request *r);
int cw_untag_resource(struct request *r);
int cw_list_tags_for_resource(struct request *r);
/* cw_history.c */
int cw_describe_alarm_history(struct request *r);
/* cw_dashboard.c */
int cw_put_dashboard(struct request *r);
int cw_get_dashboard(struct request *r);
int cw_list_dashboards(struct request *r);
int cw_delete_dashboards(struct request *r);

/* cw_watch.c */
/* Points came: alarms that had settled without any look again. */
void cw_watch_stir(struct lunad *l);
int64_t cw_watch_due(struct lunad *l);
void cw_watch_run(struct lunad *l, int64_t now_ms);
void cw_watch_open(struct lunad *l);

#endif
