/* SPDX-License-Identifier: MIT */
/*
 * The part of the calling thread's stack that is known to be readable.
 *
 * A thread's stack is one mapping that ends at a place which is known without asking: the main
 * thread's above the kernel's random bytes (AT_RANDOM), another thread's at its thread pointer,
 * which lies on top of the stack in glibc and musl.  When every page from a frame up to that place
 * can be read, the frame is on the thread's own stack, and what lies above the frame stays mapped
 * for as long as the thread lives.  Each page is asked about once in a thread's life.
 *
 * Frames elsewhere (an alternate signal stack, a coroutine's) are never trusted: their memory may
 * be given back while the thread lives.  Their pages are asked about in each capture, by peek.h.
 */
#ifndef FORKSAN_SHIM_STACK_OWN_STACK_H
#define FORKSAN_SHIM_STACK_OWN_STACK_H

#include "stack/peek.h"

/* Lets `peek` read the caller's frames and those outwards without asking, when they are on the
 * thread's own stack.  Costs no system call from the same depth on.  Async-signal-safe. */
void own_stack_trust(struct peek *peek);

#endif
