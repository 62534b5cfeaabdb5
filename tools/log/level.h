/* SPDX-License-Identifier: MIT */
/*
 * The value of --fail-on, which several verbs have.
 */
#ifndef FORKSAN_TOOLS_LOG_LEVEL_H
#define FORKSAN_TOOLS_LOG_LEVEL_H

#include <stdbool.h>

#include "forksan/finding.h"

/* Reads `notice`, `hazard` or `violation`.  False, with a message of `verb`: it is none of them. */
bool level_read(const char *verb, const char *text, enum level *level);

#endif
