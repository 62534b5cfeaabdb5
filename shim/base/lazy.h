/* SPDX-License-Identifier: MIT */
/*
 * Large tables that read zero until something is written to them, and count as this process's data
 * only where something was: in .bss a table would count whole against RLIMIT_DATA, and a program
 * with a low limit would not start ("failed to map segment from shared object").
 *
 *   lazy_make()    one mapping that may only be read: it takes addresses, no memory
 *   lazy_write()   makes the part writable that is about to be written
 *
 * Copied by fork with the table.  Any thread, signal handler; no lock; errno is kept.
 */
#ifndef FORKSAN_SHIM_LAZY_H
#define FORKSAN_SHIM_LAZY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A multiple of every machine's page; a bit of `writable` is one part. */
#define LAZY_PART_BYTES 65536
#define LAZY_BYTES_MAX (64 * LAZY_PART_BYTES)

struct lazy {
	_Atomic uintptr_t base; /* 0: not made */
	_Atomic uint64_t writable;
};

/* Makes the table, at most LAZY_BYTES_MAX; NULL when there is no room.  Two threads that make the
 * table at once get the same mapping. */
void *lazy_make(struct lazy *lazy, size_t bytes);

/* True when the byte at `offset` of the table can be written. */
bool lazy_write(struct lazy *lazy, size_t offset);

/* Entry `i` of a table of `count` entries, `entry_bytes` each, made and writable; NULL when there
 * is no room.  In .bss such a table would count as data from the start of every program
 * (RLIMIT_DATA). */
void *lazy_entry(struct lazy *lazy, size_t i, size_t count, size_t entry_bytes);

#endif
