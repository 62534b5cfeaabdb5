/* SPDX-License-Identifier: MIT */
/*
 * Parts of texts.  See span.h.
 */
#include "common/span.h"

#include <string.h>

struct span span_from(const char *text)
{
	return (struct span){text, strlen(text)};
}

bool span_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

struct span span_trim(struct span span)
{
	while (span.len > 0 && span_is_blank(span.start[0])) {
		span.start++;
		span.len--;
	}
	while (span.len > 0 && span_is_blank(span.start[span.len - 1]))
		span.len--;
	return span;
}

struct span span_next_item(struct span *list)
{
	const char *comma = memchr(list->start, ',', list->len);
	struct span item = *list;
	size_t taken = list->len;

	if (comma != NULL) {
		item.len = (size_t)(comma - list->start);
		taken = item.len + 1;
	}
	list->start += taken;
	list->len -= taken;
	return span_trim(item);
}

/* Not memcmp(), for the reason of count_digits() in session.c. */
bool span_is(struct span span, const char *word)
{
	size_t n = 0;

	while (n < span.len && word[n] != '\0' && span.start[n] == word[n])
		n++;
	return n == span.len && word[n] == '\0';
}

int span_find(struct span span, const char *const words[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_is(span, words[i]))
			return (int)i;
	return -1;
}
