/* SPDX-License-Identifier: MIT */
/*
 * How a summary shows the counters.  Each line begins with `prefix`.
 */
#ifndef FORKSAN_TOOLS_COUNTERS_H
#define FORKSAN_TOOLS_COUNTERS_H

#include <stdint.h>
#include <stdio.h>

#include "forksan/finding.h"

/* Prints all: the processes and connections watched, the findings, and every loss that is not
 * zero. */
void counters_print(const uint64_t counters[COUNTER_COUNT], const char *prefix, FILE *out);

/* Prints what is neither found nor lost: last writes that cannot be read.  Nothing where there were
 * none. */
void counters_print_presumed(const uint64_t counters[COUNTER_COUNT], const char *prefix, FILE *out);

/* Prints the losses alone. */
void counters_print_lost(const uint64_t counters[COUNTER_COUNT], const char *prefix, FILE *out);

#endif
