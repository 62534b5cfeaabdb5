/* SPDX-License-Identifier: MIT */
/*
 * Text for a terminal of 80 columns, and colours for one that has them.
 */
#ifndef FORKSAN_TOOLS_PARAGRAPH_H
#define FORKSAN_TOOLS_PARAGRAPH_H

#include <stdbool.h>
#include <stdio.h>

#define PARAGRAPH_COLUMNS 80
#define PARAGRAPH_INDENT 13 /* where the text beside a label begins */

/* Prints "   LABEL     text", the text escaped (base/escape.h) and broken at blanks, further lines
 * below its first.  A word that is longer than a line stands on a line of its own, uncut. */
void paragraph_print(const char *label, const char *text, FILE *out);

/* A text in the making: write to `out` between sentence_begin() and sentence_end(). */
struct sentence {
	char *text; /* after sentence_end(); from malloc() */
	size_t len;
	FILE *out;
};

/* Both end the tool when there is no memory. */
void sentence_begin(struct sentence *sentence);
void sentence_end(struct sentence *sentence);

/* sentence_end(), paragraph_print(), and the text's end. */
void sentence_print(struct sentence *sentence, const char *label, FILE *out);

/* The columns that an UTF-8 text takes, a character one. */
size_t paragraph_width(const char *text);

/* True when `out` is a terminal with colours and the user has not asked for none: NO_COLOR is unset
 * or empty, TERM is not "dumb". */
bool paragraph_has_colour(FILE *out);

#endif
