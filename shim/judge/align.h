/* SPDX-License-Identifier: MIT */
/*
 * Finding the parser's mode and the boundary between two messages.
 */
#ifndef FORKSAN_SHIM_JUDGE_ALIGN_H
#define FORKSAN_SHIM_JUDGE_ALIGN_H

#include "judge/record.h"

/* Sets the parser to the mode in which the bytes of the operation are messages from the first byte
 * on; with `exact`, whole messages to the last byte.  False: no such mode exists, and the parser is
 * unchanged. */
bool evidence_align(struct evidence_context *c, bool exact);

#endif
