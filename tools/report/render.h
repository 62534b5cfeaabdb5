/* SPDX-License-Identifier: MIT */
/*
 * How a report is shown.  Both sort the groups and look up source lines (symbols.h) for the one
 * example of each.
 */
#ifndef FORKSAN_TOOLS_RENDER_H
#define FORKSAN_TOOLS_RENDER_H

#include <stdbool.h>
#include <stdio.h>

struct report;

/* The findings as text; `every_frame` shows stacks whole. */
void render_findings(const struct report *report, bool every_frame, FILE *out);

/* What the log holds and what forksan did not see, after the findings. */
void render_totals(const struct report *report, FILE *out);

/* One JSON object; docs/log.md describes it. */
void render_json(const struct report *report, FILE *out);

#endif
