/* SPDX-License-Identifier: MIT */
/*
 * The verb `forksan suppress`, for the table in main.c.
 */
#ifndef FORKSAN_TOOLS_CMD_SUPPRESS_H
#define FORKSAN_TOOLS_CMD_SUPPRESS_H

struct verb;

/* The name of the verb, for messages. */
#define SUPPRESS_VERB "suppress"

extern const struct verb verb_suppress;

#endif
