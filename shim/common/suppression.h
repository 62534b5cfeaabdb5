/* SPDX-License-Identifier: MIT */
/*
 * An entry of a suppressions file: findings that are known and accepted.
 *
 *     entry   = word { blanks word }                     one a line; all words must fit
 *     word    = what ':' pattern  |  what ':' " pattern with blanks "
 *     what    = kind | protocol | class | peer           of the finding, of its connection
 *             | function | file | module                 of any frame of any stack
 *             | fingerprint                              16 digits
 *
 * A pattern is a shell's: `*` stands for any bytes, `?` for one byte, [abc], [a-z] and [!a-z] for
 * one byte out of a set, and `\` takes the meaning from the byte that follows.
 *
 * Pure; no allocation, no locale.  Library and tool know the values differently, and are asked for
 * each word.
 */
#ifndef FORKSAN_COMMON_SUPPRESSION_H
#define FORKSAN_COMMON_SUPPRESSION_H

#include <stdbool.h>

#include "common/span.h"

#define SUPPRESSION_PATTERN_BYTES 512 /* a pattern is shorter */

enum suppression_word {
	SUPPRESSION_KIND,
	SUPPRESSION_PROTOCOL,
	SUPPRESSION_CLASS,
	SUPPRESSION_PEER,
	SUPPRESSION_FUNCTION,
	SUPPRESSION_FILE,
	SUPPRESSION_MODULE,
	SUPPRESSION_FINGERPRINT,
	SUPPRESSION_WORDS,
};

extern const char *const suppression_words[SUPPRESSION_WORDS];

/* Returns the entry of a line: the text behind its blanks; NULL: the line is empty or a comment. */
const char *suppression_of_line(const char *line);

/* True when each word of the entry is one.  Else *fault is the text in the place of a word, and
 * *guess the name that was meant, NULL for none. */
bool suppression_is_good(const char *entry, struct span *fault, const char **guess);

/* True when that value of the finding fits the pattern; of several values (frames) one has to. */
typedef bool suppression_ask(void *finding, enum suppression_word word, struct span pattern);

/* True when every word of a good entry fits the finding. */
bool suppression_fits(const char *entry, suppression_ask *ask, void *finding);

bool suppression_pattern_fits(struct span pattern, struct span text);

#endif
