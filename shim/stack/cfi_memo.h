/* SPDX-License-Identifier: MIT */
/*
 * A step of unwinding that remembers what the tables said.  The same addresses come again in stack
 * after stack: a master forks its workers in one place, a program connects in a few.  Reading the
 * tables takes some 4 000 instructions a frame, a step by the memo 400.
 *
 * Kept are the rules of most addresses: a CFA at a register and an offset, registers saved at
 * offsets from the CFA.  A memo counts only for the same file of the loader's list and while the
 * table's entry for the address, and the part that entries have in common, are the same byte for
 * byte: after dlclose() another file may be mapped there, or the same one built anew.  A process
 * forgets its memos at a fork (base/lazy.h).
 */
#ifndef FORKSAN_SHIM_STACK_CFI_MEMO_H
#define FORKSAN_SHIM_STACK_CFI_MEMO_H

#include "stack/cfi.h"

#define CFI_MEMO_SAVED 10
#define CFI_MEMO_ENTRY_WORDS 32 /* of 8 bytes; few entries are longer */

struct cfi_memo {
	uintptr_t lookup;
	uintptr_t map; /* struct module */
	uintptr_t header;
	uintptr_t entry;
	uint64_t digest; /* of the entry and of what it has in common with others */
	int32_t cfa_offset;
	uint8_t cfa_register;
	uint8_t return_register;
	uint8_t signal_frame;
	uint8_t saved_count;
	struct {
		int16_t offset; /* from the CFA */
		uint8_t number;
		uint8_t reserved;
	} saved[CFI_MEMO_SAVED];
};

/* Room for a step, too large for small stacks.  No content survives a step. */
struct cfi_memo_scratch {
	struct cfi_scratch cfi;
	struct cfi_memo memo;
	uint64_t entry[CFI_MEMO_ENTRY_WORDS]; /* an FDE or CIE */
};

/* As cfi_step(), with the same results.  Any thread, signal handler; no lock. */
enum cfi_result cfi_memo_step(struct peek *peek, struct cfi_memo_scratch *scratch,
			      const struct module *module, uintptr_t lookup,
			      struct cfi_registers *registers, bool *interrupted);

#endif
