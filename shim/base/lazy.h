/* SPDX-License-Identifier: MIT */
/*
 * Memory of this process's own that is mapped when it is first asked for, and writable, and counted
 * as this process's data, only where something was written: in .bss it would count whole against
 * RLIMIT_DATA, and a program with a low limit would not start ("failed to map segment from shared
 * object").  Unwritten memory reads zero.
 *
 * A mapping costs each fork of the host 2 us, so there are two, and what is written first stands
 * side by side in each:
 *
 *   tables    | slots, from the end <- | functions | -> descriptors           |
 *   scratch   |        side stacks  <- | memos     | -> captures | -> reports |
 *
 * Tables are copied by fork.  Scratch is room for work, whose content means nothing in a new
 * process and reads zero there, where the kernel can do that (MADV_WIPEONFORK): a fork copies no
 * table of pages for it, and the parent's next work there takes no fault.  A signal handler that
 * interrupts the work and forks leaves its child with the rest of the work and a buffer of zeros:
 * the work must end soundly.
 *
 * Both, 2.7 MB, are writable whole where nothing counts that: one mapping each then, and not three.
 *
 * Any thread, signal handler; no lock; errno is kept.
 */
#ifndef FORKSAN_SHIM_LAZY_H
#define FORKSAN_SHIM_LAZY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A multiple of every machine's page. */
#define LAZY_PART_BYTES ((size_t)65536)

enum lazy_room {
	LAZY_SLOTS,	  /* process/fdtable.c */
	LAZY_FUNCTIONS,	  /* stack/module_function.c */
	LAZY_DESCRIPTORS, /* process/fdtable.c */
	LAZY_SIDE_STACKS, /* side_stack.c */
	LAZY_MEMOS,	  /* stack/cfi_memo.c */
	LAZY_CAPTURES,	  /* stack/stack.c */
	LAZY_REPORTS,	  /* report/report.c */
};

#define LAZY_SLOTS_BYTES (8 * LAZY_PART_BYTES)
#define LAZY_FUNCTIONS_BYTES LAZY_PART_BYTES
#define LAZY_DESCRIPTORS_BYTES (16 * LAZY_PART_BYTES)
#define LAZY_SIDE_STACKS_BYTES (2 * LAZY_PART_BYTES)
#define LAZY_MEMOS_BYTES (LAZY_PART_BYTES / 4)
#define LAZY_CAPTURES_BYTES (2 * LAZY_PART_BYTES)
#define LAZY_REPORTS_BYTES (12 * LAZY_PART_BYTES)

/* Finds out whether the machine counts what may be written.  Opens a file: to be called before the
 * first room is asked for, where a program may be expected to open files.  Without this call a room
 * is made writable in parts. */
void lazy_start(void);

/* The room, which may be read; NULL when there is none.  Two threads that ask at once get the same
 * mapping. */
void *lazy_room(enum lazy_room room);

/* True when `len_bytes` at `address`, in a room, can be written. */
bool lazy_write(uintptr_t address, size_t len_bytes);

#endif
