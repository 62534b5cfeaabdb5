/* SPDX-License-Identifier: MIT */
/*
 * The names of entries.def.
 */
#include "base/entries.h"

#include <stddef.h>

const char *operation_name(enum operation operation)
{
	static const char *const names[OPERATION_COUNT] = {
		NULL,
#define ENTRY(name, family, policy, presence) #name,
#define ALIAS(name, of, family)
#include "entries.def"
#undef ENTRY
#undef ALIAS
	};

	return (unsigned)operation < OPERATION_COUNT ? names[operation] : NULL;
}
