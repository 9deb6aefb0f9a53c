/*
 * Whatever an expression says: it is refused with a text, or has a value over
 * two metrics m1 and m2.
 */
#include "../../lunad/cw_math.h"

#include <math.h>
#include <string.h>

#include "fuzz.h"

#define TEXT_MAX 1024
#define PERIODS 3

static const char *const names[] = {"m1", "m2"};
static const double points[][PERIODS] = {{1, NAN, -2.5}, {0, 3, NAN}};

static int
value(void *arg, const char *id, struct cw_value *out, struct err *err)
{
	const struct cw_grid *grid = arg;
	for (size_t i = 0; i < 2; i++)
		if (strcmp(names[i], id) == 0) {
			cw_value_series(out, grid, id);
			memcpy(out->line[0].at, points[i], sizeof(points[i]));
			return 0;
		}
	return err_set(err, ERR_REFUSED, "x", "no such id");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX];
	struct cw_math *math = NULL;
	struct cw_value v = {0};
	struct err err = {0};
	struct cw_grid grid = {1795219200, 60, PERIODS};
	struct cw_math_env env = {grid, &grid, value, names, 2};
	if (size >= sizeof(text))
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (cw_math_parse(text, &math, &err) != 0) {
		must(err.message[0] != '\0');
		return 0;
	}
	for (size_t i = 0; cw_math_id(math, i) != NULL; i++)
		must(*cw_math_id(math, i) != '\0');
	if (cw_math_run(math, &env, &v, &err) != 0)
		must(err.message[0] != '\0');
	else if (v.kind != CW_LIST)
		must(v.count == (v.kind == CW_SERIES ? 1 : 0));
	cw_value_clear(&v);
	cw_math_free(math);
	return 0;
}
