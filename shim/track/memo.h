/* SPDX-License-Identifier: MIT */
/*
 * The opener's calls while other processes only hold its connection (SOCKET_MEMO): noted in the
 * slot, and parsed when another process uses the connection (judge/memo.h).  docs/decisions/0011.
 *
 *   LINEAGE_OWN, after a fork --memo_start()--> SOCKET_MEMO --memo_replay()--> SOCKET_EVIDENCE
 *                                                    |
 *                                                    +--> neither: no other process holds it any
 * more
 *
 * All functions: any thread, signal handlers; no malloc, no lock; errno is kept.  The caller has
 * called process_enter().
 */
#ifndef FORKSAN_SHIM_TRACK_MEMO_H
#define FORKSAN_SHIM_TRACK_MEMO_H

#include "track/call.h"

/* Begins a memo of this process's calls, if this process has opened the connection.  False: the
 * messages are to be parsed from now on (conversation_watch()). */
bool memo_start(const struct track_call *call);

/* True when the memo is of this process's calls. */
bool memo_is_own(const struct registry_socket *socket);

/* Begins a call of the process whose memo it is.  False: the call is to be looked at like any
 * other. */
bool memo_begin(struct track_call *call);

/* Ends a call that memo_begin() has begun.  errno is kept without being looked at.  False: another
 * process has used the connection meanwhile, and the call is to be judged like any other; the call
 * has entered the conversation then (conversation.h). */
bool memo_end(struct track_call *call, const struct iovec *iov, int count, ssize_t moved);

/* Notes a call of the process whose memo it is, which came another way.  False: it was not noted,
 * since the connection has no memo any more. */
bool memo_note(const struct track_call *call, const struct iovec *iov, int count, size_t moved);

/* Has the memo replayed as records and its calls added to the history; a goodbye in it is noted as
 * that of its process (goodbye.h).  Messages are parsed from here on. */
void memo_replay(const struct track_call *call);

/* Call it before this process closes the descriptor, or shuts the connection down: a goodbye is
 * noted with the stack of that call. */
void track_settle(int fd, struct socket_ref ref);

/* Ends the call of this thread that memo_begin() has begun.  Called before a longjmp(). */
void memo_jump(void);

#endif
