/* SPDX-License-Identifier: MIT */
/*
 * Judging a use: a call that moved bytes.
 *
 * The order is the same everywhere: the protocol is identified, the messages are parsed, a goodbye
 * is judged by its own rule and is no use; then this process's stack is left where the others find
 * it, the lineage word is exchanged, which is the claim, and its old value is judged; findings come
 * last. In warn mode all of it follows the call, since only a call that moved bytes is a use.
 * Strict mode claims before the call (use_strict.h).
 *
 * Any thread, signal handlers.  The caller has made sure of process and descriptor.
 */
#ifndef FORKSAN_SHIM_TRACK_USE_H
#define FORKSAN_SHIM_TRACK_USE_H

#include "track/call.h"

/* Judges a call that moved `moved` > 0 bytes, the first of iov[0..count). */
void use_judge(struct track_call *call, const struct iovec *iov, int count, size_t moved);

/* Judges a call that moved nothing since it met the end of the session (goodbye_is_end()): whether
 * this process needed what a relative has ended, and whether writes that were held back were uses.
 */
void use_judge_end(struct track_call *call, const struct iovec *iov, int count);

#endif
