/* SPDX-License-Identifier: MIT */
/*
 * Text for a terminal of 80 columns, and colours for a terminal that has colours.
 */
#ifndef FORKSAN_TOOLS_PARAGRAPH_H
#define FORKSAN_TOOLS_PARAGRAPH_H

#include <stdbool.h>
#include <stdio.h>

#define PARAGRAPH_COLUMNS 80
#define PARAGRAPH_INDENT 13 /* where the text beside a label begins */

/* Prints "   LABEL     text", the text escaped (base/escape.h) and broken at blanks, with further
 * lines below the first.  A word that is longer than a line stands uncut on a line of its own. */
void paragraph_print(const char *label, const char *text, FILE *out);

/* A text under construction: write to `out` between sentence_begin() and sentence_end(). */
struct sentence {
	char *text; /* set by sentence_end(), from malloc(); the caller frees */
	size_t len;
	FILE *out;
};

/* Both end the tool when there is no memory. */
void sentence_begin(struct sentence *sentence);
void sentence_end(struct sentence *sentence);

/* Ends the sentence, prints the text with paragraph_print(), and frees the text. */
void sentence_print(struct sentence *sentence, const char *label, FILE *out);

/* The columns that a UTF-8 text takes: one for each character. */
size_t paragraph_width(const char *text);

/* True when `out` is a terminal with colours and the user has not refused colours: NO_COLOR is
 * unset or empty, TERM is not "dumb". */
bool paragraph_has_colour(FILE *out);

#endif
