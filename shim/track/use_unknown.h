/* SPDX-License-Identifier: MIT */
/*
 * Uses of a connection of which nobody knows the protocol: judged by direction (judge/lineage.h).
 *
 * Only a process that takes bytes can break the rule: answers that one takes the other does not
 * get. Several writers are none (a log or metrics stream), nor is one that reads what another
 * writes; using such a connection is no hazard, and how it is shut down is not judged.
 */
#ifndef FORKSAN_SHIM_TRACK_USE_UNKNOWN_H
#define FORKSAN_SHIM_TRACK_USE_UNKNOWN_H

#include "track/call.h"

/* Judges a call that moved `moved` > 0 bytes on a connection of that kind. */
void use_unknown_judge(struct track_call *call, const struct iovec *iov, int count, size_t moved);

/* Strict mode: the use that a read would break the rule over, before its bytes move.  False: the
 * call may go on, and has claimed its way. */
bool use_unknown_claim(struct track_call *call, struct lineage_use *broken);

/* Gives the claim back. */
void use_unknown_unclaim(struct track_call *call);

#endif
