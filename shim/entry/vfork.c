/* SPDX-License-Identifier: MIT */
/*
 * vfork(): the session is joined before, since the program that the child starts looks for its
 * parent, and a vfork child cannot join in its parent's place.
 *
 * The exported function is assembly: a function in C would return into a frame that the child has
 * overwritten.  Libc's vfork() is reached by a jump, with the caller's return address on top.
 */
#include "entry/init.h"
#include "entry/real.h"
#include "process/process.h"

#include <errno.h>

/* Called by the assembly below alone. */
void vfork_is_coming(void);

__attribute__((used)) void vfork_is_coming(void)
{
	int saved_errno = errno;

	init_join();
	process_enter();
	(void)REAL_TO_JUMP(vfork);
	errno = saved_errno;
}

#if defined(__x86_64__)
__asm__(".pushsection .text\n"
	".globl vfork\n"
	".type vfork, @function\n"
	"vfork:\n"
	"	.cfi_startproc\n"
	"	sub $8, %rsp\n	.cfi_adjust_cfa_offset 8\n"
	"	call vfork_is_coming\n"
	"	add $8, %rsp\n	.cfi_adjust_cfa_offset -8\n"
	"	jmp *real_vfork(%rip)\n"
	"	.cfi_endproc\n"
	".size vfork, . - vfork\n"
	".popsection\n");
#elif defined(__aarch64__)
__asm__(".pushsection .text\n"
	".globl vfork\n"
	".type vfork, %function\n"
	"vfork:\n"
	"	.cfi_startproc\n"
	"	stp x29, x30, [sp, #-16]!\n	.cfi_adjust_cfa_offset 16\n"
	"	.cfi_offset x30, -8\n"
	"	bl vfork_is_coming\n"
	"	ldp x29, x30, [sp], #16\n	.cfi_adjust_cfa_offset -16\n"
	"	.cfi_restore x30\n"
	"	adrp x16, real_vfork\n"
	"	ldr x16, [x16, #:lo12:real_vfork]\n"
	"	br x16\n"
	"	.cfi_endproc\n"
	".size vfork, . - vfork\n"
	".popsection\n");
#endif
