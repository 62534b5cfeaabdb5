/* SPDX-License-Identifier: MIT */
/*
 * Stacks: taken where something happens, stored once in the registry, named by an id.
 *
 * stack.c takes and stores; stack_native.c walks with libunwind; stack_python.c (ruby, perl, php)
 * add the interpreter's own frames.  Each walker finds its functions at run time and, where they
 * are missing or the version is unknown, yields no frames: a stack is never a reason to fail.
 */
#ifndef FORKSAN_SHIM_STACK_H
#define FORKSAN_SHIM_STACK_H

#include <stddef.h>
#include <stdint.h>

#include "forksan/finding.h"
#include "forksan/limits.h"

/* Index + 1 in registry.stacks; 0: no stack. */
struct stack_id {
	uint32_t n;
};

/* Interpreter frames being gathered, in the packing of struct registry_stack. */
struct stack_text {
	uint16_t count;
	uint16_t len_bytes;
	uint16_t truncated;
	char bytes[FORKSAN_STACK_TEXT_BYTES];
};

/* Appends one frame, outermost last.  Strings are cut at their bound; a frame that does not fit sets
 * truncated.  Pure, async-signal-safe. */
void stack_text_push(struct stack_text *text, enum language language, const char *function,
		     size_t function_len, const char *file, size_t file_len, uint32_t line);

/* Opens libunwind (dlopen RTLD_LOCAL) and walks once, so that stack_take() neither loads nor
 * allocates afterwards.  May take the loader's lock and allocate: called from wrappers of connect
 * and fork in the caller's normal context, never from a report.  Idempotent, thread-safe. */
void stack_warm(void);

/* Takes the calling thread's stack and stores it; frames of forksan itself are left out.  About
 * 5 KiB of the caller's stack.  No malloc, no lock of ours; leaves errno as it was.  Returns 0 when
 * there is no registry or its table is full (counted as LOST_STACKS). */
struct stack_id stack_take(void);

/* False when libunwind could not be opened; the summary says so. */
int stack_native_available(void);

/* Forgets what a fork made invalid (half-finished walks of other threads).  Child, async-signal-safe. */
void stack_after_fork_child(void);

#endif
