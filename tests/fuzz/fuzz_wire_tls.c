/* SPDX-License-Identifier: MIT */
/*
 * TLS ClientHellos: the answer does not depend on how the bytes are cut, and once given it stays.
 *
 *   | piece | bytes ... |      pieces of that size, 0: as a whole
 *
 * FUZZES: shim/wire/tls_hello.c
 */
#include <stdlib.h>
#include <string.h>

#include "wire/tls_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_hello whole = {0}, cut = {0};
	enum protocol told, in_pieces = PROTOCOL_UNKNOWN;
	size_t piece;

	if (size < 2)
		return 0;
	piece = data[0] ? data[0] : size;
	told = tls_hello_take(&whole, data + 1, size - 1);
	for (size_t at = 1; at < size; at += piece) {
		enum protocol now =
			tls_hello_take(&cut, data + at, size - at < piece ? size - at : piece);

		if (in_pieces != PROTOCOL_UNKNOWN && now != in_pieces)
			abort();
		in_pieces = now;
	}
	if (told != in_pieces)
		abort();
	if (told != PROTOCOL_UNKNOWN && tls_hello_take(&whole, data, size) != told)
		abort();
	return 0;
}
