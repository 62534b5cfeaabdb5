/* SPDX-License-Identifier: MIT */
/*
 * A stack as text: interpreter frames first, the application's own innermost one marked, native
 * frames compact.  options.verbosity decides how many frames.  Safety as render.h.
 */
#ifndef FORKSAN_SHIM_REPORT_STACK_H
#define FORKSAN_SHIM_REPORT_STACK_H

#include "report/site.h"
#include "stack/stack.h"
#include "base/text.h"

/* Appends the frames, each line after `prefix`. */
void report_put_stack(struct text *text, const char *prefix, const struct registry *registry,
		      struct stack_id stack);

/* Appends the frame that a reader wants first, with the function and the way in: "db.py:12 connect,
 * from settings.py:4". */
void report_put_way(struct text *text, const struct registry *registry, struct stack_id stack,
		    enum site_event event);

/* Appends the "file:line" of the stack's site, or function and module of a native one, behind
 * "exit, in " where the program was ending.  False, with "an unknown place": no stack was taken. */
bool report_put_site(struct text *text, const struct registry *registry, struct stack_id stack,
		     enum site_event event);

#endif
