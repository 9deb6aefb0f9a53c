#ifndef LUNA_SERVICE_H
#define LUNA_SERVICE_H

#include "buf.h"
#include "conf.h"
#include "err.h"

/*
 * What must be known of a service to call it: one table.
 * Source: the services' models, November 2026.
 */
enum service_protocol {
	SERVICE_JSON,      /* POST /, X-Amz-Target */
	SERVICE_QUERY,     /* POST / form, XML back; EC2's is near enough */
	SERVICE_REST_JSON, /* method and path per operation */
	SERVICE_REST_XML
};

/* Where a service's host names leave the pattern. */
enum {
	SERVICE_GOV_FIPS = 1,      /* GovCloud: no -fips in the name */
	SERVICE_GOV_FIPS_DUAL = 2, /* nor in its dual-stack name */
	SERVICE_DUAL_SAME = 4,     /* the usual name is dual-stack */
	SERVICE_DUAL_WORD = 8,     /* s3.dualstack.REGION.amazonaws.com */
	SERVICE_GLOBAL = 16        /* one endpoint per partition */
};

struct service {
	const char *name; /* "sqs": as users name it */
	const char *id;   /* "SQS": AWS_ENDPOINT_URL_SQS */
	enum service_protocol protocol;
	const char *host;         /* prefix: "monitoring" */
	const char *signing;      /* "monitoring" */
	const char *json_version; /* "1.0", "1.1", or NULL */
	const char *target;       /* "GraniteServiceVersion20100801", or NULL */
	const char *version;      /* query: "2010-03-31", or NULL */
	bool query_mode;          /* send x-amzn-query-mode: true */
	unsigned quirks;
	const char *dual_host; /* prefix with dual-stack, or NULL: host */
	const char *alias;     /* another name, or NULL */
};

const struct service *service_find(const char *name);

/*
 * Append scheme and authority of the service's endpoint, without a final
 * slash: the configured one, else by region, partition, FIPS and dual-stack.
 *
 * Plain http is for loopback (127.0.0.0/8, ::1, localhost); any other host
 * must be named in LUNA_PLAIN_HTTP, a list with commas, because whoever can
 * read the wire reads the records, and a token in the headers.
 *
 * Fails: ERR_SETUP "NoRegion"; "BadEndpoint": a configured URL that is not
 *        http(s)://HOST[:PORT][/]; plain http to any other host; a variant
 *        (FIPS, dual-stack) that luna does not know for a service.
 */
int service_endpoint(const struct service *service, const struct conf *conf,
    struct buf *out, struct err *err);
/* Is url plain http to a loopback host, as above? */
bool service_is_local(const char *url);
/* The region to sign for: conf's, or the service's global one. NULL: none. */
const char *service_region(
    const struct service *service, const struct conf *conf);
/* "aws", "aws-cn", … of a region; "aws" for NULL. */
const char *service_partition(const char *region);

#endif
