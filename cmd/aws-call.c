/*
 * aws-call - call any operation of an AWS service
 *
 * In:  nothing, or with "-" the parameters as one JSON object
 * Out: the reply as one JSON line, or a line an element of a list in it; or a
 *      URL that is the call
 * API: whichever is named
 */
#include <string.h>
#include <unistd.h>

#include "diag.h"
#include "ident.h"
#include "operation.h"
#include "param.h"
#include "template.h"
#include "tool.h"

static bool rest, dry_run, presign;
static int64_t expires_ms = 3600000;
static const char *pages, *token;
static struct operation_about asked;

static const struct opt options[] = {
    {0, "rest", OPT_FLAG, &rest, NULL, "METHOD PATH stand for OPERATION", 0, 0},
    {0, "pages", OPT_TEXT, &pages, "FIELD",
	"a line an element of this list, page after page", 0, 0},
    {0, "token", OPT_TEXT, &token, "NAME=PARAMETER",
	"which member of a reply leads to the next page", 0, 0},
    {0, "target", OPT_TEXT, &asked.target, "PREFIX",
	"speak JSON: what X-Amz-Target begins with", 0, 0},
    {0, "json", OPT_TEXT, &asked.json, "VERSION", "of JSON: 1.0 or 1.1", 0, 0},
    {0, "api", OPT_TEXT, &asked.api, "DATE", "speak query: the API's version",
	0, 0},
    {0, "host", OPT_TEXT, &asked.host, "PREFIX",
	"what the host's name begins with (SERVICE)", 0, 0},
    {0, "signing", OPT_TEXT, &asked.signing, "NAME",
	"the service's name in signatures (SERVICE)", 0, 0},
    {0, "presign", OPT_FLAG, &presign, NULL,
	"print a URL that is the call, and make none", 0, 0},
    {0, "expires", OPT_DURATION, &expires_ms, "S",
	"how long that URL is good for (1h)", 0, 0},
    {0, "dry-run", OPT_FLAG, &dry_run, NULL, "print the call, make none", 0, 0},
    {0}};

static const struct tool_about about = {.name = "aws-call",
    .synopsis = "[OPTION...] SERVICE OPERATION"
		" [NAME=TEXT | NAME:=JSON]... [-]\n"
		"       aws-call --rest [OPTION...] SERVICE METHOD PATH"
		" [NAME=TEXT | NAME:=JSON]... [-]",
    .options = options,
    .kind = TOOL_CALLS,
    .min_operands = 2,
    .max_operands = -1};

struct asking {
	struct tool tool;
	struct operation operation;
	struct ident *ident;
	struct template_field *field; /* of --pages */
	bool seen;                    /* a reply had it */
	struct buf params, line;
};

/* The parameters: stdin's object, if "-" is there, and the arguments. */
static int
collect(struct asking *a, char **arg, int count, struct err *err)
{
	struct buf in = {0};
	struct json base = {0};
	size_t n = 0;
	bool piped = false;
	int status = -1;
	for (int i = 0; i < count; i++)
		if (strcmp(arg[i], "-") == 0)
			piped = true;
		else
			arg[n++] = arg[i];
	if (!piped || param_read(STDIN_FILENO, &in, &base, err) == 0)
		status = param_object(arg, n, base, &a->params, err);
	buf_clear(&in);
	return status;
}

/* Print the elements of the list that --pages names. */
static void
print_elements(struct asking *a, struct json reply)
{
	struct record r = {
	    .line = a->line.data, .len = a->line.len, .root = reply};
	struct json list = template_field_get(a->field, &r), v;
	struct json_iter it;
	a->seen = a->seen || list.type != JSON_NONE;
	if (list.type == JSON_NONE || list.type == JSON_NULL)
		return;
	if (list.type != JSON_ARRAY) {
		/* XML does not show that it is a list of one. */
		tool_pass(&a->tool, list.at, list.len);
		return;
	}
	json_each(list, &it);
	while (json_next(&it, NULL, &v))
		tool_pass(&a->tool, v.at, v.len);
}

