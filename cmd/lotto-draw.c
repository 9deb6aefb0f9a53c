/*
 * lotto-draw - draw lottery numbers
 *
 * In:  nothing
 * Out: {"id":…,"drawn_at":…,"numbers":[n,n,n,n,n,n,n]}, one a draw
 * API: none
 */
#include <string.h>

#include "digest.h"
#include "text.h"
#include "tool.h"

static int64_t count = 1, seed = -1, front_max = 10, back_max = 14;
static const char *at;

static const struct opt options[] = {
    {'n', "count", OPT_INTEGER, &count, "COUNT", "so many draws (1)", 1,
	INT32_MAX},
    {0, "seed", OPT_INTEGER, &seed, "N", "the same draws every time, for tests",
	0, 0},
    {0, "at", OPT_TEXT, &at, "TIME", "drawn_at, instead of now", 0, 0},
    {0, "front-max", OPT_INTEGER, &front_max, "N",
	"the first six are 0 to N (10)", 0, 1000000},
    {0, "back-max", OPT_INTEGER, &back_max, "N", "the seventh is 0 to N (14)",
	0, 1000000},
    {0}};

static const struct tool_about about = {.name = "lotto-draw",
    .synopsis = "[-n COUNT] [--seed N] [--at TIME] [--front-max N] "
		"[--back-max N]",
    .options = options};

/* Random bytes: the kernel's, or SHA-256 of the seed and a counter. */
static void
draw_bytes(void *out, size_t len)
{
	static uint64_t block[2]; /* seed, counter */
	uint8_t hash[DIGEST_SHA256];
	if (seed < 0) {
		digest_random(out, len);
		return;
	}
	block[0] = (uint64_t)seed;
	digest_sha256(block, sizeof(block), hash);
	block[1]++;
	memcpy(out, hash, len);
}

/* Uniform in 0 to max: words past the last whole multiple are thrown away. */
static uint32_t
draw_number(int64_t max)
{
	uint32_t range = (uint32_t)max + 1, word;
	uint32_t limit = UINT32_MAX - UINT32_MAX % range;
	do
		draw_bytes(&word, sizeof(word));
	while (word >= limit);
	return word % range;
}

static void
draw(struct tool *tool, const char *time)
{
	uint8_t id[16];
	struct buf line = {0};
	draw_bytes(id, sizeof(id));
	buf_add_text(&line, "{\"id\":\"");
	text_hex(id, sizeof(id), &line);
	buf_addf(&line, "\",\"drawn_at\":\"%s\",\"numbers\":[", time);
	for (int i = 0; i < 6; i++)
		buf_addf(&line, "%u,", draw_number(front_max));
	buf_addf(&line, "%u]}", draw_number(back_max));
	tool_print(tool, line.data, line.len);
	buf_clear(&line);
}

int
main(int argc, char **argv)
{
	struct tool tool;
	tool_start(&tool, &about, argc, argv);
	int64_t ms = text_now();
	if (at != NULL && text_when(at, ms, &ms) != 0)
		tool_usage(&tool, "--at wants a time, not '%s'", at);
	char time[TEXT_ISO];
	text_iso(ms, time);
	for (int64_t i = 0; i < count && !tool_stopping(&tool); i++) {
		draw(&tool, time);
		if (tool.out.len > 65536 && tool_flush(&tool) != 0)
			break;
	}
	return tool_finish(&tool);
}
