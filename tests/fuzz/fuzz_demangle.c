/* SPDX-License-Identifier: MIT */
/*
 * The door to libiberty's demanglers, with hostile names: bounded in time and output, whatever the
 * name, and nothing is left allocated.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/demangle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[DEMANGLE_BYTES];
	char *name = malloc(size + 4);

	if (name == NULL)
		abort();
	/* The first byte chooses the mangling, so that the fuzzer need not guess it. */
	memcpy(name, size > 0 && data[0] % 2 != 0 ? "_R\0" : "_Z\0", 3);
	if (size > 0) {
		memcpy(name + 2, data + 1, size - 1);
		name[size + 1] = '\0';
	}
	if (demangle(name, out) && strnlen(out, sizeof out) == sizeof out)
		abort();
	free(name);
	return 0;
}
