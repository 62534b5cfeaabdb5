/* SPDX-License-Identifier: MIT */
/*
 * Evidence of protocols whose requests and replies are matched.
 */
#ifndef FORKSAN_SHIM_JUDGE_EXCHANGES_H
#define FORKSAN_SHIM_JUDGE_EXCHANGES_H

#include "judge/record.h"

void evidence_exchange(struct evidence_context *c);

/* Track is lost: nothing that is outstanding is known any more, and nothing is proven from here on.
 */
void evidence_lose(struct evidence_context *c);

#endif
