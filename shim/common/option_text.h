/* SPDX-License-Identifier: MIT */
/*
 * The grammar of FORKSAN_OPTIONS, for the library, which reads it, and for `forksan run`, which
 * adds to it.
 *
 *     text      = { separator } { entry { separator } }
 *     separator = ':' | ',' | blank | newline              as with the sanitizers
 *     entry     = key '=' value                            blanks around '=' are dropped
 *     key       = letter { letter | digit | '_' | '-' }
 *     value     = ' any but ' '  |  " any but " "  |  plain
 *
 * A plain value ends at separators that the next entry's "key=" follows, or the end of the text.
 * Other separators belong to the value: lists (watch=database,cache), addresses with ports
 * (ignore=127.0.0.1:3306,[::1]:5432) and paths with blanks need no quotes, and a value that was cut
 * short by a misplaced colon cannot pass for a good one.  There is no escape character.
 */
#ifndef FORKSAN_COMMON_OPTION_TEXT_H
#define FORKSAN_COMMON_OPTION_TEXT_H

#include <stdbool.h>

#include "common/span.h"

enum option_fault {
	OPTION_GOOD,
	OPTION_NO_KEY,	    /* `found`: the text in the place of an entry */
	OPTION_OPEN_QUOTE,  /* `found`: the quote and all that follows */
	OPTION_AFTER_QUOTE, /* `found`: the text from the closing quote to the next entry */
};

struct option_entry {
	enum option_fault fault;
	struct span key;   /* empty for OPTION_NO_KEY */
	struct span value; /* without its quotes; means something for OPTION_GOOD alone */
	bool quoted;
	struct span found;
};

/* A value that says yes or no: 1 for 1, yes, true and on, 0 for their opposites, -1 for anything
 * else. */
int option_text_bool(struct span value);

/* Reads the next entry of *text, and moves *text behind the entry.  False at the end of the text.
 * Spans point into the text. */
bool option_text_next(const char **text, struct option_entry *entry);

#endif
