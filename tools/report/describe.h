/* SPDX-License-Identifier: MIT */
/*
 * A bug in one sentence, and its place in the source, for the forms that other programs read.
 */
#ifndef FORKSAN_TOOLS_REPORT_DESCRIBE_H
#define FORKSAN_TOOLS_REPORT_DESCRIBE_H

#include "report/bugs.h"

/* "WRONG ANSWERS SEEN (proven): MySQL 127.0.0.1:3306, opened at ..., forked at ..., used at ...",
 * escaped (base/escape.h).  From malloc(). */
char *describe_bug(const struct bug *bug);

/* The path of a site's source file as a form should name it: below the working directory without
 * that directory, else as it is.  NULL: the file is not known. */
const char *describe_file(const struct site *site);

#endif
