#ifndef LUNA_FUZZ_H
#define LUNA_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * A fuzz target is test/fuzz/x.c with this one function and a few seeds in
 * test/fuzz/corpus/x/. `make fuzz` runs each with libFuzzer, `make
 * fuzz-replay` runs main.c over the corpora with any compiler.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What does not hold is a finding. */
static inline void
must(bool holds)
{
	if (!holds)
		abort();
}

#endif
