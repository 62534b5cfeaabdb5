/* SPDX-License-Identifier: MIT */
/*
 * Uses of a connection of which nobody knows the protocol: judged by direction (judge/lineage.h).
 *
 * Only a process that takes bytes can break the rule: the other process does not get the answers
 * that one takes.  Several writers break no rule (a log or metrics stream), nor does one process
 * that reads while another writes.  A use of such a connection is no hazard, and its shutdown is
 * not judged.
 */
#ifndef FORKSAN_SHIM_TRACK_USE_UNKNOWN_H
#define FORKSAN_SHIM_TRACK_USE_UNKNOWN_H

#include "track/call.h"

/* Judges a call that moved `moved` > 0 bytes on a connection whose protocol nobody knows. */
void use_unknown_judge(struct track_call *call, const struct iovec *iov, int count, size_t moved);

/* Strict mode, before the real call.  True: the call would break the rule over the use *broken.
 * False: the call may go on, and has claimed its way. */
bool use_unknown_claim(struct track_call *call, struct lineage_use *broken);

/* Gives back the claim of use_unknown_claim(), when the call moved no bytes. */
void use_unknown_unclaim(struct track_call *call);

#endif
