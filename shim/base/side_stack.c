/* SPDX-License-Identifier: MIT */
/* See side_stack.h. */
#include "base/side_stack.h"

#include <stdbool.h>
#include <stddef.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) 0
#endif

#include "base/claim.h"
#include "base/compiler.h"
#include "base/lazy.h"
#include "base/sys.h"
#include "base/wiped.h"

/* Of which a report as text, the deepest work, uses 5 KiB; instrumented by a sanitizer 20. */
#define STACK_BYTES 32768

/* Touched where used: of the last pages of each, those that the work reaches.  The first stack is
 * the last in the room (lazy.h). */
_Static_assert(WIPED_SIDE_STACKS *STACK_BYTES <= LAZY_SIDE_STACKS_BYTES, "fits");

/* Calls function(argument) with the stack pointer at `top`, which is aligned to 16.  An unwinder
 * finds the way back by the frame pointer. */
void side_stack_switch(void *top, void (*function)(void *argument), void *argument) FORKSAN_HIDDEN;

#if defined(__x86_64__)
__asm__(".pushsection .text\n"
	".globl side_stack_switch\n"
	".hidden side_stack_switch\n"
	".type side_stack_switch, @function\n"
	"side_stack_switch:\n"
	".cfi_startproc\n"
	"	endbr64\n"
	"	pushq %rbp\n"
	".cfi_def_cfa_offset 16\n"
	".cfi_offset %rbp, -16\n"
	"	movq %rsp, %rbp\n"
	".cfi_def_cfa_register %rbp\n"
	"	movq %rdi, %rsp\n"
	"	movq %rdx, %rdi\n"
	"	call *%rsi\n"
	"	movq %rbp, %rsp\n"
	"	popq %rbp\n"
	".cfi_def_cfa %rsp, 8\n"
	"	ret\n"
	".cfi_endproc\n"
	".size side_stack_switch, . - side_stack_switch\n"
	".popsection\n");
#elif defined(__aarch64__)
__asm__(".pushsection .text\n"
	".globl side_stack_switch\n"
	".hidden side_stack_switch\n"
	".type side_stack_switch, %function\n"
	"side_stack_switch:\n"
	".cfi_startproc\n"
	"	hint #34\n" /* bti c */
	"	stp x29, x30, [sp, #-16]!\n"
	".cfi_def_cfa_offset 16\n"
	".cfi_offset x29, -16\n"
	".cfi_offset x30, -8\n"
	"	mov x29, sp\n"
	".cfi_def_cfa_register x29\n"
	"	mov sp, x0\n"
	"	mov x0, x2\n"
	"	blr x1\n"
	"	mov sp, x29\n"
	".cfi_def_cfa_register sp\n"
	"	ldp x29, x30, [sp], #16\n"
	".cfi_def_cfa_offset 0\n"
	"	ret\n"
	".cfi_endproc\n"
	".size side_stack_switch, . - side_stack_switch\n"
	".popsection\n");
#endif

void side_stack_call(void (*function)(void *argument), void *argument)
{
	/* Of which Valgrind knows: it warns of each switch to another stack.  Without Valgrind the
	 * request is a few instructions without effect. */
	static bool known[WIPED_SIDE_STACKS];
	char *stack;

	for (size_t i = 0; i < WIPED_SIDE_STACKS; i++) {
		struct claim *claim = &wiped.base.side_stacks[i];

		if (!claim_try(claim))
			continue;
		stack = lazy_room(LAZY_SIDE_STACKS);
		if (stack)
			stack += (WIPED_SIDE_STACKS - 1 - i) * STACK_BYTES;
		if (!stack || !lazy_write((uintptr_t)stack, STACK_BYTES)) {
			claim_release(claim);
			break;
		}
		if (!known[i]) {
			(void)VALGRIND_STACK_REGISTER(stack, stack + STACK_BYTES - 1);
			known[i] = true;
		}
		side_stack_switch(stack + STACK_BYTES, function, argument);
		claim_release(claim);
		return;
	}
	function(argument);
}

void side_stack_run(void (*function)(void *argument), void *argument)
{
	uint64_t signals;

	sys_block_signals(&signals);
	side_stack_call(function, argument);
	sys_restore_signals(signals);
}
