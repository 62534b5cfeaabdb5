/* SPDX-License-Identifier: MIT */
/*
 * A bug in one sentence, and the bug's place in the source, for the forms that other programs read.
 */
#ifndef FORKSAN_TOOLS_REPORT_DESCRIBE_H
#define FORKSAN_TOOLS_REPORT_DESCRIBE_H

#include "report/bugs.h"

/* Returns "WRONG ANSWERS SEEN (proven): MySQL 127.0.0.1:3306, opened at ..., forked at ..., used at
 * ...", escaped (base/escape.h).  The caller frees the text. */
char *describe_bug(const struct bug *bug);

/* Returns the path of a site's source file for a form: relative where the file is below the working
 * directory, else as the log has it.  NULL: the file is not known.  The text is a part of `site`.
 */
const char *describe_file(const struct site *site);

#endif
