/* SPDX-License-Identifier: MIT */
/*
 * The calls of this process that are inside the kernel and known to evidence as such.
 *
 * A thread that enters a call may never leave it by returning: siglongjmp() out of a signal
 * handler, pthread_cancel(), the end of its thread.  Evidence would take it for inside for ever,
 * and every later reply for one that it may have taken.  So what each thread has entered stands
 * here, and is ended when the call is known to be over:
 *
 *   it returns                          open_calls_leave()
 *   its thread jumps                    open_calls_jump(), from the wrappers of longjmp()
 *   its frame is gone from the stack    open_calls_enter() of a later call of that thread
 *   its thread has ended                open_calls_forget_dead(), from a later call of any thread
 *   its process has ended or exec'd     conversation_forget_dead(), by the others
 *
 * A call that was taken for over by mistake (a handler that jumps within itself) is recorded as one
 * that overlapped everything: nothing is proven by it.
 *
 * Any thread, signal handlers; no lock, no malloc, no cleanup handler.  A fork child has none.
 */
#ifndef FORKSAN_SHIM_TRACK_OPEN_CALLS_H
#define FORKSAN_SHIM_TRACK_OPEN_CALLS_H

#include "track/call.h"

/* Enters `call`, which lives on this thread's stack, into evidence and here. */
void open_calls_enter(struct track_call *call, struct evidence *evidence,
		      enum wire_direction direction);

/* Leaves it.  False: it was ended before. */
bool open_calls_leave(struct track_call *call, struct evidence *evidence);

/* True while the call has not been ended. */
bool open_calls_has(const struct track_call *call);

/* This thread is about to jump out of what it is inside of. */
void open_calls_jump(void);

/* Ends the calls on that connection whose threads have ended.  A system call for each other thread
 * that is inside a call on it. */
void open_calls_forget_dead(const struct registry_socket *socket);

#endif
