/* SPDX-License-Identifier: MIT */
/*
 * How a summary shows the counters.
 */
#ifndef FORKSAN_TOOLS_COUNTERS_H
#define FORKSAN_TOOLS_COUNTERS_H

#include <stdint.h>
#include <stdio.h>

#include "forksan/finding.h"

/* Writes the summary of `counters`, each line beginning with `prefix`: what was watched, what was
 * found, and every loss that is not zero. */
void counters_print(const uint64_t counters[COUNTER_COUNT], const char *prefix, FILE *out);

#endif
