/* SPDX-License-Identifier: MIT */
/*
 * The conversation on a connection: its evidence (evidence.h) where it lives in the shared slot,
 * the history of its operations, and its opening, from which the rest is understood.
 *
 * Bytes are wanted while a connection opens (SOCKET_UNIDENTIFIED: protocol, login, TLS hello) and
 * from the moment at which two processes may speak on it (SOCKET_EVIDENCE).  In between, one
 * process alone speaks, and its calls take the fast path (call.h).
 *
 * All functions: any thread, signal handlers; no malloc, no lock, nothing waits longer than
 * evidence.h says.  The caller has entered the process and checked the descriptor.
 */
#ifndef FORKSAN_SHIM_CONVERSATION_H
#define FORKSAN_SHIM_CONVERSATION_H

#include "judge/evidence.h"
#include "track/call.h"

/* The bytes of `call` have identified the protocol; `earlier[d]` bytes of each head came before
 * them. Begins to follow the opening. */
void conversation_open(const struct track_call *call, const uint32_t earlier[2]);

/* Others may speak on the connection from now on.  `idle`: nothing was said since they were made,
 * so the next byte begins a message; else nothing is proven before an exchange has ended cleanly.
 */
void conversation_watch(const struct track_call *call, bool idle);

/* Nobody else holds the connection any more: its messages are parsed no longer.  Call it in the
 * process that used the connection last. */
void conversation_unwatch(struct registry_socket *socket);

/* True now and then: when it is time to ask whether others still hold the connection. */
bool conversation_is_due(const struct registry_socket *socket);

/* A process that was killed inside a call on this connection would keep proofs away for ever. */
void conversation_forget_dead(const struct track_call *call);

/* Around the real call, when its bytes are wanted. */
void conversation_enter(struct track_call *call);
void conversation_leave(struct track_call *call);

/* Records what the call moved, in evidence and history, and answers with facts. */
void conversation_record(struct track_call *call, const struct iovec *iov, int count, size_t moved,
			 struct evidence_facts *facts);

/* Strict mode: the facts of a write before it is made.  Reads the caller's memory safely. */
void conversation_foresee(const struct track_call *call, const struct iovec *iov, int count,
			  struct evidence_facts *facts);

/* True while another process is inside a call on the connection. */
bool conversation_is_busy(const struct registry_socket *socket);

/* True when nothing of the conversation can be read (TLS, protocols that are not followed). */
bool conversation_is_opaque(const struct registry_socket *socket);

#endif
