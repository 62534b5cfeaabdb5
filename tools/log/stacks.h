/* SPDX-License-Identifier: MIT */
/*
 * Stacks that stand once in a log of version 2, found by the ids that findings name.
 */
#ifndef FORKSAN_TOOLS_LOG_STACKS_H
#define FORKSAN_TOOLS_LOG_STACKS_H

#include <jansson.h>

#include "log/record.h"

/* Keeps the frames of a stack record in `stacks` (a JSON object, by id); a full object is emptied,
 * and later findings then have the frames that they show themselves.  Ends the tool when there is
 * no memory. */
void stacks_keep(json_t *stacks, const struct log_record *record);

/* Sets finding->stacks to the frames of the stack records that the finding names, where such a
 * record was read before; finding->json stays as the line has it. */
void stacks_complete(const json_t *stacks, struct log_record *finding);

/* Puts finding->stacks into `whole`, an object of the finding's own line.  Ends the tool when there
 * is no memory. */
void stacks_put(json_t *whole, const struct log_record *finding);

#endif
