/* SPDX-License-Identifier: MIT */
/*
 * Evidence of protocols whose requests and replies are matched.
 */
#ifndef FORKSAN_SHIM_JUDGE_EXCHANGES_H
#define FORKSAN_SHIM_JUDGE_EXCHANGES_H

#include "judge/record.h"

/* Takes the operation of `c` into the matched exchanges.  Called by evidence.c for every record in
 * EXCHANGES mode and while ALIGNING. */
void evidence_exchange(struct evidence_context *c);

/* Loses track: no outstanding request is known any more, and nothing is proven from here on. */
void evidence_lose(struct evidence_context *c);

#endif
