/* SPDX-License-Identifier: MIT */
/*
 * The one line that sums up a session or a log.
 */
#ifndef FORKSAN_TOOLS_LOG_VERDICT_H
#define FORKSAN_TOOLS_LOG_VERDICT_H

#include <stdint.h>
#include <stdio.h>

#include "forksan/finding.h"
#include "log/complete.h"

/* Prints the verdict as one line that begins with `prefix`.  `found` holds the number of findings,
 * by level; `noun` names the things counted, NULL: findings. */
void verdict_print(const uint64_t found[LEVEL_COUNT], const char *noun,
		   const struct completeness *complete, const char *prefix, FILE *out);

#endif
