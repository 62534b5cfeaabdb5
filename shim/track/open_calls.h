/* SPDX-License-Identifier: MIT */
/*
 * The calls of this process that are inside the kernel and known to evidence as such.
 *
 * A thread that enters a call may never leave the call by returning: siglongjmp() out of a signal
 * handler, pthread_cancel(), the end of the thread.  Evidence would take the call for open for
 * ever, and every later reply for one that the call may have taken.  So each call that a thread has
 * entered stands here, and is ended when the call is known to be over:
 *
 *   the call returns                     open_calls_leave()
 *   the thread jumps                     open_calls_jump(), from the wrappers of longjmp()
 *   the frame is gone from the stack     open_calls_enter() of a later call of the thread
 *   the thread has ended by libc         open_calls_jump(), from thread_end.h
 *   the thread has ended by exit(2)      open_calls_forget_dead(), from a later call of any thread
 *   the process has ended or exec'd      conversation_forget_dead(), by the others
 *
 * A call that was ended by mistake (a handler that jumps within itself) is recorded as one that
 * overlapped everything: such a record proves nothing.
 *
 * Any thread, signal handlers; no lock, no malloc, no cleanup handler.  A fork child starts with no
 * open calls.
 */
#ifndef FORKSAN_SHIM_TRACK_OPEN_CALLS_H
#define FORKSAN_SHIM_TRACK_OPEN_CALLS_H

#include "base/wiped.h"
#include "track/call.h"

/* In track_call.open: a call without an entry, which is left by returning or not at all. */
#define OPEN_CALLS_NO_ROOM WIPED_OPEN_CALLS

/* Enters `call`, which lives on this thread's stack, into evidence and here. */
void open_calls_enter(struct track_call *call, struct evidence *evidence,
		      enum wire_direction direction);

/* Leaves `call`.  False: the call was ended before. */
bool open_calls_leave(struct track_call *call, struct evidence *evidence);

/* True while the call has not been ended. */
bool open_calls_has(const struct track_call *call);

/* Ends all calls of this thread, which is about to jump out of them. */
void open_calls_jump(void);

/* Ends the calls on that connection whose threads have ended.  Makes a system call for each other
 * thread that is inside a call on the connection. */
void open_calls_forget_dead(const struct registry_socket *socket);

#endif
