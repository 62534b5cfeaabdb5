/* SPDX-License-Identifier: MIT */
/*
 * A claim on a static buffer that a thread may leave at any instruction without giving the buffer
 * back: by siglongjmp() or an exception out of a signal handler, by pthread_cancel(), by ending.
 *
 *   free --claim_try()--> held --claim_release()--> free
 *                          |
 *                          +-- left: taken over by the same thread's next claim_try() once the
 *                              stack frame that held it is gone, or by any thread's
 *                              claim_take_over() when it has been in doubt for CLAIM_DOUBT_NS
 *
 * No system call unless a claim was left or all are held.  A holder that is stopped for longer than
 * the doubt lasts may find another holder at work in the same buffer and read nonsense there, so a
 * user bounds every index that is read back from the buffer.
 *
 * Async-signal-safe; any thread, fork child and vfork child.  Zero bytes are a free claim.
 */
#ifndef FORKSAN_SHIM_CLAIM_H
#define FORKSAN_SHIM_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

/* A stack takes microseconds; a thread that has not finished a stack in this time has left the
 * claim. */
#define CLAIM_DOUBT_NS UINT64_C(10000000000)

struct claim {
	_Atomic uintptr_t owner;     /* 0: free; else the thread's word in claim.c */
	_Atomic uintptr_t frame;     /* the holder's stack frame; 0: not known */
	_Atomic uint64_t doubted_ns; /* CLOCK_MONOTONIC of the first doubt; 0: none */
};

/* Never waits.  False: the claim is held, perhaps by this thread in a function that was
 * interrupted. */
bool claim_try(struct claim *claim);

/* Called when no claim is free.  Notes the doubt, or takes the claim over when the doubt is old.
 * True: the caller holds the claim now. */
bool claim_take_over(struct claim *claim, uint64_t now_ns);

/* Called by the holder alone. */
void claim_release(struct claim *claim);

/* In a fork child: the parent's other threads hold nothing here.  Writes only to a claim that was
 * held. */
void claim_clear(struct claim *claim);

#endif
