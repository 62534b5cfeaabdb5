/* SPDX-License-Identifier: MIT */
/*
 * Where the hosts of a fleet have seen a bug: the field `fleet` of a store's lines.
 */
#ifndef FORKSAN_TOOLS_REPORT_FLEET_H
#define FORKSAN_TOOLS_REPORT_FLEET_H

#include <jansson.h>
#include <stdio.h>

/* Returns what the finding's `fleet` says, each part of the type that docs/log.md names, or NULL
 * when the finding has none.  The caller owns the object. */
json_t *fleet_take(const json_t *finding);

/* Prints the lines of a bug's screen that only a store has. */
void fleet_print(const json_t *fleet, FILE *out);

#endif
