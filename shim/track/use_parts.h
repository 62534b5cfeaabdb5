/* SPDX-License-Identifier: MIT */
/*
 * What the judging of uses is made of: use.c, use_unknown.c, use_strict.c and goodbye.c stand on
 * it.
 *
 * Any thread, signal handlers.  The caller has made sure of process and descriptor.
 */
#ifndef FORKSAN_SHIM_TRACK_USE_PARTS_H
#define FORKSAN_SHIM_TRACK_USE_PARTS_H

#include "track/call.h"

/* True when neither the bytes nor the port or path have identified a protocol, so far, or when the
 * bytes are none of a known one. */
bool use_is_unknown(const struct registry_socket *socket);

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

/* Ends the process.  It leaves the call first: other processes would take it for one that is under
 * way. */
_Noreturn void use_stop(struct track_call *call);

#endif
