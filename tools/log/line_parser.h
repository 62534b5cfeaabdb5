/* SPDX-License-Identifier: MIT */
/*
 * A line of a log into a JSON object, several times as fast as json_loadb().
 *
 * Most lines repeat most of an earlier line: the stacks, the connection, the labels.  So an object
 * or array that is a member of the line is parsed once and then found by its bytes; and the
 * history, which never repeats and which nobody reads while a log is gathered, is checked and
 * counted, not kept.
 *
 * The result is what json_loadb() gives, but for the missing history.  A line in any other form
 * than the one that the library writes (blanks, escapes in a name) is left to json_loadb().
 */
#ifndef FORKSAN_TOOLS_LOG_LINE_PARSER_H
#define FORKSAN_TOOLS_LOG_LINE_PARSER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct line_parser;

struct line_facts {
	bool has_history; /* left out of the object: an array of `history_len` entries */
	size_t history_len;
	/* A flag of the member `stacks` or `frames`, valid until the next call; NULL: none.  The
	 * caller sets the flag after checking the value, and finds the flag set when equal bytes
	 * come again. */
	bool *checked;
};

struct line_parser *line_parser_new(void);
void line_parser_free(struct line_parser *parser);

/*
 * Returns the line's object, which the caller owns.  NULL: the line is broken, or in another form;
 * the caller then parses the line with json_loadb().
 *
 * Objects and arrays in the result are shared with other results: an addition to a frame shows in
 * all of them.
 */
json_t *line_parse(struct line_parser *parser, const char *text, size_t len_bytes,
		   struct line_facts *facts);

#endif
