/* SPDX-License-Identifier: MIT */
/*
 * An ELF file on disk is hostile: whatever it holds, a name is looked up without reading past its
 * end, and what comes out is a string that fits.  The first 8 bytes are the offset to look up, the
 * rest the file.  tests/fuzz/seeds_elfsym.sh makes a corpus of small real ones.
 *
 * FUZZES: shim/stack/elfsym.c shim/base/text.c shim/base/sys.c
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stack/elfsym.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t offset;
	unsigned char *image;
	char out[40];
	size_t len;

	if (size < sizeof(offset))
		return 0;
	memcpy(&offset, data, sizeof(offset));
	size -= sizeof(offset);
	/* Exactly as large as the file, so that a byte too far is seen. */
	image = malloc(size > 0 ? size : 1);
	if (image == NULL)
		abort();
	memcpy(image, data + sizeof(offset), size);
	len = elfsym_find(image, size, NULL, 0, offset, out, sizeof(out));
	if (len >= sizeof(out) || out[len] != '\0' || strlen(out) != len)
		abort();
	(void)elfsym_find(image, size, data, 8, offset, out, 1);
	free(image);
	return 0;
}
