/* SPDX-License-Identifier: MIT */
/*
 * Foreign text made fit for a terminal.  A log's strings are hostile: an escape sequence in a
 * process's name must not reach the reader's terminal.
 */
#ifndef FORKSAN_TOOLS_ESCAPE_H
#define FORKSAN_TOOLS_ESCAPE_H

#include <stddef.h>
#include <stdio.h>

/* Room for `n` bytes of text, escaped, and a NUL. */
#define ESCAPED_BYTES(n) (4 * (n) + 1)

/* Copies `text` with control characters (C0, DEL, and C1 in UTF-8) as \xNN, cut to `size`. */
void escape_text(const char *text, char *out, size_t size);

/* Prints `text` escaped in the same way; NULL prints as "?". */
void escape_print(const char *text, FILE *out);

#endif
