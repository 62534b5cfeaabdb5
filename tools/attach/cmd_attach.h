/* SPDX-License-Identifier: MIT */
/*
 * The verb `forksan attach`, for the table in main.c.
 */
#ifndef FORKSAN_TOOLS_ATTACH_CMD_ATTACH_H
#define FORKSAN_TOOLS_ATTACH_CMD_ATTACH_H

struct verb;

extern const struct verb verb_attach;

#endif
