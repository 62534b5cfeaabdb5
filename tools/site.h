/* SPDX-License-Identifier: MIT */
/*
 * The site of a stack: the text by which findings are grouped when the log names no culprit.
 */
#ifndef FORKSAN_TOOLS_SITE_H
#define FORKSAN_TOOLS_SITE_H

#include <jansson.h>
#include <stddef.h>

/* Writes the site to `out`, at most `size` bytes with the NUL: the culprit when there is one, else
 * the checked stack's innermost interpreter frame, else its innermost named native frame that is
 * not libc's, else module and offset, else "unknown place".  An annotated stack (annotate.h) gives
 * readable names and source lines.  Pure. */
void site_find(const char *culprit, const json_t *stack, char *out, size_t size);

/* The file name of a path.  Pure. */
const char *site_base_name(const char *path);

#endif
