/* SPDX-License-Identifier: MIT */
/*
 * The names of entries.def.
 */
#include "base/entries.h"

#include <stddef.h>

/* No pointers: see struct redis_command. */
#define LONGEST_NAME_BYTES 16

const char *operation_name(enum operation operation)
{
	static const char names[OPERATION_COUNT][LONGEST_NAME_BYTES] = {
		"",
#define ENTRY(name, family, policy, presence) #name,
#define ALIAS(name, of, family)
#include "entries.def"
#undef ENTRY
#undef ALIAS
	};

	unsigned n = (unsigned)operation;

	return n > 0 && n < OPERATION_COUNT ? names[n] : NULL;
}
