/* SPDX-License-Identifier: MIT */
/*
 * Claims whose bytes have not moved yet (use_claim.h).
 *
 * A process that is killed between its claim and its bytes has used nothing, but its claim would
 * make the next process's use look broken, and cost a sound connection in isolate mode.  So a claim
 * is pending until its call has returned, and says what it replaced and how far the connection had
 * come: a process that meets the pending claim of a dead process compares, and takes the claim back
 * when no byte has moved since.
 *
 * Only TCP counts its bytes (TCP_INFO, tcp(7)).  On a unix socket the claimant notes when it goes
 * into the call: until then no byte has moved, and from then on the claim of a dead process stands.
 * Any thread, signal handlers; errno is kept.
 */
#ifndef FORKSAN_SHIM_TRACK_PENDING_H
#define FORKSAN_SHIM_TRACK_PENDING_H

#include "track/call.h"

/* Call it before the lineage word `over` is exchanged for this process's own. */
void pending_begin(struct track_call *call, uint64_t over);

/* Call it last before the real call. */
void pending_goes_on(struct track_call *call);

/* Ends the claim: the call has returned, or the exchange has failed. */
void pending_end(struct track_call *call);

/* Takes back the claim `word`, which a use of this process would break, when the process that made
 * the claim was killed before any byte moved.  True: the lineage word is to be judged again. */
bool pending_take_back(const struct track_call *call, uint64_t word);

#endif
