/* SPDX-License-Identifier: MIT */
/*
 * Whether this library can be loaded into a program, judged by the program's file.
 *
 * Only an ordinary file is looked at, never executed: no FIFO is opened, no lease waited for.  A
 * file that cannot be read, or is no known kind of program, counts as PROGRAM_OPEN.  Any thread,
 * signal handler and vfork child; no malloc, no lock; 1.1 KiB of the caller's stack; errno is kept.
 */
#ifndef FORKSAN_SHIM_PROGRAM_H
#define FORKSAN_SHIM_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

enum program_kind {
	PROGRAM_OPEN,	       /* nothing speaks against the library */
	PROGRAM_LOADS_US,      /* a program of this libc, which has a loader */
	PROGRAM_STATIC,	       /* no loader, which could preload a library (Go's programs, too) */
	PROGRAM_OTHER_LIBC,    /* musl's loader takes this library and fails for want of glibc */
	PROGRAM_OTHER_MACHINE, /* another machine or word size; glibc's loader warns and goes on
				*/
	PROGRAM_PRIVILEGED,    /* set-user-ID, capabilities: the loader ignores LD_PRELOAD */
};

#define PROGRAM_PATH_BYTES 200

struct program {
	enum program_kind kind;
	char path[PROGRAM_PATH_BYTES]; /* of the program, or of the interpreter that its #! names */
};

/* Looks at the file that execveat(2) would run, following #! as the kernel does.  `uid`: the real
 * user of the caller.  `path` may be program->path. */
void program_inspect(struct program *program, uint32_t uid, int directory, const char *path,
		     int flags);

/* The file that execvp(3) would run: the first in PATH, written to program->path, unless `name` has
 * a slash.  NULL, and PROGRAM_OPEN: there is none. */
const char *program_search(struct program *program, const char *name);

/* True when the program does not start, or prints a warning, with this library in LD_PRELOAD. */
bool program_needs_us_out(enum program_kind kind);

/* "is statically linked"; NULL for a program that may load the library. */
const char *program_kind_text(enum program_kind kind);

#endif
