/* SPDX-License-Identifier: MIT */
/*
 * The proof of a finding: the operations on the connection that led to the finding.
 */
#ifndef FORKSAN_TOOLS_REPORT_PROOF_H
#define FORKSAN_TOOLS_REPORT_PROOF_H

#include <jansson.h>
#include <stdio.h>

#include "forksan/finding.h"

/* Prints the latest operations of a checked finding's history, up to the finding's own.  Times
 * count from the first printed operation; a mark shows the effect of the last on the other process.
 * Without a history, prints the finding's sentence. */
void proof_print(const json_t *finding, enum kind kind, FILE *out);

#endif
