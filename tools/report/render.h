/* SPDX-License-Identifier: MIT */
/*
 * The forms in which a report is shown.  Each looks up source lines (symbols.h) for the examples
 * that it shows; sort the bugs (bugs_sort()) before.
 */
#ifndef FORKSAN_TOOLS_RENDER_H
#define FORKSAN_TOOLS_RENDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "forksan/finding.h"

struct report;

struct render_options {
	bool stacks;	  /* text: the stacks and the history of an example of each kind */
	bool every_frame; /* and no frame left out of them */
	bool colour;	  /* text: the terminal has colours */
	uint64_t top;	  /* show so many bugs; 0: all */
	size_t number;	  /* show this bug alone; 0: all */
	const char
		*log_name; /* text: how the reader named the log; NULL: it cannot be read again */
};

/* Whether the bug with that place in the order, from 0, is to be shown. */
bool render_wants(const struct render_options *options, size_t index);

/* A screen for each bug, fit for 80 columns. */
void render_bugs(const struct report *report, const struct render_options *options, FILE *out);

/* What the log holds, what forksan did not see, and the verdict: after the bugs. */
void render_totals(const struct report *report, FILE *out);

/* One JSON object; docs/log.md describes it.  The caller of render_object() owns what it returns.
 */
json_t *render_object(const struct report *report, const struct render_options *options);
void render_json(const struct report *report, const struct render_options *options, FILE *out);

/* One page that needs nothing but a browser: no network, no other file. */
void render_html(const struct report *report, const struct render_options *options, FILE *out);

/* The forms of code scanners and CI systems.  A JUnit test case fails at the level `fail_on`, or at
 * violation where that is LEVEL_COUNT. */
void render_sarif(const struct report *report, const struct render_options *options, FILE *out);
void render_junit(const struct report *report, const struct render_options *options,
		  enum level fail_on, FILE *out);
void render_github(const struct report *report, const struct render_options *options, FILE *out);

#endif
