/*
 * Drives window in two ways.
 *
 *	window RECORDS BYTES MAX-LINE	each line of stdin is an operation:
 *		read TEXT	TEXT comes; \n \r \t and \\ as in C
 *		many N C	N times the character C comes
 *		eof | end	stdin has ended | no more is read
 *		next		"LINE: TEXT", "LINE fails: CODE, N bytes", "none"
 *		settle N	the N-th of those held is accepted, from 0
 *		head		"LINE" is settled and first, or "none"; released
 *		state		wants, full, has a line, ended; how many are held
 *
 *	window RECORDS BYTES MAX-LINE SEED	stdin comes in pieces of random
 *		size, lines are held for a random while; all lines are printed
 *		as they are when they are released
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "window.h"

static void
come(struct window *w, const char *text, size_t len)
{
	while (len > 0) {
		size_t room;
		char *to = window_room(w, &room);
		size_t n = len < room ? len : room;
		memcpy(to, text, n);
		window_read(w, n);
		text += n;
		len -= n;
	}
}

static char
escaped(char c)
{
	return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
}

static void
read_text(struct window *w, const char *text)
{
	struct buf plain = {0};
	for (; *text != '\0'; text++) {
		if (*text == '\\' && text[1] != '\0') {
			text++;
			buf_add_char(&plain, escaped(*text));
		} else {
			buf_add_char(&plain, *text);
		}
	}
	come(w, buf_text(&plain), plain.len);
	buf_clear(&plain);
}

static void
many(struct window *w, const char *arg)
{
	char *end;
	size_t n = strtoul(arg, &end, 10);
	char *text = malloc(n + 1);
	if (text == NULL)
		exit(2);
	memset(text, end[1], n);
	come(w, text, n);
	free(text);
}

static void
next(struct window *w)
{
	struct window_slot *slot = window_next(w);
	if (slot == NULL)
		puts("none");
	else if (slot->parsed)
		printf("%llu: %.*s\n", (unsigned long long)slot->rec.number,
		    (int)slot->rec.len, slot->rec.line);
	else
		printf("%llu fails: %s, %zu bytes\n",
		    (unsigned long long)slot->rec.number, slot->err->code,
		    slot->rec.len);
}

static void
head(struct window *w)
{
	struct window_slot *slot = window_head(w);
	if (slot == NULL) {
		puts("none");
		return;
	}
	printf("%llu%s\n", (unsigned long long)slot->rec.number,
	    slot->state == WINDOW_FAILED ? " failed" : "");
	window_release(w);
}

static void
operate(struct window *w, const char *op)
{
	size_t room;
	if (strncmp(op, "read ", 5) == 0)
		read_text(w, op + 5);
	else if (strncmp(op, "many ", 5) == 0)
		many(w, op + 5);
	else if (strcmp(op, "eof") == 0) {
		window_room(w, &room);
		window_read(w, 0);
	} else if (strcmp(op, "end") == 0)
		window_end(w);
	else if (strcmp(op, "next") == 0)
		next(w);
	else if (strncmp(op, "settle ", 7) == 0)
		window_slot(w, strtoul(op + 7, NULL, 10))->state =
		    WINDOW_ACCEPTED;
	else if (strcmp(op, "head") == 0)
		head(w);
	else if (strcmp(op, "state") == 0)
		printf("%s%s%s%s%zu held\n", window_wants(w) ? "wants, " : "",
		    window_full(w) ? "full, " : "",
		    window_has_line(w) ? "has a line, " : "",
		    window_ended(w) ? "ended, " : "", window_held(w));
	else
		printf("what is %s?\n", op);
}

static void
release_one(struct window *w)
{
	struct window_slot *slot = window_slot(w, 0);
	slot->state = WINDOW_ACCEPTED;
	printf("%.*s\n", (int)slot->rec.len, slot->rec.line);
	window_release(w);
}

static void
at_random(struct window *w, unsigned seed)
{
	srand(seed);
	while (!window_ended(w) || window_held(w) > 0) {
		int dice = rand() % 4;
		size_t room;
		if (dice == 0 && window_wants(w)) {
			char *to = window_room(w, &room);
			size_t most = 1 + (size_t)(rand() % 100000);
			ssize_t n = read(0, to, most < room ? most : room);
			window_read(w, n < 0 ? 0 : (size_t)n);
		} else if (dice < 3 && window_has_line(w)) {
			window_next(w);
		} else if (window_held(w) > 0) {
			release_one(w);
		}
	}
}

int
main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	struct window *w = window_new(strtoul(argv[1], NULL, 10),
	    strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
	char line[1024];
	if (argc > 4)
		at_random(w, (unsigned)strtoul(argv[4], NULL, 10));
	else
		while (fgets(line, sizeof(line), stdin) != NULL) {
			line[strcspn(line, "\n")] = '\0';
			operate(w, line);
		}
	window_free(w);
	return 0;
}
