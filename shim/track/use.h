/* SPDX-License-Identifier: MIT */
/*
 * Judging a use: a call that moved bytes.
 *
 * The order is the same everywhere: the protocol is identified, the messages are parsed, a goodbye
 * is judged by its own rule and is no use; then this process's stack is left where the other
 * processes find that stack, the lineage word is exchanged, which is the claim, and the old value
 * of the word is judged; findings come last.  In warn mode all of this follows the call, since only
 * a call that moved bytes is a use.  Strict mode claims before the call (use_claim.h).
 *
 * Any thread, signal handlers.  The caller has made sure of process and descriptor.
 */
#ifndef FORKSAN_SHIM_TRACK_USE_H
#define FORKSAN_SHIM_TRACK_USE_H

#include "track/call.h"

/* Judges a call that moved `moved` > 0 bytes, the first of iov[0..count).  track_end() calls this
 * function. */
void use_judge(struct track_call *call, const struct iovec *iov, int count, size_t moved);

/* Judges a call that moved nothing because the session had ended (goodbye_is_end()): whether this
 * process needed the session that a relative ended, and whether writes that were held back were
 * uses. */
void use_judge_end(struct track_call *call, const struct iovec *iov, int count);

#endif
