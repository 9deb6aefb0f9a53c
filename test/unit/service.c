/*
 * service NAME…: what is known of each, a line a service, "-" for nothing:
 * name id protocol host signing json-version target version query-mode.
 */
#include "service.h"

#include <stdio.h>

static const char *
or_dash(const char *text)
{
	return text == NULL ? "-" : text;
}

int
main(int argc, char **argv)
{
	static const char *const protocol[] = {[SERVICE_JSON] = "json",
	    [SERVICE_QUERY] = "query",
	    [SERVICE_REST_JSON] = "rest-json",
	    [SERVICE_REST_XML] = "rest-xml"};
	for (int i = 1; i < argc; i++) {
		const struct service *s = service_find(argv[i]);
		if (s == NULL)
			return 1;
		printf("%s %s %s %s %s %s %s %s %d\n", s->name, s->id,
		    protocol[s->protocol], s->host, s->signing,
		    or_dash(s->json_version), or_dash(s->target),
		    or_dash(s->version), s->query_mode);
	}
	return 0;
}
