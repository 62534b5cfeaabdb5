/* SPDX-License-Identifier: MIT */
/*
 * Stacks: taken where something happens, stored once in the registry, named by an id.
 *
 * stack.c takes and stores; native.c walks the machine's frames; python.c (ruby, perl, php) add the
 * interpreter's frames; read.c reads a stored stack back, in any process of the session.  Each
 * walker finds symbols and offsets at run time and, where one is missing or the version is unknown,
 * yields no frames: a stack is never a reason to fail.
 *
 * Nothing here calls an interpreter's code, takes its locks or allocates; memory that belongs to an
 * interpreter is read through peek.h, which answers "no" instead of crashing.
 */
#ifndef FORKSAN_SHIM_STACK_H
#define FORKSAN_SHIM_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "forksan/finding.h"

struct registry;

/* Index + 1 in registry.stacks; 0: no stack. */
struct stack_id {
	uint32_t n;
};

/* --- taking ------------------------------------------------------------------------------- */

/* Takes the calling thread's stack and stores it; frames of forksan are left out.  Returns 0 when
 * there is no registry or the table of stacks is full (counted as LOST_STACKS).
 *
 * The first stack of a process, and the first one through a file that was loaded since, find the
 * interpreters there.  Taking a stack like an earlier one makes no system call, except about memory
 * that an interpreter may have given back.
 *
 * No malloc, no lock; leaves errno as it was; async-signal-safe, and may be left by siglongjmp().
 */
struct stack_id stack_take(void);

/* libc's pthread_getspecific(), with which threaded Perl keeps the interpreter; set once at the
 * start of the process.  NULL: not there (glibc up to 2.33 without libpthread), and no frames of
 * threaded Perl are found.  A pointer, since a reference by name would need the glibc of the
 * machine that built forksan. */
extern FORKSAN_HIDDEN void *(*stack_getspecific)(unsigned key);

/* Called by init_leave() with a verbosity above 0.  One sentence naming an interpreter of an
 * unknown version, whose frames are missing; NULL: there is no such interpreter.  Each process
 * gives each sentence once. */
const char *stack_complaint(void);

/* --- reading ------------------------------------------------------------------------------ */

/* One frame as a report shows it.  Strings are borrowed from the registry, where another process
 * may change any byte at any time, the NUL too: go by the lengths.  NULL is "not known". */
struct stack_frame {
	enum language language;
	const char *function; /* interpreter frames only; native: stack_frame_symbol() */
	size_t function_len;
	const char *file; /* interpreter frames only: the source file, as named there */
	size_t file_len;
	uint32_t line; /* 0: not known */
	/* native frames only */
	const char *module; /* path of the mapped file */
	size_t module_len;
	uint32_t module_number; /* index in registry.modules + 1; 0: no module */
	/* Of the call instruction (its last byte) from the file's load base, ready to be looked up
	 * in symbol and line tables.  Without a module: the address itself. */
	uint64_t offset;
	const uint8_t *build_id; /* NULL: the file has no build-id */
	uint32_t build_id_len;
};

/* Frames of a stored stack: interpreter frames first, innermost first, then native ones, innermost
 * first.  0 for "no stack" and for anything that makes no sense.  Async-signal-safe. */
unsigned stack_frame_count(const struct registry *registry, struct stack_id id);

/* True when outer frames were left out of the stored stack for want of room. */
bool stack_is_truncated(const struct registry *registry, struct stack_id id);

/* True when the interpreter's frames were read after the call (forksan attach): they may be of
 * later. */
bool stack_is_late(const struct registry *registry, struct stack_id id);

/* Frame number `index`, in that order; false when there is no such frame. */
bool stack_frame_at(const struct registry *registry, struct stack_id id, unsigned index,
		    struct stack_frame *out);

/* The function of a native frame, from the dynamic symbols of a file that is loaded here and was in
 * a stack of this process or an ancestor; mangled.  Writes the name to `out` with a NUL and returns
 * the length, 0 when the name is not known: most programs' own functions are in no dynamic table,
 * and `forksan report` finds those.  No system call; async-signal-safe. */
size_t stack_frame_symbol(const struct stack_frame *frame, char *out, size_t size);

#endif
