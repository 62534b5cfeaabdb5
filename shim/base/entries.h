/* SPDX-License-Identifier: MIT */
/*
 * Operations by name: one for every line of entries.def.
 */
#ifndef FORKSAN_SHIM_ENTRIES_H
#define FORKSAN_SHIM_ENTRIES_H

enum operation {
	OPERATION_none,
#define ENTRY(name, family, policy, presence) OPERATION_##name,
#define ALIAS(name, of, family)
#include "entries.def"
#undef ENTRY
#undef ALIAS
	OPERATION_COUNT,
};

/* "recv"; NULL for OPERATION_none and anything out of range. */
const char *operation_name(enum operation operation);

#endif
