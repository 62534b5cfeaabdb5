/* SPDX-License-Identifier: MIT */
/*
 * The environment that `forksan run` gives to CMD: LD_PRELOAD and FORKSAN_OPTIONS.
 *
 * common/option_text.h has the grammar of FORKSAN_OPTIONS; the last of equal keys wins
 * (docs/man/forksan.7 describes them).
 */
#ifndef FORKSAN_TOOLS_RUN_OPTIONS_H
#define FORKSAN_TOOLS_RUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* False when a quote in `text` is not closed: the quote would swallow every appended option.  Pure.
 */
bool run_options_closed(const char *text);

/* Options to append to FORKSAN_OPTIONS; NULL: no such option. */
struct run_wishes {
	const char *session;
	const char *log_path;
	const char *watch;
	const char *ignore;
	bool strict;
	bool isolate;
	bool dry_run;
};

/* False when `text` cannot be written as a value, because `text` has both kinds of quotes.  Pure.
 */
bool run_options_can_be_value(const char *text);

/* Returns `text` (NULL: empty) with the wishes appended, each of which must pass
 * run_options_can_be_value().  The caller frees the result. */
char *run_options_add(const char *text, const struct run_wishes *wishes);

/* Returns the value of LD_PRELOAD: `library` before the entries of `value` (NULL: none); `value`
 * unchanged where `value` holds the library already.  The caller frees the result. */
char *run_options_preload(const char *value, const char *library);

#endif
