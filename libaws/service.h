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
	SERVICE_QUERY,     /* POST / form, XML back */
	SERVICE_REST_JSON, /* method and path per operation */
	SERVICE_REST_XML
};

struct service {
	const char *name; /* "sqs": as users name it */
	const char *id;   /* "SQS": AWS_ENDPOINT_URL_SQS */
	enum service_protocol protocol;
	const char *json_version; /* "1.0", "1.1" */
	const char *host;         /* prefix: "monitoring" */
	const char *signing;      /* "monitoring" */
	const char *target;       /* "GraniteServiceVersion20100801", or NULL */
	const char *version;      /* query: "2010-03-31", or NULL */
	bool query_mode;          /* send x-amzn-query-mode: true */
	const char *global_region; /* "us-east-1": one endpoint per partition */
};

const struct service *service_find(const char *name);

/*
 * Append scheme and authority of the service's endpoint, without a final
 * slash: the configured one, else by region and partition.
 *
 * Fails: ERR_SETUP: no region; a configured URL that is no http(s) URL;
 *        plain http to a host that is not loopback.
 */
int service_endpoint(const struct service *service, const struct conf *conf,
    struct buf *out, struct err *err);
/* The region to sign for: conf's, or the service's global one. NULL: none. */
const char *service_region(
    const struct service *service, const struct conf *conf);
/* "aws", "aws-cn", … of a region. */
const char *service_partition(const char *region);

#endif
