/* SPDX-License-Identifier: MIT */
/*
 * The logs that a command line names.
 */
#ifndef FORKSAN_TOOLS_REPORT_FILES_H
#define FORKSAN_TOOLS_REPORT_FILES_H

#include "report/collect.h"

/*
 * Reads the file `name`, packed or not, "-" for stdin, or each file of the directory `name`, in the
 * order of their names.  STATUS_OK: logs, read to their ends, or empty files; else STATUS_USAGE or
 * STATUS_NO_LOG, with a message.
 */
int report_read_file(struct report *report, const char *verb, const char *name);

/* Opens `name` for reading, "-" for stdin, which stays open.  -1, with a message: the file cannot
 * be opened. */
int report_open_file(const char *verb, const char **name);

#endif
