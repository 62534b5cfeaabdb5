/* SPDX-License-Identifier: MIT */
/*
 * The part of the calling thread's stack that is known to be readable.
 *
 * A thread's stack is one mapping that ends at a place which is known without asking: the main
 * thread's at the kernel's random bytes (AT_RANDOM), another thread's at the thread pointer, which
 * lies on top of the stack in glibc and musl.  When every page from a frame up to that place can be
 * read, the frame is on the thread's own stack, and what lies above the frame stays mapped for as
 * long as the thread lives.  Each page is asked about once in a thread's life.
 *
 * Frames elsewhere (an alternate signal stack, a coroutine's) are never trusted: the memory of such
 * a frame may be given back while the thread lives.  Pages elsewhere are asked about in each
 * capture, by peek.h.
 */
#ifndef FORKSAN_SHIM_STACK_OWN_STACK_H
#define FORKSAN_SHIM_STACK_OWN_STACK_H

#include "stack/peek.h"

/* Called at the beginning of a native walk.  Lets `peek` read the caller's frame and those outwards
 * without asking, when the frames are on the thread's own stack.  Costs no system call from the
 * same depth on.  Async-signal-safe. */
void own_stack_trust(struct peek *peek);

#endif
