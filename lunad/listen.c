#include "listen.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

bool
listen_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;
		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	}
	if (address->sa_family != AF_INET6)
		return false;
	const struct sockaddr_in6 *in6 = (const void *)address;
	const uint8_t *a = in6->sin6_addr.s6_addr;
	return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) ||
	       (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) && a[12] == 127);
}

static char *
url_of(int fd)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);
	char host[NI_MAXHOST], port[NI_MAXSERV];
	if (getsockname(fd, (struct sockaddr *)&at, &len) != 0 ||
	    getnameinfo((struct sockaddr *)&at, len, host, sizeof(host), port,
		sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return NULL;
	return mem_format(
	    at.ss_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s", host,
	    port);
}

static int
bind_one(
    const struct addrinfo *a, const char *where, bool expose, struct err *err)
{
	if (!expose && !listen_loopback(a->ai_addr))
		return err_set(err, ERR_SETUP, "Usage",
		    "%s is not a loopback address: others could reach lunad "
		    "with its published key; --expose if that is meant",
		    where);
	int one = 1;
	int fd =
	    socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    bind(fd, a->ai_addr, a->ai_addrlen) == 0 &&
	    listen(fd, SOMAXCONN) == 0)
		return fd;
	int e = errno;
	if (fd >= 0)
		close(fd);
	return err_set(err, ERR_SETUP, "Listen", "%s: %s%s", where, strerror(e),
	    e == EADDRINUSE ? "; is a lunad running? -l 127.0.0.1:0 picks a "
			      "free port"
			    : "");
}

int
listen_open(const char *where, bool expose, char **base_url, struct err *err)
{
	char *host = mem_text(where);
	char *colon = strrchr(host, ':');
	struct addrinfo want = {.ai_socktype = SOCK_STREAM,
			    .ai_flags = AI_NUMERICSERV},
			*found = NULL;
	int fd = -1, rc = EAI_NONAME;
	char *name = host;
	if (colon != NULL) {
		*colon = '\0';
		if (name[0] == '[' && colon[-1] == ']') {
			colon[-1] = '\0';
			name++;
		}
		rc = getaddrinfo(name, colon + 1, &want, &found);
	}
	if (rc != 0)
		err_set(err, ERR_SETUP, "Usage",
		    "-l %s: %s; write ADDRESS:PORT, as 127.0.0.1:4566", where,
		    colon == NULL ? "no port" : gai_strerror(rc));
	else
		fd = bind_one(found, where, expose, err);
	if (fd >= 0)
		*base_url = url_of(fd);
	if (found != NULL)
		freeaddrinfo(found);
	free(host);
	return fd;
}
