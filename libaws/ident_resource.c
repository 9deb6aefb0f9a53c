#include "ident.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "service.h"

#define NAME_CHARS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/* Letters, digits, '-' and '_', at most max of them, and ".fifo" may follow
 * (and counts). */
static bool
is_name(const char *name, size_t max)
{
	size_t len = strspn(name, NAME_CHARS);
	if (len == 0 || strlen(name) > max)
		return false;
	return name[len] == '\0' || strcmp(name + len, ".fifo") == 0;
}

/* The parts of arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME. */
struct arn {
	const char *account, *name;
	size_t account_len;
};

static bool
read_arn(const char *text, const char *service, size_t max, struct arn *arn)
{
	const char *part[6] = {text};
	for (int i = 1; i < 6; i++) {
		const char *colon = strchr(part[i - 1], ':');
		if (colon == NULL)
			return false;
		part[i] = colon + 1;
	}
	size_t len = strlen(service);
	arn->account = part[4];
	arn->account_len = (size_t)(part[5] - part[4]) - 1;
	arn->name = part[5];
	return (size_t)(part[3] - part[2]) - 1 == len &&
	       memcmp(part[2], service, len) == 0 && part[4] - part[3] > 1 &&
	       arn->account_len == 12 &&
	       strspn(arn->account, "0123456789") == 12 &&
	       is_name(arn->name, max);
}

int
ident_topic(struct ident *ident, const char *name, bool ask, struct buf *out,
    struct err *err)
{
	struct arn arn;
	if (strncmp(name, "arn:", 4) == 0 && read_arn(name, "sns", 256, &arn)) {
		buf_add_text(out, name);
		return 0;
	}
	if (!is_name(name, 256))
		return err_set(err, ERR_SETUP, "BadTopic",
		    "'%s' is neither a topic's name nor its ARN, "
		    "arn:aws:sns:REGION:ACCOUNT:NAME",
		    name);
	const struct conf *conf = ident_conf(ident);
	if (conf->region == NULL)
		return err_set(err, ERR_SETUP, "NoRegion",
		    "no region for topic '%s': set AWS_REGION, or give the "
		    "topic's ARN",
		    name);
	if (!ask && conf_env_get(conf, "AWS_ACCOUNT_ID") == NULL) {
		buf_add_text(out, name);
		return 0;
	}
	const char *account = ident_account(ident, err);
	if (account == NULL)
		return -1;
	buf_addf(out, "arn:%s:sns:%s:%s:%s", service_partition(conf->region),
	    conf->region, account, name);
	return 0;
}

/* The '/' that the path of a queue's URL begins with, or NULL. */
static const char *
path_of(const char *url)
{
	for (const char *c = url; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~' || strchr("?#\"\\", *c) != NULL)
			return NULL;
	const char *host = strstr(url, "://");
	const char *path = host == NULL ? NULL : strchr(host + 3, '/');
	return path == NULL || path[1] == '\0' ? NULL : path;
}

/* Of a queue's URL only the path counts when an endpoint is configured. */
static int
add_url(
    const struct conf *conf, const char *url, struct buf *out, struct err *err)
{
	const struct service *sqs = service_find("sqs");
	const char *path = path_of(url);
	if (path == NULL)
		return err_set(err, ERR_SETUP, "BadQueue",
		    "'%s' is no queue's URL, https://HOST/ACCOUNT/NAME", url);
	if (conf_endpoint(conf, sqs->id) == NULL) {
		buf_add_text(out, url);
		return 0;
	}
	if (service_endpoint(sqs, conf, out, err) != 0)
		return -1;
	buf_add_text(out, path);
	return 0;
}

/* The URL in GetQueueUrl's reply. */
static int
read_url(const struct conf *conf, const struct call *call, struct buf *out,
    struct err *err)
{
	struct json reply;
	char *url = NULL;
	if (json_scan(buf_text(&call->reply), call->reply.len, &reply, NULL) ==
	    0)
		url = json_dup(json_get(reply, "QueueUrl"));
	if (url == NULL)
		return err_set(err, ERR_LATER, "InvalidReply",
		    "sqs:GetQueueUrl answered without a QueueUrl");
	int status = add_url(conf, url, out, err);
	free(url);
	return status;
}

static int
ask_url(struct ident *ident, const struct arn *arn, struct buf *out,
    struct err *err)
{
	struct buf body = {0};
	buf_addf(&body, "{\"QueueName\":\"%s\"", arn->name);
	if (arn->account != NULL)
		buf_addf(&body, ",\"QueueOwnerAWSAccountId\":\"%.*s\"",
		    (int)arn->account_len, arn->account);
	buf_add_char(&body, '}');
	struct call call = {
	    .service = service_find("sqs"),
	    .operation = "GetQueueUrl",
	    .body = body.data,
	    .body_len = body.len,
	};
	int status = call_run(ident_caller(ident), &call, err);
	if (status != 0)
		err_prefix(err, "queue '%s'", arn->name);
	else
		status = read_url(ident_conf(ident), &call, out, err);
	call_clear(&call);
	buf_clear(&body);
	return status;
}

int
ident_queue(struct ident *ident, const char *name, bool ask, struct buf *out,
    struct err *err)
{
	struct arn arn = {.name = name};
	if (strncmp(name, "https://", 8) == 0 ||
	    strncmp(name, "http://", 7) == 0)
		return add_url(ident_conf(ident), name, out, err);
	if (!is_name(name, 80) && !read_arn(name, "sqs", 80, &arn))
		return err_set(err, ERR_SETUP, "BadQueue",
		    "'%s' is neither a queue's name, nor its URL, nor its ARN, "
		    "arn:aws:sqs:REGION:ACCOUNT:NAME",
		    name);
	if (!ask) {
		buf_add_text(out, name);
		return 0;
	}
	return ask_url(ident, &arn, out, err);
}

/* Letters, digits, '-', '_' and '.'. */
static bool
is_stream(const char *name)
{
	size_t len = strspn(name, NAME_CHARS ".");
	return len > 0 && len <= 128 && name[len] == '\0';
}

int
ident_stream(const char *name, struct buf *out, struct err *err)
{
	static const char before[] = ":stream/";
	const char *slash = strstr(name, before);
	bool arn = strncmp(name, "arn:", 4) == 0 && slash != NULL &&
		   strstr(name, ":kinesis:") != NULL &&
		   is_stream(slash + sizeof(before) - 1) &&
		   strspn(name, NAME_CHARS ".:/") == strlen(name);
	if (!arn && !is_stream(name))
		return err_set(err, ERR_SETUP, "BadStream",
		    "'%s' is neither a stream's name nor its ARN, "
		    "arn:aws:kinesis:REGION:ACCOUNT:stream/NAME",
		    name);
	buf_addf(out, "\"%s\":\"%s\"", arn ? "StreamARN" : "StreamName", name);
	return 0;
}
