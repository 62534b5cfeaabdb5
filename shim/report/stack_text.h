/* SPDX-License-Identifier: MIT */
/*
 * A stack as text: interpreter frames first, the application's own innermost one marked, native
 * frames compact.  options.verbosity decides how many frames.  Safety as render.h.
 */
#ifndef FORKSAN_SHIM_REPORT_STACK_H
#define FORKSAN_SHIM_REPORT_STACK_H

#include "stack/stack.h"
#include "base/text.h"

/* Appends the frames, each line after `prefix`. */
void report_put_stack(struct text *text, const char *prefix, const struct registry *registry,
		      struct stack_id stack);

/* Appends the frame that a reader wants first, with the function and the way in: "db.py:12 connect,
 * from settings.py:4". */
void report_put_way(struct text *text, const struct registry *registry, struct stack_id stack);

/* Appends the culprit's "file:line", else the innermost interpreter frame's, else the most telling
 * native frame, behind "exit, in " where the program was ending; else "an unknown place". */
void report_put_site(struct text *text, const struct registry *registry, struct stack_id stack);

#endif
