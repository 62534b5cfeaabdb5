/* SPDX-License-Identifier: MIT */
/*
 * Attributes and hints for the compiler.
 */
#ifndef FORKSAN_SHIM_COMPILER_H
#define FORKSAN_SHIM_COMPILER_H

/* An interposed function or the public API; everything else is hidden (-fvisibility=hidden). */
#define FORKSAN_EXPORT __attribute__((visibility("default")))

/* On variables that fast paths read: -fvisibility=hidden does not reach extern declarations, and
 * without the attribute each access takes an instruction more, for an address that may be in
 * another library. */
#define FORKSAN_HIDDEN __attribute__((visibility("hidden")))

/* On a wrapper of a call that moves bytes.  Such a wrapper holds no array that could overflow, and
 * the check of a canary would cost every call of the host four instructions. */
#if defined(__has_attribute)
#if __has_attribute(no_stack_protector)
#define FORKSAN_NO_CANARY __attribute__((no_stack_protector))
#endif
#endif
#ifndef FORKSAN_NO_CANARY
#define FORKSAN_NO_CANARY
#endif

/* Keeps the variable in memory from here on.  The compiler would choose registers that a call
 * preserves, at the cost of a push, a move and a pop on every path of the function. */
#define keep_in_memory(variable) __asm__("" : "+m"(variable))

/* On variables that every start of a program writes or reads, or every fork writes.  The linker
 * puts them together (--sort-section in the Makefile): each page more costs the start of a program
 * 2 us (tests/bench/start.sh), and each fork a copy of it.  They read zero at first.  The library
 * has no variable that does not: .data would be a mapping of its own, which costs each fork 2 us
 * more (tests/tidy/test_exports.sh). */
#define FORKSAN_AT_START __attribute__((section(".bss.at_start")))

/* On functions that every forked child runs, in its first moment and at its end.  They stand
 * together: a forked child has no pages of code, and each stretch of 64 KiB that it runs through
 * costs it a fault (linux/mm/memory.c, do_fault_around()).  The linker's scripts put .text.hot.*
 * before the rest. */
#define FORKSAN_IN_EACH_CHILD __attribute__((section(".text.hot.each_child")))

#define noinline __attribute__((noinline))
#define cold __attribute__((cold))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#endif
