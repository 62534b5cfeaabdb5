/* SPDX-License-Identifier: MIT */
/*
 * The site of a stack: the text by which findings are grouped when the log names no culprit.
 */
#ifndef FORKSAN_TOOLS_SITE_H
#define FORKSAN_TOOLS_SITE_H

#include <jansson.h>
#include <stddef.h>

/* Writes a site to `out`, at most `size` bytes with the NUL: the culprit when there is one, else
 * the checked stack's innermost interpreter frame, else its innermost named native frame that is
 * not libc's, else module and offset, else "unknown place".  An annotated stack (annotate.h) gives
 * readable names and source lines.  `finding` is a checked record's object.  Pure.
 *
 * site_opened(): where the connection was opened.  site_used(): where it was used or, for
 * open-at-fork, where the fork was. */
void site_opened(const json_t *finding, char *out, size_t size);
void site_used(const json_t *finding, char *out, size_t size);

/* The file name of a path.  Pure. */
const char *site_base_name(const char *path);

#endif
