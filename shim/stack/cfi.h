/* SPDX-License-Identifier: MIT */
/*
 * One step of unwinding by call frame information (.eh_frame), the tables that C++ exceptions use
 * and that every compiler emits for every function on the supported machines.
 *
 * Why not libunwind: libunwind's x86_64 unwinder calls dl_iterate_phdr, whose lock a fork child may
 * find taken for ever; the caches are guarded with a mutex, which is inherited locked in the same
 * way; the thread-local caches are allocated with malloc where the library came by dlopen; and
 * libunwind is not installed everywhere.  A step here takes no lock, allocates nothing and needs
 * nothing but the program itself, so a step may be made in a signal handler that interrupted
 * anything.  libunwind is the oracle in tests/unit/test_stack_native.c.
 *
 * The tables are trusted no more than other foreign memory: every read is bounded and peeked.
 *
 * Sources: DWARF 5 sections 2.5 and 6.4; Linux Standard Base Core 5.0 section 10.6 (Exception
 * Frames: .eh_frame, .eh_frame_hdr, DW_EH_PE); System V ABI for x86-64 section 3.7 and for AArch64
 * (DWARF register numbers).
 */
#ifndef FORKSAN_SHIM_STACK_CFI_H
#define FORKSAN_SHIM_STACK_CFI_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/cfi_registers.h"
#include "stack/module.h"
#include "stack/peek.h"

enum cfi_rule_kind {
	CFI_SAME, /* also a register that no instruction mentions */
	CFI_UNDEFINED,
	CFI_AT_OFFSET,	 /* saved at CFA + value */
	CFI_IS_OFFSET,	 /* is CFA + value */
	CFI_IN_REGISTER, /* in register `value` */
	CFI_AT_EXPRESSION,
	CFI_IS_EXPRESSION,
};

struct cfi_rule {
	int64_t value; /* of an expression: the address of the block, which opens with the length */
	uint8_t kind;
};

struct cfi_rules {
	int64_t cfa_offset;
	uintptr_t cfa_expression; /* 0: the CFA is cfa_register + cfa_offset */
	uint8_t cfa_register;
	struct cfi_rule registers[CFI_REGISTERS];
};

#define CFI_REMEMBERED 4 /* nested DW_CFA_remember_state; compilers emit one */

/* Room for a step, too large for small stacks.  No content survives a step. */
struct cfi_scratch {
	struct cfi_rules now;
	struct cfi_rules initial;
	struct cfi_rules remembered[CFI_REMEMBERED];
	struct cfi_registers old; /* of the frame that is being left */
};

enum cfi_result {
	CFI_STEPPED,
	CFI_OUTERMOST, /* the tables say that this frame has no caller */
	CFI_UNKNOWN,   /* no entry for this address, or one that makes no sense */
};

/* Where the rules of an address stand: the FDE, and what the CIE says for all of its addresses. */
struct cfi_found {
	uintptr_t entry; /* the address of the FDE */
	uint8_t return_register;
	bool signal_frame;
};

/* The two halves of a step: finds the rules of `lookup`, which stand in scratch->now then (false:
 * no entry, or one that makes no sense), and applies them. */
bool cfi_find(struct peek *peek, struct cfi_scratch *scratch, const struct module *module,
	      uintptr_t lookup, struct cfi_found *found);
enum cfi_result cfi_apply(struct peek *peek, struct cfi_scratch *scratch,
			  const struct cfi_found *found, struct cfi_registers *registers);

/* Sets the pc of the frame that a step has led to from its return address. */
enum cfi_result cfi_set_pc(struct cfi_registers *registers, uint64_t return_address);

/* Called for each native frame.  Replaces `registers` by the caller's.  `lookup` is the address
 * whose entry counts: the pc itself in a frame that was interrupted by a signal and in the
 * innermost one, else pc - 1, since a call may be the last instruction of its function.
 * *interrupted: the caller was interrupted by a signal. */
enum cfi_result cfi_step(struct peek *peek, struct cfi_scratch *scratch,
			 const struct module *module, uintptr_t lookup,
			 struct cfi_registers *registers, bool *interrupted);

#endif
