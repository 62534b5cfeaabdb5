/* SPDX-License-Identifier: MIT */
/*
 * Names of native functions, read from ELF files on disk while a report is written.
 *
 * A reader of our own instead of libelf, because a report may be written inside a signal handler
 * that interrupted malloc: nothing here allocates or locks.  The file is read in small pieces and
 * never mapped, so that one which is being replaced or truncated gives an error and no SIGBUS.  Its
 * bytes are hostile: tests/fuzz/fuzz_elfsym.c feeds elfsym_find() with them.
 *
 * About 2 KiB of the caller's stack.
 */
#ifndef FORKSAN_SHIM_ELFSYM_H
#define FORKSAN_SHIM_ELFSYM_H

#include <stddef.h>
#include <stdint.h>

/* Writes the name of the function that holds `offset` (from the load base) to `out` with a NUL and
 * returns its length, cut to size - 1; 0 when there is none, when the file cannot be read, or when
 * its build-id is not `build_id` (build_id_len 0: not checked).  size > 0.  Async-signal-safe. */
size_t elfsym_name(const char *path, const uint8_t *build_id, size_t build_id_len, uint64_t offset,
		   char *out, size_t size);

/* The same for a file that is in memory: `image` of `len_bytes`.  Pure. */
size_t elfsym_find(const void *image, size_t len_bytes, const uint8_t *build_id,
		   size_t build_id_len, uint64_t offset, char *out, size_t size);

#endif
