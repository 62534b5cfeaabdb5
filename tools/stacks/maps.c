/* SPDX-License-Identifier: MIT */
/* See maps.h. */
#include "stacks/maps.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* False for "7f00-7f10 rw-s ...". */
static bool is_private(const char *line)
{
	const char *rights = strchr(line, ' ');

	return rights != NULL && strnlen(rights, 5) == 5 && rights[4] == 'p';
}

FILE *maps_read(FILE *list)
{
	char *line = NULL, *text = NULL;
	size_t room = 0, len = 0;
	FILE *kept = open_memstream(&text, &len), *result = NULL;

	while (kept != NULL && getline(&line, &room, list) > 0)
		if (is_private(line))
			fputs(line, kept);
	free(line);
	fclose(list);
	if (kept == NULL || fclose(kept) != 0)
		return NULL;
	/* The stream has a copy of its own. */
	if (len > 0 && (result = fmemopen(NULL, len, "r+")) != NULL) {
		fwrite(text, 1, len, result);
		rewind(result);
	}
	free(text);
	return result;
}
