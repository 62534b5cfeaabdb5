/* SPDX-License-Identifier: MIT */
/*
 * The interpreters whose frames forksan reads, by version: for the readers (shim/stack) and for
 * the tool, which says beforehand what stacks will show.  Pure.
 */
#ifndef FORKSAN_COMMON_INTERPRETERS_H
#define FORKSAN_COMMON_INTERPRETERS_H

#include <stdbool.h>

#include "forksan/finding.h"

/* False for LANGUAGE_NATIVE, and for a version with structures that no reader knows. */
bool interpreter_is_read(enum language language, unsigned major, unsigned minor);

#endif
