/* SPDX-License-Identifier: MIT */
/*
 * What we tell the compiler.
 */
#ifndef FORKSAN_SHIM_COMPILER_H
#define FORKSAN_SHIM_COMPILER_H

/* An interposed function or the public API; everything else is hidden (-fvisibility=hidden). */
#define FORKSAN_EXPORT __attribute__((visibility("default")))

/* On variables that fast paths read: -fvisibility=hidden does not reach extern declarations, and
 * without it each access takes an instruction more, for an address that could be elsewhere. */
#define FORKSAN_HIDDEN __attribute__((visibility("hidden")))

#define noinline __attribute__((noinline))
#define cold __attribute__((cold))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#endif
