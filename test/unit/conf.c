/*
 * conf [-r REGION] [-p PROFILE] [-u URL] [SERVICE…]: print what the
 * environment and the shared files say, one "name value" a line, and each
 * service's endpoint and region.
 */
#include "conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "service.h"

static void
show(const char *name, const char *value)
{
	printf("%s %s\n", name, value == NULL ? "-" : value);
}

static void
show_service(const struct conf *conf, const char *name)
{
	const struct service *s = service_find(name);
	if (s == NULL) {
		printf("%s unknown\n", name);
		return;
	}
	struct buf out = {0};
	struct err err;
	if (service_endpoint(s, conf, &out, &err) != 0)
		printf("%s error %s: %s\n", name, err.code, err.message);
	else
		printf("%s %s %s\n", name, buf_text(&out),
		    service_region(s, conf) == NULL ? "-"
						    : service_region(s, conf));
	buf_clear(&out);
}

int
main(int argc, char **argv)
{
	struct conf_options options = {0};
	int c;
	while ((c = getopt(argc, argv, "r:p:u:")) != -1)
		switch (c) {
		case 'r':
			options.region = optarg;
			break;
		case 'p':
			options.profile = optarg;
			break;
		case 'u':
			options.endpoint_url = optarg;
			break;
		default:
			return 2;
		}
	struct conf conf;
	struct err err;
	if (conf_init(&conf, conf_env_process(), &options, &err) != 0) {
		printf("error %s: %s\n", err.code, err.message);
		return 1;
	}
	show("profile", conf.profile);
	show("region", conf.region);
	show("partition", service_partition(conf.region));
	show("ca_bundle", conf.ca_bundle);
	printf("max_attempts %d\n", conf.max_attempts);
	printf("retries_2026 %d\n", conf.retries_2026);
	printf("compress %d\n", conf.compress);
	for (int i = optind; i < argc; i++)
		show_service(&conf, argv[i]);
	conf_clear(&conf);
	return 0;
}
