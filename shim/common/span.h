/* SPDX-License-Identifier: MIT */
/*
 * A span: a part of a text that the span does not own, not NUL-terminated.  Pure, no allocation, no
 * locale.
 */
#ifndef FORKSAN_COMMON_SPAN_H
#define FORKSAN_COMMON_SPAN_H

#include <stdbool.h>
#include <stddef.h>

struct span {
	const char *start;
	size_t len;
};

struct span span_from(const char *text);

/* Blank, tabulator, carriage return. */
bool span_is_blank(char c);

/* The span without the blanks at both ends. */
struct span span_trim(struct span span);

/* Takes the item before the next comma, and the comma, off `list`; returns the trimmed item. */
struct span span_next_item(struct span *list);

bool span_is(struct span span, const char *word);

/* The index of the word that the span is, or -1. */
int span_find(struct span span, const char *const words[], size_t count);

#endif
