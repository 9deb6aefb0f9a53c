/*
 * ident cred|account|dumpable|topic NAME|queue NAME: who calls, by the
 * environment and the shared files. -p PROFILE; -d asks no service; -w HEX
 * (again and again): at the end, are these bytes anywhere in memory?
 */
#include "ident.h"

#include <sys/prctl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diag.h"
#include "source_env.h"
#include "source_profile.h"

/* Key id, source, token and account; never the secret, only its length. */
static int
show_cred(const struct conf *conf, struct err *err)
{
	struct cred cred = {0};
	int found = source_env_get(conf, &cred, err);
	if (found == 0)
		found = source_profile_get(conf, &cred, err);
	if (found == 1)
		printf("%s from the %s, secret of %zu, token %s, account %s\n",
		    cred.key_id, cred.source, strlen(cred.secret),
		    cred.token == NULL ? "-" : cred.token,
		    cred.account_id == NULL ? "-" : cred.account_id);
	if (found == 0)
		puts("none");
	cred_clear(&cred);
	return found < 0 ? -1 : 0;
}

static int
run(struct ident *ident, const char *what, const char *name, bool ask,
    struct err *err)
{
	struct buf out = {0};
	int status = 0;
	if (strcmp(what, "cred") == 0) {
		status = show_cred(ident_conf(ident), err);
	} else if (strcmp(what, "dumpable") == 0) {
		buf_addf(&out, "%d", prctl(PR_GET_DUMPABLE));
	} else if (strcmp(what, "account") == 0) {
		const char *account = ident_account(ident, err);
		buf_add_text(&out, account == NULL ? "" : account);
		status = account == NULL ? -1 : 0;
	} else if (strcmp(what, "topic") == 0) {
		status = ident_topic(ident, name, ask, &out, err);
	} else if (strcmp(what, "queue") == 0) {
		status = ident_queue(ident, name, ask, &out, err);
	}
	if (status == 0 && out.len > 0)
		puts(buf_text(&out));
	buf_clear(&out);
	return status;
}

static int
nibble(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* Compared digit by digit, so that the bytes themselves are not here. */
static bool
is_at(const unsigned char *at, const char *hex)
{
	for (; *hex != '\0'; hex += 2, at++)
		if (*at >> 4 != nibble(hex[0]) || (*at & 15) != nibble(hex[1]))
			return false;
	return true;
}

/* Look for hex in all that this process can write. */
__attribute__((no_sanitize("address"))) static void
search(const char *hex)
{
	char line[512];
	int found = 0;
	size_t len = strlen(hex) / 2;
	FILE *maps = fopen("/proc/self/maps", "r");
	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
		unsigned long from, to;
		char mode[5];
		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 ||
		    mode[0] != 'r' || mode[1] != 'w')
			continue;
		const unsigned char *at = (const unsigned char *)from;
		const unsigned char *end = (const unsigned char *)to;
		for (; at + len <= end; at++)
			if (is_at(at, hex))
				found++;
	}
	if (maps != NULL)
		fclose(maps);
	printf("%.6s: %d\n", hex, found);
}

int
main(int argc, char **argv)
{
	struct conf_options options = {0};
	bool ask = true;
	int c;
	diag_name("ident");
	const char *hex[4];
	size_t count = 0;
	while ((c = getopt(argc, argv, "p:dw:")) != -1)
		if (c == 'p')
			options.profile = optarg;
		else if (c == 'w' && count < 4)
			hex[count++] = optarg;
		else if (c == 'd')
			ask = false;
		else
			return 2;
	if (optind == argc)
		return 2;
	struct err err = {0};
	struct ident *ident = ident_open(&options, "ident", 0, &err);
	int status = -1;
	if (ident != NULL)
		status = run(ident, argv[optind], argv[optind + 1], ask, &err);
	ident_close(ident);
	for (size_t i = 0; i < count; i++)
		search(hex[i]);
	if (status != 0)
		diag("%s: %s", err.code, err.message);
	return status == 0 ? 0 : err.kind == ERR_LATER ? 75 : 2;
}
