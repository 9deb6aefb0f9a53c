/*
 * null - an endpoint that answers batch calls as AWS would, and does nothing
 *
 * usage: null [PORT]   prints its URL, serves until it is killed
 *
 * For measuring tools, not services: it checks no signature and keeps
 * nothing, but its replies have an entry for each that came, with the MD5
 * that sqs-send looks for. One thread, epoll.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "buf.h"
#include "digest.h"
#include "json.h"
#include "mem.h"
#include "text.h"

struct peer {
	int fd;
	struct buf in;
};

static const char id[] = "11111111-2222-3333-4444-555555555555";

static void
send_message_batch(const char *body, size_t len, struct buf *out)
{
	struct json root, entry;
	struct json_iter it;
	struct buf text = {0};
	const char *comma = "";
	buf_add_text(out, "{\"Successful\":[");
	if (json_scan(body, len, &root, NULL) == 0) {
		json_each(json_get(root, "Entries"), &it);
		while (json_next(&it, NULL, &entry)) {
			char md5[33];
			struct json name = json_get(entry, "Id");
			buf_reset(&text);
			json_text(json_get(entry, "MessageBody"), &text, NULL);
			digest_md5_hex(buf_text(&text), text.len, md5);
			buf_addf(out,
			    "%s{\"Id\":%.*s,\"MessageId\":\"%s\","
			    "\"MD5OfMessageBody\":\"%s\"}",
			    comma, (int)name.len, name.at, id, md5);
			comma = ",";
		}
	}
	buf_add_text(out, "]}");
	buf_clear(&text);
}

static void
publish_batch(const char *body, size_t len, struct buf *out)
{
	size_t n = 0;
	const char *end = body + len, *at = body;
	while ((at = memmem(at, (size_t)(end - at), ".Message=", 9)) != NULL) {
		at += 9;
		n++;
	}
	buf_add_text(out,
	    "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/"
	    "2010-03-31/\"><PublishBatchResult><Failed/><Successful>");
	for (size_t i = 1; i <= n; i++)
		buf_addf(out,
		    "<member><MessageId>%s</MessageId><Id>%zu</Id></member>",
		    id, i);
	buf_addf(out,
	    "</Successful></PublishBatchResult><ResponseMetadata><RequestId>"
	    "%s</RequestId></ResponseMetadata></PublishBatchResponse>",
	    id);
}

static void
put_records(const char *body, size_t len, struct buf *out)
{
	static const char entry[] =
	    "{\"SequenceNumber\":"
	    "\"49590338271490256608559692538361571095921575989136588898\","
	    "\"ShardId\":\"shardId-000000000001\"}";
	const char *end = body + len, *at = body;
	const char *comma = "";
	buf_add_text(out, "{\"FailedRecordCount\":0,\"Records\":[");
	while (
	    (at = memmem(at, (size_t)(end - at), "{\"Data\":\"", 9)) != NULL) {
		at += 9;
		buf_add_text(out, comma);
		buf_add(out, entry, sizeof(entry) - 1);
		comma = ",";
	}
	buf_add_text(out, "]}");
}

static void
describe_table(struct buf *out)
{
	buf_add_text(out,
	    "{\"Table\":{\"TableName\":\"t\",\"TableStatus\":\"ACTIVE\","
	    "\"AttributeDefinitions\":[{\"AttributeName\":\"id\","
	    "\"AttributeType\":\"S\"}],\"KeySchema\":[{\"AttributeName\":"
	    "\"id\",\"KeyType\":\"HASH\"}]}}");
}

static bool
names(const char *head, const char *operation)
{
	return strstr(head, operation) != NULL;
}

/* head: the request's, NUL-terminated. */
static void
answer(const char *head, const char *body, size_t len, struct buf *out)
{
	struct buf reply = {0};
	const char *type = "application/x-amz-json-1.0";
	if (names(head, "SendMessageBatch"))
		send_message_batch(body, len, &reply);
	else if (names(head, "PutRecords"))
		put_records(body, len, &reply);
	else if (names(head, "BatchWriteItem"))
		buf_add_text(&reply, "{\"UnprocessedItems\":{}}");
	else if (names(head, "DescribeTable"))
		describe_table(&reply);
	else if (names(head, "GetQueueUrl"))
		buf_add_text(&reply,
		    "{\"QueueUrl\":\"http://127.0.0.1/000000000000/q\"}");
	else if (len > 19 && memcmp(body, "Action=PublishBatch", 19) == 0) {
		type = "text/xml";
		publish_batch(body, len, &reply);
	} else {
		buf_add_text(&reply, "{}");
	}
	buf_addf(out,
	    "HTTP/1.1 200 OK\r\nx-amzn-RequestId: %s\r\nContent-Type: %s\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    id, type, reply.len);
	buf_add(out, reply.data, reply.len);
	buf_clear(&reply);
}

/* Answer every whole request in p->in. */
static void
serve(struct peer *p)
{
	struct buf out = {0};
	for (;;) {
		char *head = p->in.data, *end;
		if (p->in.len == 0 || (end = strstr(head, "\r\n\r\n")) == NULL)
			break;
		char *length = strcasestr(head, "\r\nContent-Length:");
		size_t len = length == NULL || length > end
				 ? 0
				 : strtoul(length + 17, NULL, 10);
		size_t all = (size_t)(end + 4 - head) + len;
		if (p->in.len < all)
			break;
		*end = '\0';
		answer(head, end + 4, len, &out);
		buf_consume(&p->in, all);
	}
	for (size_t at = 0; at < out.len;) {
		ssize_t n =
		    send(p->fd, out.data + at, out.len - at, MSG_NOSIGNAL);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	buf_clear(&out);
}

static int
listener(unsigned short port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, len) != 0 || listen(fd, 64) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
		fprintf(stderr, "null: %s\n", strerror(errno));
		exit(1);
	}
	printf("http://127.0.0.1:%u\n", ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

static void
accept_peer(int epoll, int from)
{
	int on = 1, fd = accept(from, NULL, NULL);
	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	struct peer *p = mem_alloc(sizeof(*p));
	p->fd = fd;
	struct epoll_event want = {.events = EPOLLIN, .data.ptr = p};
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &want);
}

static void
read_peer(struct peer *p)
{
	char *to = buf_room(&p->in, 1 << 18);
	ssize_t n = read(p->fd, to, 1 << 18);
	if (n <= 0) {
		close(p->fd);
		buf_clear(&p->in);
		free(p);
		return;
	}
	p->in.len += (size_t)n;
	p->in.data[p->in.len] = '\0';
	serve(p);
}

int
main(int argc, char **argv)
{
	int64_t port = 0;
	if (argc > 1 && text_integer(argv[1], 0, 65535, &port) != 0)
		return 2;
	int from = listener((unsigned short)port), epoll = epoll_create1(0);
	struct epoll_event ready[64], want = {.events = EPOLLIN};
	epoll_ctl(epoll, EPOLL_CTL_ADD, from, &want);
	for (;;) {
		int n = epoll_wait(epoll, ready, 64, -1);
		for (int i = 0; i < n; i++)
			if (ready[i].data.ptr == NULL)
				accept_peer(epoll, from);
			else
				read_peer(ready[i].data.ptr);
	}
}
