/* SPDX-License-Identifier: MIT */
/*
 * The closest name to a mistyped word.  See suggest.h.
 */
#include "common/suggest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A word of so many letters that begins a name is meant for that name. */
#define PREFIX_LETTERS 4

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* True when the word is the beginning of the name, but not all of it. */
static bool begins(const char *word, size_t len, const char *name)
{
	size_t i = 0;

	while (i < len && name[i] != '\0' && lower(word[i]) == lower(name[i]))
		i++;
	return i == len && name[i] != '\0';
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Three rows of the table "distance of a's first i letters to b's first j": a swap looks back two.
 */
size_t suggest_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	uint8_t rows[3][SUGGEST_MAX_LEN + 1];

	if (a_len > SUGGEST_MAX_LEN || b_len > SUGGEST_MAX_LEN)
		return SUGGEST_MAX_LEN + 1;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = (uint8_t)j;
	for (size_t i = 1; i <= a_len; i++) {
		uint8_t *row = rows[i % 3];
		const uint8_t *above = rows[(i + 2) % 3];
		const uint8_t *above2 = rows[(i + 1) % 3];

		row[0] = (uint8_t)i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t replaced =
				above[j - 1] + (size_t)(lower(a[i - 1]) != lower(b[j - 1]));
			size_t best = min3(above[j] + 1u, row[j - 1] + 1u, replaced);

			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				best = min3(best, best, above2[j - 2] + 1u);
			row[j] = (uint8_t)best;
		}
	}
	return rows[a_len % 3][b_len];
}

const char *suggest_closest(const char *word, size_t len, const char *const names[], size_t count)
{
	const char *closest = NULL;
	size_t closest_distance = SUGGEST_MAX_LEN + 1;

	for (size_t i = 0; i < count; i++) {
		size_t name_len = strlen(names[i]);
		size_t distance = suggest_distance(word, len, names[i], name_len);
		size_t allowed = name_len / 3 > 2 ? name_len / 3 : 2;

		if (len >= PREFIX_LETTERS && begins(word, len, names[i]))
			distance = 1;
		if (distance <= allowed && distance < name_len && distance < closest_distance) {
			closest = names[i];
			closest_distance = distance;
		}
	}
	return closest;
}
