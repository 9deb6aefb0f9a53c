#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "digest.h"
#include "stack.h"
#include "text.h"

/* Between two looks at a change set in the making, in ms. */
#define WAIT_FIRST 200
#define WAIT_MOST 5000

static int
read_template(struct stack_plan *p, struct err *err)
{
	const char *path = p->template_path;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;
	buf_init(&p->template, STACK_BODY + 1);
	if (fd >= 0) {
		char chunk[8192];
		while ((n = read(fd, chunk, sizeof(chunk))) > 0 &&
		       !p->template.full)
			buf_add(&p->template, chunk, (size_t)n);
	}
	int failed = errno;
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return err_set(err, ERR_SETUP, "Template", "%s: %s", path,
		    strerror(failed));
	if (p->template.full || p->template.len > STACK_BODY)
		return err_set(err, ERR_SETUP, "Template",
		    "%s is larger than %d bytes, which is what CloudFormation "
		    "takes in a request: make two stacks of it",
		    path, STACK_BODY);
	if (text_utf8(buf_text(&p->template), p->template.len) !=
		p->template.len ||
	    memchr(buf_text(&p->template), '\0', p->template.len) != NULL)
		return err_set(
		    err, ERR_SETUP, "Template", "%s is not UTF-8 text", path);
	if (p->template.len == 0)
		return err_set(err, ERR_SETUP, "Template", "%s is empty", path);
	return 0;
}

/* The value given for a parameter, or NULL. */
static const char *
given(const struct stack_plan *p, struct json name)
{
	for (size_t i = 0; i < p->values; i++) {
		size_t n = strcspn(p->value[i], "=");
		struct buf one = {0};
		buf_add(&one, p->value[i], n);
		bool is = json_is(name, buf_text(&one));
		buf_clear(&one);
		if (is)
			return p->value[i] + n + 1;
	}
	return NULL;
}

/* The element of a list whose member `key` is the text of view `name`. */
static bool
among(struct json list, const char *key, const char *name)
{
	struct json_iter it;
	struct json v;
	json_each(list, &it);
	while (json_next(&it, NULL, &v))
		if (json_is(json_get(v, key), name))
			return true;
	return false;
}

static void
add_name(struct buf *out, struct json name)
{
	if (out->len > 0)
		buf_add_text(out, ", ");
	json_text(name, out, NULL);
}

/* Every NAME=VALUE must be one of the template's. */
static int
check_names(const struct stack_plan *p, struct json declared, struct err *err)
{
	struct json_iter it;
	struct json v;
	int status = 0;
	for (size_t i = 0; i < p->values && status == 0; i++) {
		size_t n = strcspn(p->value[i], "=");
		struct buf name = {0}, all = {0};
		buf_add(&name, p->value[i], n);
		if (p->value[i][n] == '\0' || n == 0) {
			status = err_set(err, ERR_SETUP, "Parameter",
			    "%s is not NAME=VALUE", p->value[i]);
		} else if (!among(declared, "ParameterKey", buf_text(&name))) {
			json_each(declared, &it);
			while (json_next(&it, NULL, &v))
				add_name(&all, json_get(v, "ParameterKey"));
			status = err_set(err, ERR_SETUP, "Parameter",
			    "%s has no parameter %s; it has %s",
			    p->template_path, buf_text(&name),
			    all.len > 0 ? all.data : "none");
		}
		buf_clear(&name);
		buf_clear(&all);
	}
	return status;
}

/* What is given, else what the stack has, else the default. */
static int
take_parameters(const struct stack *s, struct stack_plan *p,
    struct json declared, struct err *err)
{
	struct json_iter it;
	struct json v, had = stack_member(s, "Parameters");
	struct buf missing = {0}, name = {0};
	const char *comma = "";
	buf_add_text(&p->params, ",\"Parameters\":[");
	json_each(declared, &it);
	while (json_next(&it, NULL, &v)) {
		struct json key = json_get(v, "ParameterKey");
		const char *value = given(p, key);
		buf_reset(&name);
		json_text(key, &name, NULL);
		bool previous = value == NULL && !p->creates &&
				among(had, "ParameterKey", buf_text(&name));
		if (value == NULL && !previous) {
			/* XML: an empty default is null */
			if (json_get(v, "DefaultValue").type == JSON_NONE)
				add_name(&missing, key);
			continue;
		}
		buf_addf(&p->params, "%s{\"ParameterKey\":", comma);
		buf_add(&p->params, key.at, key.len);
		if (previous) {
			buf_add_text(&p->params, ",\"UsePreviousValue\":true}");
		} else {
			buf_add_text(&p->params, ",\"ParameterValue\":");
			text_json_string(value, strlen(value), &p->params);
			buf_add_char(&p->params, '}');
		}
		comma = ",";
	}
	buf_add_char(&p->params, ']');
	int status = 0;
	if (missing.len > 0)
		status = err_set(err, ERR_SETUP, "Parameter",
		    "%s wants values, as NAME=VALUE, of: %s", p->template_path,
		    missing.data);
	buf_clear(&missing);
	buf_clear(&name);
	return status;
}

