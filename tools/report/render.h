/* SPDX-License-Identifier: MIT */
/*
 * The forms in which a report is shown.  Each form looks up source lines (symbols.h) for the
 * examples shown; the caller sorts the bugs (bugs_sort()) before.
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
	bool stacks;	      /* text: the stacks and the history of an example of each kind */
	bool every_frame;     /* and every frame of these stacks */
	bool source;	      /* text: the source lines around each place */
	bool colour;	      /* text: the terminal has colours */
	uint64_t top;	      /* show so many bugs; 0: all */
	size_t number;	      /* show this bug alone; 0: all */
	const char *log_name; /* text: how the reader named the log; NULL: stdin, or several logs */
};

/* True when the bug at `index` in the order, from 0, is to be shown. */
bool render_wants(const struct render_options *options, size_t index);

/* Prints a screen for each bug, fit for 80 columns. */
void render_bugs(const struct report *report, const struct render_options *options, FILE *out);

/* Prints the screen of the bug at `index` alone, with whole paths. */
void render_bug(const struct report *report, const struct render_options *options, size_t index,
		FILE *out);

/* Prints, after the bugs, the extent of the log, the blind spots and the verdict. */
void render_totals(const struct report *report, FILE *out);

/* Prints how many records and bugs are not in the report, and why. */
void render_left_out(const struct report *report, const char *prefix, FILE *out);

/* Returns the report as one JSON object (docs/log.md), which the caller owns. */
json_t *render_object(const struct report *report, const struct render_options *options);
void render_json(const struct report *report, const struct render_options *options, FILE *out);

/* Prints one page that needs nothing but a browser: no network, no other file. */
void render_html(const struct report *report, const struct render_options *options, FILE *out);

/* Prints the stacks in the format of speedscope, one profile for each bug. */
void render_speedscope(const struct report *report, const struct render_options *options,
		       FILE *out);

/* The forms of code scanners and CI systems.  A JUnit test case fails at the level `fail_on`, or at
 * violation where that is LEVEL_COUNT. */
void render_sarif(const struct report *report, const struct render_options *options, FILE *out);
void render_junit(const struct report *report, const struct render_options *options,
		  enum level fail_on, FILE *out);
void render_github(const struct report *report, const struct render_options *options, FILE *out);

#endif
