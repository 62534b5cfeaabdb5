/* SPDX-License-Identifier: MIT */
/*
 * See level.h.
 */
#include "log/level.h"

#include <stddef.h>
#include <string.h>

#include "common/names.h"
#include "common/suggest.h"
#include "base/cli.h"

bool level_read(const char *verb, const char *text, enum level *level)
{
	const char *names[LEVEL_COUNT], *guess;

	for (int i = 0; i < LEVEL_COUNT; i++) {
		names[i] = level_name((enum level)i);
		if (strcmp(text, names[i]) != 0)
			continue;
		*level = (enum level)i;
		return true;
	}
	guess = suggest_closest(text, strlen(text), names, LEVEL_COUNT);
	cli_error(verb, "--fail-on: expected notice, hazard or violation, found %s%s%s%s", text,
		  guess != NULL ? "; did you mean " : "", guess != NULL ? guess : "",
		  guess != NULL ? "?" : "");
	return false;
}
