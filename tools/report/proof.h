/* SPDX-License-Identifier: MIT */
/*
 * What shows that a finding is so: the operations on the connection that led to it.
 */
#ifndef FORKSAN_TOOLS_REPORT_PROOF_H
#define FORKSAN_TOOLS_REPORT_PROOF_H

#include <jansson.h>
#include <stdio.h>

#include "forksan/finding.h"

/* Prints the latest operations of a checked finding's history, up to its own, with times from the
 * first of them and what its own did to the other process; without a history, what the finding
 * says. */
void proof_print(const json_t *finding, enum kind kind, FILE *out);

#endif
