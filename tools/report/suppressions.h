/* SPDX-License-Identifier: MIT */
/*
 * A file of findings that are known and accepted: an entry a line (common/suppression.h); '#'
 * begins a comment line.
 */
#ifndef FORKSAN_TOOLS_REPORT_SUPPRESSIONS_H
#define FORKSAN_TOOLS_REPORT_SUPPRESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "log/record.h"

struct suppressions;

/* Reads the file.  NULL, with a message of `verb`, when the file cannot be read or a line is wrong.
 */
struct suppressions *suppressions_read(const char *verb, const char *path);
void suppressions_free(struct suppressions *suppressions);

/* True when an entry fits the finding; the first such entry counts the finding. */
bool suppressions_fit(struct suppressions *suppressions, const struct log_record *finding,
		      uint64_t fingerprint);

/* Prints each entry that nothing has fitted, as "PATH:LINE: ENTRY"; returns how many. */
size_t suppressions_print_unused(const struct suppressions *suppressions, const char *prefix,
				 FILE *out);

#endif
