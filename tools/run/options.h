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

/* The value of `key` in `text` (the last one), cut to `size`, without its quotes.  False when it is
 * not there.  Pure. */
bool run_options_get(const char *text, const char *key, char *out, size_t size);

/* False when a quote in `text` is not closed: what is added would be swallowed.  Pure. */
bool run_options_closed(const char *text);

/* What is added to FORKSAN_OPTIONS; NULL: not wanted. */
struct run_wishes {
	const char *session;
	const char *log_path;
	const char *watch;
	const char *ignore;
	bool strict;
};

/* False when a text cannot be written as a value: it has both kinds of quotes.  Pure. */
bool run_options_can_be_value(const char *text);

/* `text` (NULL: none) with the wishes, which can be values, appended.  From malloc(). */
char *run_options_add(const char *text, const struct run_wishes *wishes);

/* LD_PRELOAD: `library` before what `value` (NULL: none) holds, in its order; `value` itself where
 * it is in it already.  From malloc(). */
char *run_options_preload(const char *value, const char *library);

#endif
