/*
 * ini [SECTION KEY]…: the values of keys of the file on stdin, a line each,
 * "-" for absent; or what is wrong with the file. SECTION alone at the end:
 * is it there? -f PATH reads that file instead.
 */
#include "ini.h"

#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "text.h"

static void
show(const char *value)
{
	struct buf out = {0};
	if (value == NULL)
		buf_add_char(&out, '-');
	else
		text_json_string(value, strlen(value), &out);
	puts(buf_text(&out));
	buf_clear(&out);
}

int
main(int argc, char **argv)
{
	static char text[1 << 16];
	struct err err = {0};
	struct ini *ini;
	int i = 1;
	if (argc > 2 && strcmp(argv[1], "-f") == 0) {
		ini = ini_open(argv[2], &err);
		i = 3;
	} else {
		size_t n = fread(text, 1, sizeof(text), stdin);
		ini = ini_parse(text, n, &err);
	}
	if (ini == NULL) {
		printf("%d %s: %s\n", err.kind == ERR_SETUP, err.code,
		    err.message);
		return 0;
	}
	for (; i + 1 < argc; i += 2)
		show(ini_get(ini, argv[i], argv[i + 1]));
	if (i < argc)
		puts(ini_has(ini, argv[i]) ? "yes" : "no");
	ini_free(ini);
	return 0;
}
