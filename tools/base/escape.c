/* SPDX-License-Identifier: MIT */
/*
 * See escape.h.
 */
#include "base/escape.h"

#include <stdbool.h>

/* Writes the character at `at` to `piece`, escaped where needed.  Returns how many bytes the
 * character took in the source. */
static size_t escape_one(const unsigned char *at, char piece[9])
{
	bool c1 = at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f;

	if (c1) {
		snprintf(piece, 9, "\\x%02x\\x%02x", at[0], at[1]);
		return 2;
	}
	snprintf(piece, 9, at[0] < 0x20 || at[0] == 0x7f ? "\\x%02x" : "%c", at[0]);
	return 1;
}

void escape_text(const char *text, char *out, size_t size)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t len = 0;

	while (*at != '\0') {
		char piece[9];

		at += escape_one(at, piece);
		if (len + sizeof piece > size)
			break;
		len += (size_t)snprintf(out + len, size - len, "%s", piece);
	}
	out[len] = '\0';
}

void escape_print(const char *text, FILE *out)
{
	const unsigned char *at = (const unsigned char *)(text != NULL ? text : "?");

	while (*at != '\0') {
		char piece[9];

		at += escape_one(at, piece);
		fputs(piece, out);
	}
}
