/* SPDX-License-Identifier: MIT */
/*
 * How a summary shows the counters.  Each line begins with `prefix`.
 */
#ifndef FORKSAN_TOOLS_COUNTERS_H
#define FORKSAN_TOOLS_COUNTERS_H

#include <stdint.h>
#include <stdio.h>

#include "forksan/finding.h"

/* The whole: what was watched, what was found, and every loss that is not zero. */
void counters_print(const uint64_t counters[COUNTER_COUNT], const char *prefix, FILE *out);

/* The losses alone. */
void counters_print_lost(const uint64_t counters[COUNTER_COUNT], const char *prefix, FILE *out);

#endif
