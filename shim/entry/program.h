/* SPDX-License-Identifier: MIT */
/*
 * What the file of a program says of whether this library can be in it.
 *
 * The file is looked at, never executed, and only when it is an ordinary one: no FIFO is opened, no
 * lease waited for.  Where the file cannot be read, or is no program that is known here, nothing is
 * held against it.  Any thread, signal handler and vfork child; no malloc, no lock; about 2 KiB of
 * the caller's stack; errno is kept.
 */
#ifndef FORKSAN_SHIM_PROGRAM_H
#define FORKSAN_SHIM_PROGRAM_H

#include <stdbool.h>

enum program_kind {
	PROGRAM_OPEN,	       /* nothing is known against it */
	PROGRAM_STATIC,	       /* no loader, which could preload a library (Go's programs, too) */
	PROGRAM_OTHER_LIBC,    /* musl's loader takes this library and fails for want of glibc */
	PROGRAM_OTHER_MACHINE, /* another machine or word size; glibc's loader complains and goes on
				*/
	PROGRAM_PRIVILEGED,    /* set-user-ID and its like: the loader ignores LD_PRELOAD */
};

#define PROGRAM_PATH_BYTES 200

struct program {
	enum program_kind kind;
	char path[PROGRAM_PATH_BYTES]; /* of the program, or of the interpreter that its #! names */
};

/* Looks at the file that execveat(2) would run, following #! as the kernel does. */
void program_inspect(struct program *program, int directory, const char *path, int flags);

/* Looks at the file that execvp(3) would run: the first in PATH, unless `name` has a slash. */
void program_search(struct program *program, const char *name);

/* True when the program does not even start, or complains, with this library in LD_PRELOAD. */
bool program_needs_us_out(enum program_kind kind);

/* "is statically linked"; NULL for PROGRAM_OPEN. */
const char *program_kind_text(enum program_kind kind);

#endif
