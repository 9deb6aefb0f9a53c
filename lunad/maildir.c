#include "maildir.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "digest.h"

#define NAME_LEN 180 /* of a folder: file systems take 255 bytes */

static bool
is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || strchr("@._+-=", c) != NULL;
}

void
maildir_path(const char *dir, const char *address, struct buf *out)
{
	char hash[2 * DIGEST_SHA256 + 1];
	size_t start;

	buf_add_text(out, dir);
	buf_add_char(out, '/');
	start = out->len;
	for (const char *p = address; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (is_plain(c) && (c != '.' || out->len > start))
			buf_add_char(out, (char)c);
		else
			buf_addf(out, "%%%02X", c);
	}
	if (out->len > start + NAME_LEN) {
		digest_sha256_hex(address, strlen(address), hash);
		out->len = start + NAME_LEN - 17;
		buf_addf(out, "%%.%.16s", hash);
	}
}

static int
write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int
make_folders(const char *dir, const char *folder)
{
	static const char *const parts[] = {"", "/tmp", "/new", "/cur"};
	char path[4096];

	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return -1;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (snprintf(path, sizeof(path), "%s%s", folder, parts[i]) >=
		    (int)sizeof(path)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}

static void
with_lf(const char *mail, size_t len, struct buf *out)
{
	const char *end = mail + len;

	while (mail < end) {
		const char *cr = memchr(mail, '\r', (size_t)(end - mail));

		if (cr == NULL)
			cr = end;
		buf_add(out, mail, (size_t)(cr - mail));
		if (cr < end && (cr + 1 == end || cr[1] != '\n'))
			buf_add_char(out, '\r');
		mail = cr + (cr < end);
	}
}

/* Write tmp/name and move it to new/name. */
static int
put(const char *folder, const char *name, const struct buf *text, bool sync)
{
	char from[4096], to[4096];
	int fd, failed;

	if (snprintf(from, sizeof(from), "%s/tmp/%s", folder, name) >=
		(int)sizeof(from) ||
	    snprintf(to, sizeof(to), "%s/new/%s", folder, name) >=
		(int)sizeof(to)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(
	    from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	failed = write_all(fd, text->data, text->len) != 0 ||
		 (sync && fsync(fd) != 0);
	failed |= close(fd) != 0;
	if (failed || rename(from, to) != 0) {
		int why = errno;

		unlink(from);
		errno = why;
		return -1;
	}
	return 0;
}

static int
sync_folder(const char *folder)
{
	char path[4096];
	int fd, failed;

	snprintf(path, sizeof(path), "%s/new", folder);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	failed = fsync(fd);
	close(fd);
	return failed;
}

int
maildir_put(const char *dir, const char *address, const char *name,
    const char *mail, size_t len, bool sync, struct err *err)
{
	struct buf folder = {0}, text = {0};
	int failed;

	maildir_path(dir, address, &folder);
	with_lf(mail, len, &text);
	failed = put(folder.data, name, &text, sync);
	if (failed != 0 && errno == ENOENT)
		failed = make_folders(dir, folder.data) != 0 ||
			 put(folder.data, name, &text, sync) != 0;
	if (failed == 0 && sync)
		failed = sync_folder(folder.data);
	if (failed != 0)
		err_set(err, ERR_LATER, "Maildir", "%s: %s", folder.data,
		    strerror(errno));
	buf_clear(&folder);
	buf_clear(&text);
	return failed == 0 ? 0 : -1;
}
