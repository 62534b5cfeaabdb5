/* SPDX-License-Identifier: MIT */
/* The registers that unwinding carries from frame to frame, by their DWARF numbers. */
#ifndef FORKSAN_SHIM_STACK_CFI_REGISTERS_H
#define FORKSAN_SHIM_STACK_CFI_REGISTERS_H

#include <stdint.h>

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

#endif