static bool
has_capability(const struct stack_plan *p, const char *need)
{
	for (size_t i = 0; i < p->capabilities; i++)
		if (strcmp(p->capability[i], need) == 0 ||
		    (strcmp(need, "CAPABILITY_IAM") == 0 &&
			strcmp(p->capability[i], "CAPABILITY_NAMED_IAM") == 0))
			return true;
	return false;
}

static int
take_capabilities(struct stack_plan *p, struct json summary, struct err *err)
{
	struct json_iter it;
	struct json v;
	struct buf missing = {0}, need = {0}, why = {0};
	json_each(json_get(summary, "Capabilities"), &it);
	while (json_next(&it, NULL, &v)) {
		buf_reset(&need);
		json_text(v, &need, NULL);
		if (!has_capability(p, buf_text(&need)))
			buf_addf(&missing, " --capability %s", need.data);
	}
	int status = 0;
	if (missing.len > 0) {
		json_text(json_get(summary, "CapabilitiesReason"), &why, NULL);
		status = err_set(err, ERR_SETUP, "Capability",
		    "%s may change who may do what: allow it with%s (%s)",
		    p->template_path, missing.data, buf_text(&why));
	}
	buf_add_text(&p->params, ",\"Capabilities\":[");
	for (size_t i = 0; i < p->capabilities; i++) {
		buf_add_text(&p->params, i == 0 ? "" : ",");
		text_json_string(
		    p->capability[i], strlen(p->capability[i]), &p->params);
	}
	buf_add_char(&p->params, ']');
	buf_clear(&missing);
	buf_clear(&need);
	buf_clear(&why);
	return status;
}

/* Can it be changed as it stands? */
static int
check_state(struct stack *s, struct stack_plan *p, struct err *err)
{
	const char *status = buf_text(&s->status);
	p->fresh = s->id.len == 0;
	p->creates = p->fresh || stack_is(s, "REVIEW_IN_PROGRESS");
	if (p->creates)
		return 0;
	if (stack_busy(s))
		return err_set(err, ERR_LATER, "StackBusy",
		    "stack %s is in %s: run again when that has ended", s->name,
		    status);
	if (stack_is(s, "ROLLBACK_COMPLETE") ||
	    stack_is(s, "ROLLBACK_FAILED") || stack_is(s, "CREATE_FAILED") ||
	    stack_is(s, "DELETE_FAILED"))
		return err_set(err, ERR_SETUP, "StackFailed",
		    "stack %s is in %s and can only be deleted: cfn-deploy "
		    "--delete %s",
		    s->name, status, s->name);
	if (strstr(status, "_FAILED") != NULL)
		return err_set(err, ERR_SETUP, "StackFailed",
		    "stack %s is in %s: continue its rollback (aws-call "
		    "cloudformation ContinueUpdateRollback StackName=%s) or "
		    "delete it",
		    s->name, status, s->name);
	return 0;
}

int
stack_plan_check(struct stack *s, struct stack_plan *p, struct err *err)
{
	struct buf body = {0};
	if (read_template(p, err) != 0 || check_state(s, p, err) != 0)
		return -1;
	buf_add_text(&body, "{\"TemplateBody\":");
	text_json_string(p->template.data, p->template.len, &body);
	buf_add_char(&body, '}');
	int status = stack_call(s, "GetTemplateSummary", &body, err);
	buf_clear(&body);
	if (status != 0) {
		err_prefix(err, "%s", p->template_path);
		return -1;
	}
	struct json declared = json_get(s->root, "Parameters");
	if (check_names(p, declared, err) != 0 ||
	    take_parameters(s, p, declared, err) != 0)
		return -1;
	return take_capabilities(p, s->root, err);
}

static void
name_set(struct stack_plan *p)
{
	uint8_t random[8];
	digest_random(random, sizeof(random));
	buf_add_text(&p->set, "cfn-deploy-");
	text_hex(random, sizeof(random), &p->set);
}

