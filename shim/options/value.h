/* SPDX-License-Identifier: MIT */
/*
 * The types of options: how the text of a value is read, and what a complaint says was expected.
 * Pure, no allocation, no locale.
 */
#ifndef FORKSAN_SHIM_OPTIONS_VALUE_H
#define FORKSAN_SHIM_OPTIONS_VALUE_H

#include <stdbool.h>
#include <stddef.h>

/* A part of a text; not NUL-terminated. */
struct piece {
	const char *start;
	size_t len;
};

struct piece piece_from(const char *text);
bool piece_is_blank(char c);

/* Without the blanks at both ends. */
struct piece piece_trim(struct piece piece);

/* Takes what stands before the next comma off the front of `list`, trimmed. */
struct piece piece_next(struct piece *list);

/* The index of the word that the piece is, or -1. */
int piece_find(struct piece piece, const char *const words[], size_t count);

enum option_type {
	OPTION_BOOL,
	OPTION_MODE,
	OPTION_PATH,
	OPTION_WATCH,
	OPTION_PATTERNS,
	OPTION_STATUS,
	OPTION_VERBOSITY,
	OPTION_SESSION,
	OPTION_TYPE_COUNT,
};

/* A value being read. */
struct option_reading {
	struct piece value;
	void *member;	    /* where it goes: bool, int, uint32_t or char[size_bytes] */
	size_t size_bytes;  /* of the member */
	struct piece wrong; /* set when the value is bad: the part that is */
};

struct option_value {
	/* False, and the member as it was, when the value is bad. */
	bool (*read)(struct option_reading *reading);
	const char *expected;
	const char *const *words; /* to suggest from; may be NULL */
	size_t word_count;
};

/* Indexed by enum option_type. */
extern const struct option_value option_values[OPTION_TYPE_COUNT];

#endif
