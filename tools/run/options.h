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

/* `text` (NULL: none) with the session, and with strict mode and the log where wanted, appended.
 * From malloc(); NULL when `log_path` cannot be written as a value (both kinds of quotes in it). */
char *run_options_add(const char *text, const char *session, bool strict, const char *log_path);

/* LD_PRELOAD: `library` before what `value` (NULL: none) holds, in its order; `value` itself where
 * it is in it already.  From malloc(). */
char *run_options_preload(const char *value, const char *library);

#endif
