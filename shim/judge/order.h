/* SPDX-License-Identifier: MIT */
/*
 * Which calls overlapped the call being recorded.
 */
#ifndef FORKSAN_SHIM_JUDGE_ORDER_H
#define FORKSAN_SHIM_JUDGE_ORDER_H

#include "judge/record.h"

/* Fills the fields of `c` that say which calls overlapped; the first step of every record. */
void evidence_find_order(struct evidence_context *c);

/* Keeps the two latest records of different processes, the latest first. */
void evidence_note(struct evidence_seen seen[2], struct serial serial, uint32_t sequence);

#endif
