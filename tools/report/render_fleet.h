/* SPDX-License-Identifier: MIT */
/*
 * The lines of a bug's screen that only a store has: hosts, services and versions.
 */
#ifndef FORKSAN_TOOLS_REPORT_RENDER_FLEET_H
#define FORKSAN_TOOLS_REPORT_RENDER_FLEET_H

#include <jansson.h>
#include <stdio.h>

/* Prints where the hosts of a fleet have seen the bug; `fleet` is the object of struct bug. */
void render_fleet(const json_t *fleet, FILE *out);

#endif
