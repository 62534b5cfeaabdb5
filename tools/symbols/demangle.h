/* SPDX-License-Identifier: MIT */
/*
 * Names of C++ and Rust functions as their authors wrote them.
 *
 * C++: __cxa_demangle() of libstdc++, which is opened with dlopen() when the first C++ name comes
 * by, so that a C program needs no C++ library at build time nor where there is no C++ to name.
 * Without it the mangled name stands.  Rust (legacy and v0) is read by demangle_rust.c.
 */
#ifndef FORKSAN_TOOLS_DEMANGLE_H
#define FORKSAN_TOOLS_DEMANGLE_H

#include <stdbool.h>
#include <stddef.h>

/* The longest readable name; a longer one is left mangled. */
#define DEMANGLE_BYTES 2048

/* Writes the readable name to `out` and returns true; false when `name` is not mangled or not
 * understood, and `out` is then undefined. */
bool demangle(const char *name, char out[DEMANGLE_BYTES]);

/* The same for Rust names alone.  Pure; bounded in depth and steps, whatever the name. */
bool demangle_rust(const char *name, char out[DEMANGLE_BYTES]);

#endif
