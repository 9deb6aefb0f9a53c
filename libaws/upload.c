#include "upload.h"

#include <sys/stat.h>

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "digest.h"
#include "mem.h"
#include "text.h"
#include "upload_inner.h"

#define MIB ((int64_t)1 << 20)
#define READ_MOST ((size_t)1 << 20)

int64_t
upload_part_size(int64_t sent, int64_t expected)
{
	/* Some of the 10,000 are left for more than was expected. */
	int64_t size = sent < expected ? expected / 9500 + 1 : sent / 1000;
	if (size < UPLOAD_PART)
		size = UPLOAD_PART;
	size = (size + MIB - 1) / MIB * MIB;
	return size < UPLOAD_LARGEST_PART ? size : UPLOAD_LARGEST_PART;
}

/* A file says how much comes. */
static int64_t
expected_size(const struct upload_about *about)
{
	struct stat st;
	if (about->size > 0)
		return about->size;
	if (fstat(STDIN_FILENO, &st) != 0 || !S_ISREG(st.st_mode))
		return 0;
	off_t at = lseek(STDIN_FILENO, 0, SEEK_CUR);
	return st.st_size > at ? st.st_size - at : 0;
}

static void
free_part(struct upload *u, struct upload_part *p)
{
	u->allocated -= p->cap;
	call_cancel(u->caller, &p->call);
	call_clear(&p->call);
	buf_clear(&p->path);
	buf_clear(&p->reply_header);
	free(p->data);
	free(p);
}

static void
free_parts(struct upload *u, struct upload_part *list)
{
	for (struct upload_part *next, *p = list; p != NULL; p = next) {
		next = p->next;
		free_part(u, p);
	}
}

/* A part to fill, if there is memory for one; NULL: others must land first. */
static struct upload_part *
take_part(struct upload *u)
{
	struct upload_part *p;
	size_t size = (size_t)upload_part_size(u->total, u->expected);
	size_t most = u->about->memory > 2 * size ? u->about->memory : 2 * size;
	while ((p = u->spare) != NULL) {
		u->spare = p->next;
		if (p->cap >= size)
			break;
		free_part(u, p); /* parts have grown since */
	}
	if (p == NULL) {
		if (u->allocated + size > most)
			return NULL;
		p = mem_alloc(sizeof(*p));
		p->cap = size;
		p->data = mem_grow(NULL, size, 1);
		u->allocated += size;
	}
	p->size = size;
	p->len = 0;
	p->crc = 0;
	p->next = NULL;
	return p;
}

/* The part is as full as it gets: it may be sent. */
static void
cut_part(struct upload *u)
{
	struct upload_part *p = u->filling;
	u->filling = NULL;
	u->crc = digest_crc32_join(u->crc, p->crc, p->len);
	p->number = ++u->parts;
	object_sum_text(p->crc, sizeof(p->crc), p->checksum);
	*u->ready_end = p;
	u->ready_end = &p->next;
}

static void
end_of_input(struct upload *u)
{
	struct upload_part *p = u->filling;
	u->ended = true;
	if (p->len > 0) {
		cut_part(u);
		return;
	}
	u->filling = NULL;
	p->next = u->spare;
	u->spare = p;
}

static void
read_once(struct upload *u)
{
	struct upload_part *p = u->filling;
	size_t room = p->size - p->len;
	ssize_t n = tool_input(
	    u->tool, p->data + p->len, room < READ_MOST ? room : READ_MOST);
	if (n < 0)
		return;
	if (u->tool->input_failed) {
		err_set(u->err, ERR_SETUP, "ReadFailed",
		    "stdin did not end well: nothing is stored");
		return;
	}
	if (n == 0) {
		end_of_input(u);
		return;
	}
	if (u->parts == UPLOAD_MOST_PARTS) {
		err_set(u->err, ERR_REFUSED, "TooLarge",
		    "10,000 parts are full: say with --size what will come");
		return;
	}
	p->crc = digest_crc32(p->crc, p->data + p->len, (size_t)n);
	p->len += (size_t)n;
	u->total += n;
	if (u->parts > 0 && u->id == NULL && !u->creating)
		upload_create(u);
	if (p->len == p->size)
		cut_part(u);
}

/* A turn costs more than the read of a pipe: read what is there, but let no
 * request wait long for it. */
static void
read_input(struct upload *u)
{
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
	int64_t most = u->total + (int64_t)READ_MOST;
	do
		read_once(u);
	while (u->filling != NULL && u->err->kind == ERR_NONE &&
	       u->total < most && poll(&fd, 1, 0) > 0);
}

static void
take_calls(struct upload *u)
{
	struct call *call;
	while ((call = call_next(u->caller)) != NULL) {
		struct upload_part *p = call->user;
		if (p == NULL) {
			upload_created(u);
			continue;
		}
		struct upload_part **at = &u->sending;
		while (*at != p)
			at = &(*at)->next;
		*at = p->next;
		upload_landed(u, p);
		p->next = u->spare;
		u->spare = p;
	}
}

static void
send_parts(struct upload *u)
{
	struct upload_part *p;
	while (u->id != NULL && (p = u->ready) != NULL &&
	       call_running(u->caller) < (size_t)u->about->jobs) {
		u->ready = p->next;
		if (u->ready == NULL)
			u->ready_end = &u->ready;
		p->next = u->sending;
		u->sending = p;
		upload_send(u, p);
	}
}

/* One turn: send what may be sent, wait, read, take what came. */
static void
turn(struct upload *u)
{
	if (!u->ended && u->filling == NULL)
		u->filling = take_part(u);
	send_parts(u);
	struct pollfd fd[] = {
	    {.fd = u->filling != NULL ? STDIN_FILENO : -1, .events = POLLIN},
	    {.fd = u->tool->stop_fd, .events = POLLIN}};
	call_poll(u->caller, fd, 2, -1);
	if (u->filling != NULL && fd[0].revents != 0)
		read_input(u);
	take_calls(u);
	if (tool_stopping(u->tool) && u->err->kind == ERR_NONE)
		err_set(u->err, ERR_LATER, "Interrupted",
		    "a signal came before the end of stdin: nothing is stored");
}

static int
run(struct upload *u, struct buf *out)
{
	while (u->err->kind == ERR_NONE) {
		bool multi = u->creating || u->id != NULL;
		if (u->ended && !multi)
			return upload_put(u, u->ready, out);
		if (u->ended && u->id != NULL && u->ready == NULL &&
		    u->sending == NULL)
			return upload_complete(u, out);
		turn(u);
	}
	return -1;
}

static void
clear(struct upload *u)
{
	free_parts(u, u->filling);
	free_parts(u, u->ready);
	free_parts(u, u->sending);
	free_parts(u, u->spare);
	u->filling = u->ready = u->sending = u->spare = NULL;
}

int
upload_run(struct tool *t, struct ident *ident,
    const struct upload_about *about, struct buf *out, struct err *err)
{
	struct upload u = {.tool = t,
	    .caller = ident_caller(ident),
	    .about = about,
	    .err = err,
	    .expected = expected_size(about)};
	err_clear(err);
	u.ready_end = &u.ready;
	call_stop_on(u.caller, t->stop_fd);
	int status = run(&u, out);
	clear(&u); /* and with the parts the requests that run */
	if (status != 0)
		upload_abort(&u);
	call_cancel(u.caller, &u.create);
	call_clear(&u.create);
	buf_clear(&u.path);
	buf_clear(&u.body);
	buf_clear(&u.reply_header);
	free(u.header);
	free(u.sent);
	free(u.id);
	return status;
}
