/* SPDX-License-Identifier: MIT */
/*
 * The frame of a stack that a reader wants first, and names of stacks and bugs that stay when lines
 * move.
 *
 * Pure but for the registry and the files that name native functions; async-signal-safe.
 */
#ifndef FORKSAN_SHIM_REPORT_SITE_H
#define FORKSAN_SHIM_REPORT_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/site_rule.h"
#include "report/finding.h"
#include "stack/stack.h"

/* What a stack was taken for. */
enum site_event { SITE_OF_OPENING, SITE_OF_FORK, SITE_OF_USE };

/* Frames of a stack, as indices of stack_frame_at(); SITE_NONE: there is no such frame. */
struct site {
	uint32_t frame;	    /* by the rule */
	uint32_t own_outer; /* the application's own, outermost */
	bool at_exit;	    /* a use while the process ends, by a destructor */
};

struct site site_find(const struct registry *registry, struct stack_id stack,
		      enum site_event event);

/* Returns a name for the stack's content: the same in every session and on every host; 0: no stack.
 */
uint64_t site_stack_id(const struct registry *registry, struct stack_id stack);

/* Returns the fingerprint of the finding's bug: the protocol, and base name and function of the
 * sites that opened the connection and that forked.  Independent of the kind; the same in the next
 * run, in another directory and after lines moved. */
uint64_t site_fingerprint(const struct registry *registry, const struct finding *finding);

/* The same by lines and offsets: two sites are told apart where their functions have one name, or
 * none. */
uint64_t site_places(const struct registry *registry, const struct finding *finding);

#endif
