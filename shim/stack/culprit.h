/* SPDX-License-Identifier: MIT */
/*
 * The culprit: the frame that a reader of a report wants to open first.
 *
 *   1. the application's own innermost frame;
 *   2. else a script of the user's that lies in a bin directory;
 *   3. else the outermost frame of an installed package that carries nothing else: of an agent's
 *      thread that opened the connection, say, through three libraries and a server's event loop;
 *   4. else the launcher.
 *
 * In a stack of native frames alone nothing is known of source files: culprit_find_native() finds
 * the frame, and the tool its line.
 */
#ifndef FORKSAN_SHIM_CULPRIT_H
#define FORKSAN_SHIM_CULPRIT_H

#include <stdbool.h>
#include <stddef.h>

#include "stack/stack.h"

/* Writes the culprit's "file:line" and a NUL to `out`; false when the stack has no culprit, and
 * `out` is then an empty string.  A file name that does not fit loses its beginning.  Pure but for
 * the registry, async-signal-safe. */
bool culprit_find(const struct registry *registry, struct stack_id id, char *out, size_t size);

/* The native frame that says most about a stack without a culprit: the innermost one of the program
 * itself or a library of its own, else of an installed program, else of a library, else the
 * innermost of all; false for a stack without native frames. */
bool culprit_find_native(const struct registry *registry, struct stack_id id,
			 struct stack_frame *out);

/* True when `file` is the application's own: not of a standard library, not an installed package,
 * not generated code without a file.  Pure. */
bool culprit_is_own(enum language language, const char *file);
bool culprit_is_own_bytes(enum language language, const char *file, size_t len);

#endif