/* Append the members that name the change set. */
static void
add_set(const struct stack *s, const struct stack_plan *p, struct buf *out)
{
	buf_add_text(out, "{\"StackName\":");
	text_json_string(s->name, strlen(s->name), out);
	buf_addf(out, ",\"ChangeSetName\":\"%s\"", p->set.data);
}

static int
call_set(struct stack *s, struct stack_plan *p, const char *operation,
    struct err *err)
{
	struct buf params = {0};
	add_set(s, p, &params);
	buf_add_char(&params, '}');
	int status = stack_call(s, operation, &params, err);
	buf_clear(&params);
	return status;
}

static bool
says_empty(const char *reason)
{
	return strstr(reason, "didn't contain changes") != NULL ||
	       strstr(reason, "No updates are to be performed") != NULL;
}

/* 1: it is still in the making. */
static int
look_at_set(struct stack *s, struct stack_plan *p, struct err *err)
{
	struct buf reason = {0};
	if (call_set(s, p, "DescribeChangeSet", err) != 0)
		return -1;
	struct json state = json_get(s->root, "Status");
	if (json_is(state, "CREATE_COMPLETE"))
		return 0;
	if (!json_is(state, "FAILED"))
		return 1;
	json_text(json_get(s->root, "StatusReason"), &reason, NULL);
	p->empty = says_empty(buf_text(&reason));
	if (!p->empty)
		err_set(err, ERR_REFUSED, "ChangeSetFailed", "%s",
		    buf_text(&reason));
	buf_clear(&reason);
	return p->empty ? 0 : -1;
}

int
stack_plan_make(struct stack *s, struct stack_plan *p, struct err *err)
{
	struct buf params = {0};
	struct pollfd stop = {.fd = s->stop_fd, .events = POLLIN};
	int wait_ms = WAIT_FIRST;
	name_set(p);
	add_set(s, p, &params);
	buf_addf(&params, ",\"ChangeSetType\":\"%s\",\"TemplateBody\":",
	    p->creates ? "CREATE" : "UPDATE");
	text_json_string(p->template.data, p->template.len, &params);
	buf_addf(&params, "%s}", buf_text(&p->params));
	int status = stack_call(s, "CreateChangeSet", &params, err);
	buf_clear(&params);
	/* Its name is ours alone: an earlier attempt made it. */
	if (status != 0 && strcmp(err->code, "AlreadyExistsException") == 0)
		status = 0;
	if (status != 0) {
		buf_reset(&p->set);
		p->empty = says_empty(err->message);
		return p->empty ? 0 : -1;
	}
	while ((status = look_at_set(s, p, err)) > 0) {
		if (poll(&stop, 1, wait_ms) > 0)
			return err_set(err, ERR_LATER, "Interrupted",
			    "a signal came before the change set was made");
		wait_ms =
		    wait_ms * 3 / 2 > WAIT_MOST ? WAIT_MOST : wait_ms * 3 / 2;
	}
	return status;
}

int
stack_plan_execute(struct stack *s, struct stack_plan *p, struct err *err)
{
	int status = call_set(s, p, "ExecuteChangeSet", err);
	/* An earlier attempt, whose answer was lost, may have begun it. */
	if (status != 0 && strcmp(err->code, "InvalidChangeSetStatus") == 0) {
		struct err refused = *err;
		status = call_set(s, p, "DescribeChangeSet", err);
		struct json state = json_get(s->root, "ExecutionStatus");
		if (status == 0 && (json_is(state, "AVAILABLE") ||
				       json_is(state, "UNAVAILABLE") ||
				       json_is(state, "OBSOLETE"))) {
			*err = refused;
			status = -1;
		}
	}
	if (status == 0)
		buf_reset(&p->set);
	return status;
}

int
stack_plan_drop(struct stack *s, struct stack_plan *p, struct err *err)
{
	if (p->set.len == 0)
		return 0;
	int status = call_set(s, p, "DeleteChangeSet", err);
	buf_reset(&p->set);
	if (status != 0 || !p->fresh)
		return status;
	status = stack_look(s, err);
	if (status != 0 || !stack_is(s, "REVIEW_IN_PROGRESS"))
		return status;
	return stack_delete(s, err);
}

void
stack_plan_clear(struct stack_plan *p)
{
	buf_clear(&p->template);
	buf_clear(&p->params);
	buf_clear(&p->set);
}
