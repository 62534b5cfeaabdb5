/* SPDX-License-Identifier: MIT */
/*
 * See first_stack.h.
 *
 *   low                                                                      high
 *   | environ[0] ... NULL | auxiliary vector | ... | argument and environment strings | AT_EXECFN |
 *
 * The file name is the last thing before the stack's end (fs/exec.c and fs/binfmt_elf.c of Linux,
 * bprm_execve() and create_elf_tables()).
 */
#include "base/first_stack.h"

#include <stddef.h>
#include <sys/auxv.h>

/* The kernel takes no more for all strings, of a stack that may grow to any size: 3/4 of
 * _STK_LIM (fs/exec.c, bprm_stack_limits()). */
#define BLOCK_BYTES_MAX ((uintptr_t)6 << 20)

FORKSAN_AT_START struct first_stack first_stack;

extern char **environ;

void first_stack_find(void)
{
	uintptr_t low = (uintptr_t)environ;
	uintptr_t high = getauxval(AT_EXECFN);

	/* Not so when an earlier constructor has called setenv(): the array is on the heap then. */
	if (low < high && high - low < BLOCK_BYTES_MAX)
		first_stack = (struct first_stack){low, high};
}

uint32_t first_stack_uid(void)
{
	return (uint32_t)getauxval(AT_EUID);
}
