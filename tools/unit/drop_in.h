/* SPDX-License-Identifier: MIT */
/*
 * The drop-in that puts a service under forksan: its place, its text, writing and removing it.
 */
#ifndef FORKSAN_TOOLS_UNIT_DROP_IN_H
#define FORKSAN_TOOLS_UNIT_DROP_IN_H

#include <stdbool.h>
#include <stdio.h>

#include "unit/unit_file.h"

/* After a unit's own drop-ins, so that what they set for LD_PRELOAD is known and kept. */
#define DROP_IN_NAME "90-forksan.conf"

struct drop_in {
	char directory[PATH_MAX]; /* ...UNIT.d */
	char path[PATH_MAX];
};

/* Where the drop-in of the unit is, below `root`; `is_runtime`: gone with the next boot.  False:
 * the path is too long. */
bool drop_in_place(struct drop_in *drop_in, const struct unit *unit, const char *root,
		   bool is_runtime);

/* Writes the text.  `options`: more FORKSAN_OPTIONS, or NULL. */
void drop_in_print(FILE *out, const struct unit *unit, const char *library, const char *options);

/* 0, or an errno. */
int drop_in_write(const struct drop_in *drop_in, const struct unit *unit, const char *library,
		  const char *options);

/* Removes the file, and the directory when nothing else is in it.  0, or an errno. */
int drop_in_remove(const struct drop_in *drop_in);

#endif
