/* SPDX-License-Identifier: MIT */
/*
 * Adds to the native frames of a finding the facts that the log could not know: source lines,
 * inlined functions, readable names.
 */
#ifndef FORKSAN_TOOLS_ANNOTATE_H
#define FORKSAN_TOOLS_ANNOTATE_H

#include <jansson.h>

struct symbols;

/*
 * `finding` is the object of a checked record.  Each native frame gets the fields that are known
 * and not there yet: `file`, `line`, `demangled` (where the readable name differs from `function`),
 * and `inlined`: a list, innermost first, of `function`, `file`, `line` of the functions that were
 * inlined into the frame's function.
 */
void annotate_finding(struct symbols *symbols, json_t *finding);

/* Adds the same fields to one native frame. */
void annotate_frame(struct symbols *symbols, json_t *frame);

#endif
