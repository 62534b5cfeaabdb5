/* SPDX-License-Identifier: MIT */
/*
 * The evidence of a bug beside the proof, and the advice to mend the bug.
 */
#ifndef FORKSAN_TOOLS_REPORT_EVIDENCE_H
#define FORKSAN_TOOLS_REPORT_EVIDENCE_H

#include <jansson.h>
#include <stdio.h>

#include "report/bugs.h"

/* Prints the advice for a checked finding. */
void evidence_print_fix(const json_t *finding, FILE *out);

/* Prints how often each kind was seen, on how many connections, in which time; and the query that
 * shows the connection of `finding` at the server (NULL: no query). */
void evidence_print(const struct bug *bug, const json_t *finding, FILE *out);

#endif
