/* SPDX-License-Identifier: MIT */
/*
 * Evidence of conversations that cannot be parsed.
 */
#ifndef FORKSAN_SHIM_JUDGE_TURNS_H
#define FORKSAN_SHIM_JUDGE_TURNS_H

#include "judge/record.h"

/* Takes the operation of `c` into the turns.  Called for every record outside EXCHANGES mode. */
void evidence_take_turn(struct evidence_context *c);

#endif
