/* SPDX-License-Identifier: MIT */
/*
 * Advice for a finding: one line for each framework that its stacks and process names show.
 * advice.def is the table.
 */
#ifndef FORKSAN_TOOLS_ADVICE_H
#define FORKSAN_TOOLS_ADVICE_H

#include <jansson.h>
#include <stddef.h>

#define ADVICE_MAX 8 /* lines for one finding */

struct advice {
	const char *name;
	const char *text;
};

/* `finding` is a checked record's object.  Returns how many of `out` were filled, at least one.
 * Pure. */
size_t advice_find(const json_t *finding, struct advice out[ADVICE_MAX]);

#endif