/* A list may rightly be absent; but a name may be wrong, too. */
static void
hint(struct json reply)
{
	struct buf names = {0};
	struct json_iter it;
	struct json key, value;
	json_each(reply, &it);
	while (json_next(&it, &key, &value)) {
		buf_addf(&names, "%s", names.len > 0 ? ", " : "");
		buf_add(&names, key.at, key.len);
	}
	if (names.len > 0)
		diag("no reply has %s, but %s", pages, names.data);
	buf_clear(&names);
}

/* One call and its output. Returns: 1: there is another page. */
static int
ask(struct asking *a, struct err *err)
{
	struct json reply;
	struct call *call = &a->operation.call;
	struct caller *caller = ident_caller(a->ident);
	buf_reset(&a->line);
	if (call_run_until(caller, call, a->tool.stop_fd, err) != 0 ||
	    operation_reply(&a->operation, &a->line, err) != 0)
		return -1;
	if (a->field == NULL) {
		tool_pass(&a->tool, a->line.data, a->line.len);
		return 0;
	}
	json_scan(a->line.data, a->line.len, &reply, NULL);
	print_elements(a, reply);
	if (tool_flush(&a->tool) != 0)
		return 0;
	if (!operation_next(&a->operation, reply, token)) {
		if (!a->seen)
			hint(reply);
		return 0;
	}
	if (!tool_stopping(&a->tool))
		return 1;
	return err_set(err, ERR_LATER, "Interrupted",
	    "a signal came before the last page");
}

/* Whoever has the URL makes the call, without keys. */
static int
print_url(struct asking *a, struct err *err)
{
	struct caller *caller = ident_caller(a->ident);
	if (call_presign(caller, &a->operation.call, expires_ms / 1000,
		&a->line, err) != 0)
		return -1;
	tool_pass(&a->tool, a->line.data, a->line.len);
	return 0;
}

/* What cannot be a URL, or not for so long. */
static void
check_presign(struct asking *a)
{
	const struct service *s = &a->operation.service;
	if (expires_ms < 1000 || expires_ms > 604800000)
		tool_usage(&a->tool, "--expires wants 1 second to 7 days");
	if (pages != NULL)
		tool_usage(&a->tool, "--presign makes no call: there are no "
				     "--pages");
	if (s->protocol == SERVICE_JSON)
		tool_usage(&a->tool,
		    "%s takes parameters in a body only: it cannot be called "
		    "by a URL",
		    s->name);
	if (rest && a->operation.body.len > 0)
		tool_usage(&a->tool, "a URL has no body: leave the "
				     "parameters out");
}

static int
prepare(struct asking *a, struct err *err)
{
	char **operand = a->tool.operand;
	int count = a->tool.operand_count, first = rest ? 3 : 2;
	if (count < first)
		tool_usage(&a->tool, "--rest wants SERVICE METHOD PATH");
	asked.service = operand[0];
	asked.name = operand[1];
	asked.path = rest ? operand[2] : NULL;
	if (pages != NULL &&
	    (a->field = template_field_new(pages, err)) == NULL)
		return -1;
	if (operation_init(&a->operation, &asked, err) != 0 ||
	    collect(a, operand + first, count - first, err) != 0 ||
	    operation_encode(
		&a->operation, a->params.data, a->params.len, err) != 0)
		return -1;
	if (presign)
		check_presign(a);
	a->ident = ident_open(&a->tool.conf, about.name, 1, err);
	return a->ident != NULL ? 0 : -1;
}

int
main(int argc, char **argv)
{
	struct asking a = {0};
	struct err err = {0};
	int more = 0;
	tool_start(&a.tool, &about, argc, argv);
	if (prepare(&a, &err) != 0 && strcmp(err.code, "Usage") == 0)
		tool_usage(&a.tool, "%s", err.message);
	bool ready = err.kind == ERR_NONE;
	if (ready && dry_run) {
		operation_show(&a.operation, &a.line);
		tool_print(&a.tool, a.line.data, a.line.len);
	}
	if (ready && !dry_run && presign)
		more = print_url(&a, &err);
	while (ready && !dry_run && !presign && (more = ask(&a, &err)) > 0)
		;
	if (more < 0) {
		tool_end(&a.tool, &err);
	}
	ident_close(a.ident);
	operation_clear(&a.operation);
	template_field_free(a.field);
	buf_clear(&a.params);
	buf_clear(&a.line);
	return ready ? tool_finish(&a.tool) : tool_refused(&a.tool, &err);
}
