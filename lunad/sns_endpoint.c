/*
 * SNS: protocols, and what may be an endpoint of each.
 */
#include <ctype.h>
#include <string.h>

#include "mail.h"
#include "sns_private.h"

/* Digits, with a plus before and single marks between. */
static bool
is_phone(const char *text)
{
	size_t digits = 0;

	if (*text == '+')
		text++;
	for (; *text != '\0'; text++) {
		if (isdigit((unsigned char)*text))
			digits++;
		else if (strchr("-./ ", *text) == NULL || digits == 0 ||
			 !isdigit((unsigned char)text[1]))
			return false;
	}
	return digits > 0;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), len = strlen(end);

	return n >= len && strcmp(text + n - len, end) == 0;
}

static bool
is_arn_of(const char *endpoint, const char *service)
{
	const char *p = endpoint;
	size_t parts = 1;

	for (; *p != '\0'; p++)
		parts += *p == ':';
	if (strncmp(endpoint, "arn:", 4) != 0 || parts < 6)
		return false;
	p = strchr(endpoint + 4, ':');
	return strncmp(p + 1, service, strlen(service)) == 0 &&
	       p[1 + strlen(service)] == ':';
}

static int
check_queue(struct request *r, const struct sns_topic *t, const char *endpoint)
{
	if (!is_arn_of(endpoint, "sqs"))
		return sns_invalid(r, "SQS endpoint ARN");
	if (!t->fifo && ends_with(endpoint, ".fifo"))
		return sns_invalid(r,
		    "Invalid parameter: Endpoint Reason: FIFO SQS Queues can "
		    "not be subscribed to standard SNS topics");
	return 0;
}

static int
check_endpoint(struct request *r, const struct sns_topic *t,
    const char *protocol, const char *endpoint)
{
	struct buf address = {0};
	bool ok = true;

	if (strcmp(protocol, "sqs") == 0)
		return check_queue(r, t, endpoint);
	if (strcmp(protocol, "http") == 0 || strcmp(protocol, "https") == 0) {
		size_t n = strlen(protocol);

		if (strncmp(endpoint, protocol, n) != 0 ||
		    strncmp(endpoint + n, "://", 3) != 0 ||
		    !mail_is_header(endpoint))
			return sns_invalid(
			    r, "Endpoint must match the specified protocol");
	} else if (strncmp(protocol, "email", 5) == 0) {
		ok = mail_is_header(endpoint) &&
		     strchr(endpoint, '<') == NULL &&
		     mail_address(endpoint, &address) == 0;
		buf_clear(&address);
		if (!ok)
			return sns_invalid(r, "Email address");
	} else if (strcmp(protocol, "sms") == 0) {
		if (!is_phone(endpoint))
			return fail(r, 400, "InvalidParameter",
			    "Invalid SMS endpoint: %s", endpoint);
	} else if (strcmp(protocol, "lambda") == 0) {
		if (!is_arn_of(endpoint, "lambda"))
			return sns_invalid(r, "Lambda endpoint ARN");
	} else if (strcmp(protocol, "firehose") == 0) {
		if (!is_arn_of(endpoint, "firehose"))
			return sns_invalid(r, "Firehose endpoint ARN");
	} else if (!is_arn_of(endpoint, "sns")) {
		return sns_invalid(r, "Application endpoint arn");
	}
	return 0;
}

static bool
is_protocol(const char *protocol)
{
	static const char *const all[] = {"http", "https", "email",
	    "email-json", "sms", "sqs", "application", "lambda", "firehose"};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (strcmp(protocol, all[i]) == 0)
			return true;
	return false;
}

bool
sns_endpoint_confirms(const char *protocol)
{
	return strncmp(protocol, "http", 4) == 0 ||
	       strncmp(protocol, "email", 5) == 0;
}

int
sns_endpoint_check(struct request *r, const struct sns_topic *t,
    const char *protocol, const char *endpoint)
{
	if (protocol == NULL || !is_protocol(protocol))
		return sns_invalid(r,
		    "Amazon SNS does not support this protocol string: %s",
		    protocol == NULL ? "" : protocol);
	if (endpoint == NULL)
		return sns_invalid(
		    r, "Endpoint Reason: no value for required parameter");
	return check_endpoint(r, t, protocol, endpoint);
}
