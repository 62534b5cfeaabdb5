/* SPDX-License-Identifier: MIT */
/*
 * See option_value.h.
 */
#include "base/option_value.h"

#include <stdio.h>

#include "common/option_text.h"

bool option_value(const char *text, const char *key, char *out, size_t size)
{
	struct option_entry entry;
	bool found = false;

	while (text != NULL && option_text_next(&text, &entry)) {
		if (entry.fault != OPTION_GOOD || !span_is(entry.key, key))
			continue;
		snprintf(out, size, "%.*s", (int)entry.value.len, entry.value.start);
		found = true;
	}
	return found;
}
