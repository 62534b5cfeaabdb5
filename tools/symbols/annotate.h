/* SPDX-License-Identifier: MIT */
/*
 * Adds to the native frames of a finding what the log could not know: source lines, inlined
 * functions, readable names.
 */
#ifndef FORKSAN_TOOLS_ANNOTATE_H
#define FORKSAN_TOOLS_ANNOTATE_H

#include <jansson.h>

struct symbols;

/*
 * `finding` is a checked record's object.  Native frames get, where it is known and not there yet,
 * `file`, `line`, `demangled` (where that differs from `function`), and `inlined`: a list,
 * innermost first, of `function`, `file`, `line` of what was inlined into the frame's function.
 */
void annotate_finding(struct symbols *symbols, json_t *finding);

/* The same for one native frame. */
void annotate_frame(struct symbols *symbols, json_t *frame);

#endif
