/* SPDX-License-Identifier: MIT */
/*
 * This library's name in the environment of a program that is about to be started.
 *
 * The caller's array and strings may be bad pointers, which are the kernel's to refuse (EFAULT), so
 * both are read as foreign memory.  Any thread, signal handler and vfork child.
 */
#ifndef FORKSAN_SHIM_PRELOAD_H
#define FORKSAN_SHIM_PRELOAD_H

#include <stdbool.h>
#include <stddef.h>

/* True when the loader would find this library in LD_PRELOAD; also when the array cannot be read.
 */
bool preload_has_us(char *const envp[]);

/* Variables of an environment that fit without extra pages, and the longest LD_PRELOAD. */
#define PRELOAD_FEW 256
#define PRELOAD_VALUE_BYTES 1024

/* A copy of an environment without this library.  Lives on the stack of the wrapper that makes the
 * call: malloc() is no choice, and pages that a vfork child maps would stay with the parent. */
struct preload_without {
	char **envp;
	size_t pages_bytes; /* 0: envp is `few` */
	char value[PRELOAD_VALUE_BYTES];
	char *few[PRELOAD_FEW];
};

/* Makes the copy, before a program is started.  False: no copy can be made, and the caller uses the
 * environment unchanged.  errno is kept. */
bool preload_leave_out(struct preload_without *without, char *const envp[]);
void preload_free(struct preload_without *without);

#endif
