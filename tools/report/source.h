/* SPDX-License-Identifier: MIT */
/*
 * The source lines around a place, for --source.
 *
 * A line of source may hold a password.  So the content of every string is shown as "...", and so
 * is what follows a name like "password" or "token" and a '=' or ':', and the part of a URL before
 * '@'.
 */
#ifndef FORKSAN_TOOLS_REPORT_SOURCE_H
#define FORKSAN_TOOLS_REPORT_SOURCE_H

#include <stdio.h>

#include "report/site.h"

/* Prints the site's line and its neighbours, as far as the file can be read here; nothing for a
 * file that cannot.  The path comes from the log: nothing that is no regular file is opened for
 * reading. */
void source_print(const struct site *site, FILE *out);

/* Masks the line in place; the result is never longer.  Pure. */
void source_mask(char *line);

#endif
