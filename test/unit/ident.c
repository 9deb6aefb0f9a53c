/*
 * ident cred|account|expired|topic NAME|queue NAME: who calls, by the
 * environment and the shared files. -p PROFILE; -d asks no service.
 */
#include "ident.h"

#include <stdio.h>
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

int
main(int argc, char **argv)
{
	struct conf_options options = {0};
	bool ask = true;
	int c;
	diag_name("ident");
	while ((c = getopt(argc, argv, "p:d")) != -1)
		if (c == 'p')
			options.profile = optarg;
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
	if (status != 0)
		diag("%s: %s", err.code, err.message);
	return status == 0 ? 0 : err.kind == ERR_LATER ? 75 : 2;
}
