/* SPDX-License-Identifier: MIT */
/*
 * A bounded reader of DWARF's numbers, over bytes that the caller has peeked.
 *
 * A read past the end gives 0 and sets `bad`; the caller may read on and look at `bad` once, after
 * the last number.  Pure, async-signal-safe.
 *
 * Sources: DWARF 5 section 7.6 (LEB128).
 */
#ifndef FORKSAN_SHIM_STACK_CFI_CURSOR_H
#define FORKSAN_SHIM_STACK_CFI_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cfi_cursor {
	const uint8_t *at;
	const uint8_t *end;
	bool bad;
};

/* A little-endian number of `len_bytes`, at most 8. */
uint64_t cfi_read_fixed(struct cfi_cursor *cursor, size_t len_bytes);

/* Numbers of variable length.  One that has more than ten bytes is bad. */
uint64_t cfi_read_uleb(struct cfi_cursor *cursor);
int64_t cfi_read_sleb(struct cfi_cursor *cursor);

/* Passes over `len_bytes`; bad when the cursor has fewer. */
void cfi_skip(struct cfi_cursor *cursor, uint64_t len_bytes);

#endif
