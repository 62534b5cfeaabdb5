/* SPDX-License-Identifier: MIT */
/*
 * The verb `forksan explain`, for the table in main.c.
 */
#ifndef FORKSAN_TOOLS_CMD_EXPLAIN_H
#define FORKSAN_TOOLS_CMD_EXPLAIN_H

struct verb;

/* The verb's name, for messages. */
#define EXPLAIN_VERB "explain"

extern const struct verb verb_explain;

#endif
