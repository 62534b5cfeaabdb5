/* SPDX-License-Identifier: MIT */
/*
 * Stacks that stand once in a log of version 2, by the id that findings name.
 */
#ifndef FORKSAN_TOOLS_LOG_STACKS_H
#define FORKSAN_TOOLS_LOG_STACKS_H

#include <jansson.h>

#include "log/record.h"

/* Keeps the frames of a stack record in `stacks` (a JSON object, by id).  Ends the tool when there
 * is no memory. */
void stacks_keep(json_t *stacks, const struct log_record *record);

/* Puts the frames of the stacks that the finding names in the place of those that it shows, where a
 * record of them was read before.  True when that changed the finding. */
bool stacks_complete(const json_t *stacks, struct log_record *finding);

#endif
