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

/* False, with a message of `verb`, when the library would not take `value` for the option `key`,
 * which is the command line's --KEY. */
bool run_options_accept(const char *verb, const char *key, const char *value);

/* Returns `text` (NULL: empty) with the wishes appended, each of which the library must accept. The
 * caller frees the result. */
char *run_options_add(const char *text, const struct run_wishes *wishes);

/* Returns the value of LD_PRELOAD: `library` before the entries of `value` (NULL: none); `value`
 * unchanged where `value` holds the library already.  The caller frees the result. */
char *run_options_preload(const char *value, const char *library);

#endif
