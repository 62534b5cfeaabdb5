/* SPDX-License-Identifier: MIT */
/*
 * The verb `forksan run`, for the table in main.c.
 */
#ifndef FORKSAN_TOOLS_CMD_RUN_H
#define FORKSAN_TOOLS_CMD_RUN_H

struct verb;

/* The verb's name, for messages. */
#define RUN_VERB "run"

extern const struct verb verb_run;

#endif
