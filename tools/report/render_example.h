/* SPDX-License-Identifier: MIT */
/*
 * One finding as text, with every detail of the log.
 */
#ifndef FORKSAN_TOOLS_REPORT_RENDER_EXAMPLE_H
#define FORKSAN_TOOLS_REPORT_RENDER_EXAMPLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "report/bugs.h"

/* Prints an annotated finding, the best of its kind of the bug: the reason, the four stacks, the
 * history. */
void render_example(const struct bug *bug, enum kind kind, const json_t *finding, bool every_frame,
		    FILE *out);

#endif
