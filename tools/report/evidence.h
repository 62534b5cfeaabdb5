/* SPDX-License-Identifier: MIT */
/*
 * What speaks for a bug beside its proof, and what to do about it.
 */
#ifndef FORKSAN_TOOLS_REPORT_EVIDENCE_H
#define FORKSAN_TOOLS_REPORT_EVIDENCE_H

#include <jansson.h>
#include <stdio.h>

#include "report/bugs.h"

/* The advice for a checked finding. */
void evidence_print_fix(const json_t *finding, FILE *out);

/* How often each kind was seen, on how many connections, in what time; and what to ask the server
 * for the connection of `finding` (NULL: nothing). */
void evidence_print(const struct bug *bug, const json_t *finding, FILE *out);

#endif
