/* SPDX-License-Identifier: MIT */
/*
 * Rust's manglings from hostile names: bounded in time and output, whatever the name.  C++ names
 * are libstdc++'s matter.
 *
 * FUZZES: tools/symbols/demangle_parser.c tools/symbols/demangle_rust.c tools/symbols/demangle_v0.c
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
	memcpy(name, size > 0 && data[0] % 2 != 0 ? "_R\0" : "_ZN", 3);
	name[3] = '\0';
	if (size > 0) {
		size_t len = strlen(name);

		memcpy(name + len, data + 1, size - 1);
		name[len + size - 1] = '\0';
	}
	if (demangle_rust(name, out) && strlen(out) >= sizeof out)
		abort();
	free(name);
	return 0;
}
