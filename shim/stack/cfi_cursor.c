/* SPDX-License-Identifier: MIT */
/* The numbers of DWARF, read within bounds.  See cfi_cursor.h. */
#include "stack/cfi_cursor.h"

/* The bytes may lie in a sanitizer's red zone, which is memory like any other here. */
__attribute__((no_sanitize("address", "thread"))) uint64_t cfi_read_fixed(struct cfi_cursor *cursor,
									  size_t len_bytes)
{
	uint64_t value = 0;

	if ((size_t)(cursor->end - cursor->at) < len_bytes) {
		cursor->bad = true;
		cursor->at = cursor->end;
		return 0;
	}
	for (size_t i = 0; i < len_bytes; i++)
		value |= (uint64_t)*cursor->at++ << 8 * i;
	return value;
}

uint64_t cfi_read_uleb(struct cfi_cursor *cursor)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 70; shift += 7) {
		uint64_t byte = cfi_read_fixed(cursor, 1);

		if (shift < 64)
			value |= (byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return value;
	}
	cursor->bad = true;
	return 0;
}

int64_t cfi_read_sleb(struct cfi_cursor *cursor)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 70; shift += 7) {
		uint64_t byte = cfi_read_fixed(cursor, 1);

		if (shift < 64)
			value |= (byte & 0x7f) << shift;
		if ((byte & 0x80) == 0) {
			if ((byte & 0x40) != 0 && shift + 7 < 64)
				value |= ~UINT64_C(0) << (shift + 7);
			return (int64_t)value;
		}
	}
	cursor->bad = true;
	return 0;
}

void cfi_skip(struct cfi_cursor *cursor, uint64_t len_bytes)
{
	if (len_bytes > (uint64_t)(cursor->end - cursor->at))
		cursor->bad = true;
	else
		cursor->at += len_bytes;
}
