/* Runs a fuzz target once over each file named: what libFuzzer's main does
 * with files, for compilers without it. */
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "fuzz.h"

static int
run(const char *path)
{
	char chunk[4096];
	struct buf input = {0};
	FILE *f = fopen(path, "rb");
	if (f == NULL) {
		perror(path);
		return -1;
	}
	for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
		buf_add(&input, chunk, n);
	fclose(f);
	/* Of exactly its size, so that ASan sees a step too far. */
	uint8_t *exact = malloc(input.len == 0 ? 1 : input.len);
	must(exact != NULL);
	memcpy(exact, buf_text(&input), input.len);
	LLVMFuzzerTestOneInput(exact, input.len);
	free(exact);
	buf_clear(&input);
	return 0;
}

int
main(int argc, char **argv)
{
	int status = argc < 2 ? 2 : 0;
	for (int i = 1; i < argc; i++) {
		/* The last one named is the one that crashed. */
		printf("%s\n", argv[i]);
		fflush(stdout);
		if (run(argv[i]) != 0)
			status = 1;
	}
	return status;
}
