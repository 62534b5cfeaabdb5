/* SPDX-License-Identifier: MIT */
/*
 * The types of options: how the text of a value is read, and which values a warning names.
 * Pure, no allocation, no locale.
 */
#ifndef FORKSAN_SHIM_OPTIONS_VALUE_H
#define FORKSAN_SHIM_OPTIONS_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/span.h"
#include "options/options.h"

enum option_type {
	OPTION_BOOL,
	OPTION_MODE,
	OPTION_PATH,
	OPTION_WATCH,
	OPTION_PATTERNS,
	OPTION_STATUS,
	OPTION_VERBOSITY,
	OPTION_LABELS,
	OPTION_SECONDS,
	OPTION_SIZE,
	OPTION_SESSION,
	OPTION_TYPE_COUNT,
};

/* A value being read. */
struct option_reading {
	struct span value;
	bool quoted;
	void *member;	   /* the target: bool, int, uint32_t, uint64_t or char[size_bytes] */
	size_t size_bytes; /* of the member */
	struct span wrong; /* the bad part of a bad value */
};

struct option_value {
	/* False, and the member as it was, when the value is bad. */
	bool (*read)(struct option_reading *reading);
	const char *expected;	  /* NULL: one of `words` */
	const char *const *words; /* to suggest from; may be NULL */
	size_t word_count;
};

extern const char *const option_mode_names[MODE_COUNT];

/* Indexed by enum option_type. */
extern const struct option_value option_values[OPTION_TYPE_COUNT];

#endif
