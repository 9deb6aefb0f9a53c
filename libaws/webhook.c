#include "webhook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "digest.h"
#include "mem.h"
#include "service.h"

enum { URL_MAX = 4096 };

static int
from_file(const char *file, char **url, struct err *err)
{
	char text[URL_MAX];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	int error = errno;
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return err_set(err, ERR_SETUP, "NoWebhook",
		    "--webhook-file %s: %s", file, strerror(error));
	text[n] = '\0';
	text[strcspn(text, " \t\r\n")] = '\0';
	*url = mem_text(text);
	digest_wipe(text, sizeof(text));
	return 0;
}

int
webhook_url(const char *file, char **url, struct err *err)
{
	const char *env = getenv("SLACK_WEBHOOK_URL");
	*url = NULL;
	if (file != NULL && from_file(file, url, err) != 0)
		return -1;
	if (file == NULL && env != NULL && env[0] != '\0')
		*url = mem_text(env);
	if (*url == NULL)
		return err_set(err, ERR_SETUP, "NoWebhook",
		    "no webhook: set SLACK_WEBHOOK_URL, or name a file with "
		    "--webhook-file");
	if (strncmp(*url, "https://", 8) == 0 || service_is_local(*url))
		return 0;
	webhook_forget(*url);
	*url = NULL;
	return err_set(err, ERR_SETUP, "BadWebhook",
	    "the webhook is no https:// URL (it is not shown here)");
}

void
webhook_forget(char *url)
{
	if (url != NULL)
		digest_wipe(url, strlen(url));
	free(url);
}
