/* SPDX-License-Identifier: MIT */
/*
 * The verb `forksan report`, for the table in main.c.
 */
#ifndef FORKSAN_TOOLS_CMD_REPORT_H
#define FORKSAN_TOOLS_CMD_REPORT_H

struct verb;

/* The verb's name, for messages. */
#define REPORT_VERB "report"

extern const struct verb verb_report;

#endif
