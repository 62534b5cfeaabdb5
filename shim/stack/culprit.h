/* SPDX-License-Identifier: MIT */
/*
 * The culprit: the application's own innermost frame of a stack, which is the line that a reader
 * of the report wants to open first.  Frames of an interpreter's standard library and of installed
 * packages are passed over; native frames are never culprits.
 */
#ifndef FORKSAN_SHIM_CULPRIT_H
#define FORKSAN_SHIM_CULPRIT_H

#include <stdbool.h>
#include <stddef.h>

#include "stack/stack.h"

/* Writes "file:line" and a NUL to `out`; false when the stack has no such frame, and `out` is then
 * an empty string.  A file name that does not fit loses its beginning.  Pure but for the registry,
 * async-signal-safe. */
bool culprit_find(const struct registry *registry, struct stack_id id, char *out, size_t size);

/* True when `file` is the application's own: not of a standard library, not an installed package,
 * not generated code without a file.  Pure. */
bool culprit_is_own(enum language language, const char *file);
bool culprit_is_own_bytes(enum language language, const char *file, size_t len);

/* True for a file that merely starts an application, such as /usr/bin/gunicorn.  culprit_find()
 * falls back to it where no other frame is the application's own: a script of the user's that lies
 * in a bin directory.  Pure. */
bool culprit_is_launcher(const char *file, size_t len);

#endif
