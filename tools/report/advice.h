/* SPDX-License-Identifier: MIT */
/*
 * Advice for a finding: one line for each framework and driver that the finding's stacks and
 * process names show; the finding's kind chooses among the rows.  advice.def is the table.
 */
#ifndef FORKSAN_TOOLS_ADVICE_H
#define FORKSAN_TOOLS_ADVICE_H

#include <jansson.h>
#include <stddef.h>

#define ADVICE_MAX 8 /* lines for one finding */

struct advice {
	const char *name;
	const char *text;
	const char *source; /* where the text is from; advice.def says how */
};

/* Fills `out` for a checked record's object; returns how many lines, at least one.  Pure. */
size_t advice_find(const json_t *finding, struct advice out[ADVICE_MAX]);

#endif
