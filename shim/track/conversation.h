/* SPDX-License-Identifier: MIT */
/*
 * The conversation on a connection: its evidence (evidence.h), which lives in the shared slot, the
 * history of its operations (history.h), and its opening, from which the rest is understood.
 *
 * The bytes of calls are wanted while a connection opens (SOCKET_UNIDENTIFIED: protocol, login, TLS
 * hello) and from the moment at which two processes may speak on the connection (SOCKET_EVIDENCE).
 * In between, one process alone speaks, and the calls of that process take the fast path (call.h).
 *
 * All functions: any thread, signal handlers; no malloc, no lock, no wait longer than some
 * milliseconds (conversation.c), but for conversation_await_writers().  The caller has called
 * process_enter() and checked the descriptor.
 */
#ifndef FORKSAN_SHIM_CONVERSATION_H
#define FORKSAN_SHIM_CONVERSATION_H

#include "judge/evidence.h"
#include "track/call.h"

/* The evidence in the slot of a connection. */
static inline struct evidence *conversation_evidence(const struct registry_socket *socket)
{
	return (struct evidence *)(uintptr_t)socket->evidence;
}

/* Begins to parse the opening.  identify_protocol() calls this function once the bytes of `call`
 * have identified the protocol.  `earlier[d]`: the bytes of head d that came before `call`. */
void conversation_open(const struct track_call *call, const uint32_t earlier[2]);

/* Begins to parse the messages (SOCKET_EVIDENCE), since other processes may speak on the connection
 * from now on; does nothing when the messages are parsed already.  track_begin() and track_late()
 * call this function.  `idle`: no byte has moved since those processes were made, so the next byte
 * begins a message; else nothing is proven before an exchange has ended cleanly. */
void conversation_watch(const struct track_call *call, bool idle);

/* Ends the parsing of messages: no other process holds the connection any more.  Call it in the
 * process that used the connection last. */
void conversation_unwatch(struct registry_socket *socket);

/* True after every RECORDS_PER_LOOK records (conversation.c): the caller should ask whether other
 * processes still hold the connection, which costs system calls. */
bool conversation_is_due(const struct registry_socket *socket);

/* Ends the calls on the connection whose process or thread was killed inside: such a call would
 * keep proofs away for ever.  track_begin() calls this function before conversation_enter(). */
void conversation_forget_dead(const struct track_call *call);

/* True when the bytes of calls are wanted, and can be read. */
static inline bool conversation_wants(const struct registry_socket *socket)
{
	return load_relaxed(&socket->protocol) != PROTOCOL_UNKNOWN &&
	       (load_relaxed(&socket->flags) & TRACK_WANTS_BYTES) != 0;
}

/* Call them around the real call when the bytes of the call are wanted.  conversation_leave() does
 * nothing for a call that has not entered, or has left before. */
void conversation_enter(struct track_call *call);
void conversation_leave(struct track_call *call);

/* Waits, a second at most, until no other process is inside a write.  Call it in a process that has
 * met the end of the session, before it looks who ended it: the server may have closed before the
 * one who said goodbye could note that. */
void conversation_await_writers(const struct track_call *call);

/* Records the `moved` > 0 bytes of a call, the first of iov[0..count), in evidence and history, and
 * fills *facts.  The call has left the conversation afterwards, unless it said goodbye. */
void conversation_record(struct track_call *call, const struct iovec *iov, int count, size_t moved,
			 struct evidence_facts *facts);

/* This thread is about to jump out of a signal handler, perhaps out of a record. */
void conversation_jump(void);

/* Fills *facts for a write whose bytes have not moved: in strict mode before the real call, and for
 * a write that met the end of the session.  The caller's memory is read safely; unreadable memory
 * leaves *facts zero. */
void conversation_foresee(const struct track_call *call, const struct iovec *iov, int count,
			  struct evidence_facts *facts);

/* True while another process is inside a call on the connection. */
bool conversation_is_busy(const struct registry_socket *socket);

/* True when no message of the conversation can be read: TLS, and protocols that are not parsed. */
bool conversation_is_opaque(const struct registry_socket *socket);

#endif
