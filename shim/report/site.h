/* SPDX-License-Identifier: MIT */
/*
 * Which frame of a stack a reader wants first, and what stays the same about it when lines move.
 *
 * Pure but for the registry and the files that name native functions; async-signal-safe.
 */
#ifndef FORKSAN_SHIM_REPORT_SITE_H
#define FORKSAN_SHIM_REPORT_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "report/finding.h"
#include "stack/stack.h"

/* No frame. */
#define SITE_NONE UINT32_MAX

/* The frames of a stack that tell most, as indices of stack_frame_at(); SITE_NONE: there is none.
 */
struct site {
	unsigned innermost; /* of all that are no machinery: an interpreter's, else not libc's */
	unsigned own;	    /* the application's own, innermost */
	unsigned own_outer; /* and outermost */
};

struct site site_find(const struct registry *registry, struct stack_id stack);

/* Names a stack by its content: the same in every session and on every host, 0 for no stack. */
uint64_t site_stack_id(const struct registry *registry, struct stack_id stack);

/* Names the bug that a finding is evidence of: the protocol, and base name and function of the
 * sites that opened the connection and that forked.  Independent of the kind; the same in the next
 * run, in another directory and after lines moved. */
uint64_t site_fingerprint(const struct registry *registry, const struct finding *finding);

#endif
