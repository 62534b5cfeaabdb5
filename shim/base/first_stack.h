/* SPDX-License-Identifier: MIT */
/*
 * What the kernel put on the program's first stack: the strings of arguments and environment, the
 * array of the environment, the auxiliary vector.  The block stays mapped until the next exec.
 */
#ifndef FORKSAN_SHIM_FIRST_STACK_H
#define FORKSAN_SHIM_FIRST_STACK_H

#include <stdint.h>

#include "base/compiler.h"

/* [low, high) can be read without asking the kernel; both 0: not known. */
struct first_stack {
	uintptr_t low, high;
};
extern FORKSAN_HIDDEN struct first_stack first_stack;

/* Notes the block.  Called once, when the program starts. */
void first_stack_find(void);

/* The effective user with which the program was started: its present one as long as nothing has
 * changed the user, so at its start alone. */
uint32_t first_stack_uid(void);

#endif
