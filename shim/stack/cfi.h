/* SPDX-License-Identifier: MIT */
/*
 * One step of unwinding by call frame information (.eh_frame), the tables that C++ exceptions use
 * and that every compiler emits for every function on the supported machines.
 *
 * Why not libunwind: its x86_64 unwinder calls dl_iterate_phdr, whose lock a fork child may find
 * taken for ever; it guards its caches with a mutex, which is inherited locked in the same way; its
 * thread-local caches are allocated with malloc where the library came by dlopen; and it is not
 * everywhere.  A step here takes no lock and allocates nothing, so it may be made in a signal
 * handler that interrupted anything, and it needs nothing but the program itself.  libunwind is the
 * oracle in tests/unit/test_stack_native.c.
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
#include <stddef.h>
#include <stdint.h>

#include "stack/module.h"
#include "stack/peek.h"

/* DWARF numbers of the registers that a step carries from frame to frame. */
#if defined(__x86_64__)
#define CFI_REGISTERS 17 /* rax rdx rcx rbx rsi rdi rbp rsp r8-r15, return address */
#define CFI_SP 7
#define CFI_FP 6
#define CFI_PC 16
#elif defined(__aarch64__)
#define CFI_REGISTERS 33 /* x0-x30, sp, pc */
#define CFI_SP 31
#define CFI_FP 29
#define CFI_PC 32
#endif

struct cfi_registers {
	uint64_t value[CFI_REGISTERS];
};

enum cfi_rule_kind {
	CFI_SAME, /* also what no instruction mentions */
	CFI_UNDEFINED,
	CFI_AT_OFFSET,	 /* saved at CFA + value */
	CFI_IS_OFFSET,	 /* is CFA + value */
	CFI_IN_REGISTER, /* in register `value` */
	CFI_AT_EXPRESSION,
	CFI_IS_EXPRESSION,
};

struct cfi_rule {
	int64_t value; /* of an expression: the address of its block, which opens with its length */
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
};

enum cfi_result {
	CFI_STEPPED,
	CFI_OUTERMOST, /* the tables say that this frame has no caller */
	CFI_UNKNOWN,   /* no entry for this address, or one that makes no sense */
};

/* Replaces `registers` by the caller's.  `lookup` is the address whose entry counts: the pc itself
 * in a frame that was interrupted by a signal and in the innermost one, else pc - 1, since a call
 * may be the last instruction of its function.  *interrupted: the caller was interrupted by a
 * signal. */
enum cfi_result cfi_step(struct peek *peek, struct cfi_scratch *scratch,
			 const struct module *module, uintptr_t lookup,
			 struct cfi_registers *registers, bool *interrupted);

/* --- for cfi.c and cfi_expression.c -------------------------------------------- */

/* A bounded reader over bytes that were peeked beforehand.  Past the end everything is 0 and `bad`
 * is set. */
struct cfi_cursor {
	const uint8_t *at;
	const uint8_t *end;
	bool bad;
};

uint64_t cfi_read_fixed(struct cfi_cursor *cursor, size_t len_bytes);
uint64_t cfi_read_uleb(struct cfi_cursor *cursor);
int64_t cfi_read_sleb(struct cfi_cursor *cursor);

/* Evaluates the expression whose length and bytes are at `block`.  `first` is pushed beforehand
 * when push_first is set.  False when it uses what is not known here. */
bool cfi_evaluate(struct peek *peek, uintptr_t block, const struct cfi_registers *registers,
		  bool push_first, uint64_t first, uint64_t *out);

#endif
