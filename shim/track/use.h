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

/* Reports the writes that goodbye_defer() held back on the connection of `read`: the same process
 * has read since, so they were uses. */
void use_judge_deferred(const struct track_call *read);

/* Judges a call that moved nothing since it met the end of the session (goodbye_is_end()): whether
 * this process needed what a relative has ended, and whether writes that were held back were uses.
 */
void use_judge_end(struct track_call *call, const struct iovec *iov, int count);

/* Leaves this thread's stack where a process that is judged against this use finds it.  Call it
 * before the exchange of the lineage word.  `last`: the use that will be replaced. */
void use_publish(const struct track_call *call, struct lineage_use last);

/* True when a write may be the last holder's goodbye in a conversation that cannot be read. */
bool use_may_be_goodbye(const struct track_call *call);

/* Lets the calls of the process that used the connection last take the fast path again: nobody else
 * holds it. */
void use_calm(struct registry_socket *socket);

/* Another process holds the connection too: counts it as open across a fork, once. */
void use_mark_inherited(struct registry_socket *socket);

/* Makes this use the latest one and returns the one before it: its own when the connection was this
 * process's already, in the same epoch. */
struct lineage_use use_take_lineage(const struct track_call *call);

/* Names the call's message, for findings, from what was parsed. */
void use_name_message(struct track_call *call, const struct evidence_facts *facts);

#endif
