/* SPDX-License-Identifier: MIT */
/*
 * Steps and questions that use.c, use_unknown.c, use_claim.c and other files of this room share.
 *
 * Any thread, signal handlers.  The caller has made sure of process and descriptor.
 */
#ifndef FORKSAN_SHIM_TRACK_USE_PARTS_H
#define FORKSAN_SHIM_TRACK_USE_PARTS_H

#include "track/call.h"

/* True while neither the bytes nor the port or path have identified a protocol, and when the bytes
 * belong to no known protocol. */
bool use_is_unknown(const struct registry_socket *socket);

/* Leaves this thread's stack where a process that is judged against this use finds it.  Call it
 * before the exchange of the lineage word.  `last`: the use that will be replaced. */
void use_publish(const struct track_call *call, struct lineage_use last);

/* True when a write may be the last holder's goodbye in a conversation that cannot be read. */
bool use_may_be_goodbye(const struct track_call *call);

/* Lets calls take the fast path again.  Call it in the process that used the connection last, when
 * no other process holds the connection. */
void use_calm(struct registry_socket *socket);

/* What is done about a violation, beside the report, unless isolate mode isolates. */
enum finding_action use_default_action(void);

/* Makes this use the latest one and returns the use before: this process's own when this process
 * used the connection last, in the same epoch. */
struct lineage_use use_take_lineage(const struct track_call *call);

/* lineage_judge() for this process.  use_count_unknown() counts the connection, once, of which a
 * use cannot be judged (LINEAGE_UNKNOWN); use_lineage() has done that. */
enum lineage_verdict use_lineage(struct registry_socket *socket, struct lineage_use last);
void use_count_unknown(struct registry_socket *socket);

/* Sets call->message, for findings, from the parsed facts. */
void use_name_message(struct track_call *call, const struct evidence_facts *facts);

/* Ends the process (track_stop_by()).  The call is left first: other processes would take an open
 * call for one that is under way. */
_Noreturn void use_stop(struct track_call *call);

#endif
