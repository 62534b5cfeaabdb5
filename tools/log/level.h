/* SPDX-License-Identifier: MIT */
/*
 * The value of --fail-on, which several verbs have.
 */
#ifndef FORKSAN_TOOLS_LOG_LEVEL_H
#define FORKSAN_TOOLS_LOG_LEVEL_H

#include <stdbool.h>

#include "forksan/finding.h"

/* Reads `notice`, `hazard` or `violation` into *level.  False, with a message of `verb`: the text
 * is another word. */
bool level_read(const char *verb, const char *text, enum level *level);

#endif
