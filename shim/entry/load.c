/* SPDX-License-Identifier: MIT */
/*
 * dlopen() with RTLD_DEEPBIND: the object and its dependencies then look for symbols in themselves
 * before the global scope, and find libc's recv() instead of the interposed one.  PHP loads every
 * extension so; without this file pdo_pgsql's libpq would not be seen.
 *
 * Clearing the flag would give the object other symbols than it was built for.  Instead the
 * object's relocations that found libc's version of an interposed function are bound to the
 * interposed one afterwards (rebind.h).  Calls of the object's constructors come earlier and are
 * not seen.
 *
 * dlopen() finds the caller's RUNPATH by the return address, so a call with a name without a slash
 * must reach libc's dlopen() by a jump, and nothing can be rebound afterwards: such a call is
 * counted.  Every call without the flag takes the same jump.
 *
 * dlmopen() into another namespace loads another libc, which has no wrappers in front: such a call
 * is counted.
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "track/blind.h"
#include "entry/init.h"
#include "entry/real.h"
#include "entry/rebind.h"
#include "registry/registry.h"

/* Called by the assembly below alone. */
int dlopen_is_ours(const char *file, int flags);
void dlmopen_is_noted(Lmid_t name_space, const char *file, int flags);
void *dlopen_and_rebind(const char *file, int flags);

static void tell(const char *file, const char *why)
{
	int saved_errno = errno;

	init_join();
	blind_tell_program(LOST_DEEPBIND, file, why);
	errno = saved_errno;
}

__attribute__((used)) int dlopen_is_ours(const char *file, int flags)
{
	if (!REAL_TO_JUMP(dlopen) || (flags & RTLD_DEEPBIND) == 0 || !file)
		return 0;
	if (strchr(file, '/'))
		return 1;
	tell(file, "is loaded with RTLD_DEEPBIND, by a name without a path");
	return 0;
}

__attribute__((used)) void dlmopen_is_noted(Lmid_t name_space, const char *file, int flags)
{
	if (!REAL_TO_JUMP(dlmopen) || !real.dlmopen || !file)
		return;
	if (name_space != LM_ID_BASE)
		tell(file, "is loaded into a namespace of its own, with its own libc");
	else if ((flags & RTLD_DEEPBIND) != 0)
		tell(file, "is loaded with RTLD_DEEPBIND");
}

__attribute__((used)) void *dlopen_and_rebind(const char *file, int flags)
{
	void *handle = real.dlopen(file, flags);

	if (handle)
		rebind_new_objects();
	return handle;
}

#if defined(__x86_64__)
__asm__(".pushsection .text\n"
	".globl dlopen\n"
	".type dlopen, @function\n"
	"dlopen:\n"
	"	.cfi_startproc\n"
	"	push %rdi\n	.cfi_adjust_cfa_offset 8\n"
	"	push %rsi\n	.cfi_adjust_cfa_offset 8\n"
	"	sub $8, %rsp\n	.cfi_adjust_cfa_offset 8\n"
	"	call dlopen_is_ours\n"
	"	add $8, %rsp\n	.cfi_adjust_cfa_offset -8\n"
	"	pop %rsi\n	.cfi_adjust_cfa_offset -8\n"
	"	pop %rdi\n	.cfi_adjust_cfa_offset -8\n"
	"	test %eax, %eax\n"
	"	jne dlopen_and_rebind\n"
	"	jmp *real_dlopen(%rip)\n"
	"	.cfi_endproc\n"
	".size dlopen, . - dlopen\n"
	".globl dlmopen\n"
	".type dlmopen, @function\n"
	"dlmopen:\n"
	"	.cfi_startproc\n"
	"	push %rdi\n	.cfi_adjust_cfa_offset 8\n"
	"	push %rsi\n	.cfi_adjust_cfa_offset 8\n"
	"	push %rdx\n	.cfi_adjust_cfa_offset 8\n"
	"	call dlmopen_is_noted\n"
	"	pop %rdx\n	.cfi_adjust_cfa_offset -8\n"
	"	pop %rsi\n	.cfi_adjust_cfa_offset -8\n"
	"	pop %rdi\n	.cfi_adjust_cfa_offset -8\n"
	"	jmp *real_dlmopen(%rip)\n"
	"	.cfi_endproc\n"
	".size dlmopen, . - dlmopen\n"
	".popsection\n");
#elif defined(__aarch64__)
__asm__(".pushsection .text\n"
	".globl dlopen\n"
	".type dlopen, %function\n"
	"dlopen:\n"
	"	.cfi_startproc\n"
	"	stp x29, x30, [sp, #-32]!\n	.cfi_adjust_cfa_offset 32\n"
	"	.cfi_offset x30, -24\n"
	"	stp x0, x1, [sp, #16]\n"
	"	bl dlopen_is_ours\n"
	"	mov w9, w0\n"
	"	ldp x0, x1, [sp, #16]\n"
	"	ldp x29, x30, [sp], #32\n	.cfi_adjust_cfa_offset -32\n"
	"	.cfi_restore x30\n"
	"	cbnz w9, dlopen_and_rebind\n"
	"	adrp x16, real_dlopen\n"
	"	ldr x16, [x16, #:lo12:real_dlopen]\n"
	"	br x16\n"
	"	.cfi_endproc\n"
	".size dlopen, . - dlopen\n"
	".globl dlmopen\n"
	".type dlmopen, %function\n"
	"dlmopen:\n"
	"	.cfi_startproc\n"
	"	stp x29, x30, [sp, #-48]!\n	.cfi_adjust_cfa_offset 48\n"
	"	.cfi_offset x30, -40\n"
	"	stp x0, x1, [sp, #16]\n"
	"	str x2, [sp, #32]\n"
	"	bl dlmopen_is_noted\n"
	"	ldp x0, x1, [sp, #16]\n"
	"	ldr x2, [sp, #32]\n"
	"	ldp x29, x30, [sp], #48\n	.cfi_adjust_cfa_offset -48\n"
	"	.cfi_restore x30\n"
	"	adrp x16, real_dlmopen\n"
	"	ldr x16, [x16, #:lo12:real_dlmopen]\n"
	"	br x16\n"
	"	.cfi_endproc\n"
	".size dlmopen, . - dlmopen\n"
	".popsection\n");
#endif
