/* SPDX-License-Identifier: MIT */
/*
 * Strict and isolate mode: the claim comes before the bytes, for reads as for writes.  A check
 * before the call and an exchange after the call would let two siblings' first uses both pass.
 */
#ifndef FORKSAN_SHIM_TRACK_USE_CLAIM_H
#define FORKSAN_SHIM_TRACK_USE_CLAIM_H

#include "track/call.h"

/* Claims the connection before the real call; track_begin() calls this function.  A use that breaks
 * the rule, and a goodbye that is foreign, ends the process here in strict mode, and isolates the
 * process in isolate mode.  True: the real call is to be made, if only to meet a dead descriptor.
 * False: call->instead and call->error are what the wrapper returns in its place. */
bool use_claim(struct track_call *call, int flags, const struct iovec *iov, int count);

/* Isolate mode: a read that takes nothing (MSG_PEEK) is how drivers ask whether a connection is
 * alive before they use it.  A process whose use would break the rule is isolated now, so that the
 * driver connects anew in time.  Such a read is no violation; the report is a hazard.  As
 * use_claim(). */
bool use_look(struct track_call *call, int flags);

/* Gives the call's claim back, if there is one: a call that moved no bytes is no use. */
void use_give_back(struct track_call *call);

#endif
