/* SPDX-License-Identifier: MIT */
/*
 * A step of unwinding that remembers what the tables said.  The same addresses come again in stack
 * after stack: a master forks its workers in one place, a program connects in a few.  Reading the
 * tables takes some 4 000 instructions a frame, a step by the memo 200.
 *
 * Kept are the rules of most addresses: a CFA at a register and an offset, registers saved at
 * offsets from the CFA.  A memo counts only for the same file of the loader's list whose entry for
 * the address begins with the same bytes (length, place and size of the function): after dlclose()
 * another file may be mapped there.  A process forgets its memos at a fork (base/lazy.h).
 */
#ifndef FORKSAN_SHIM_STACK_CFI_MEMO_H
#define FORKSAN_SHIM_STACK_CFI_MEMO_H

#include "stack/cfi.h"

/* As cfi_step(), with the same results.  Any thread, signal handler; no lock. */
enum cfi_result cfi_memo_step(struct peek *peek, struct cfi_scratch *scratch,
			      const struct module *module, uintptr_t lookup,
			      struct cfi_registers *registers, bool *interrupted);

#endif
