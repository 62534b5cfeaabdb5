/* SPDX-License-Identifier: MIT */
/*
 * Names of C++ and Rust functions as their authors wrote them: a door to libiberty's demanglers,
 * which is linked statically.
 */
#ifndef FORKSAN_TOOLS_DEMANGLE_H
#define FORKSAN_TOOLS_DEMANGLE_H

#include <stdbool.h>

/* The longest readable name; a longer one is left mangled. */
#define DEMANGLE_BYTES 2048

/* Writes the readable name to `out` and returns true.  False, and `out` is undefined, when `name`
 * is not mangled, not understood, or longer in words than DEMANGLE_BYTES.  The name may be hostile:
 * the time, the stack and the output are bounded.  Keeps no state. */
bool demangle(const char *name, char out[DEMANGLE_BYTES]);

#endif
