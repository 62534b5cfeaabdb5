/* SPDX-License-Identifier: MIT */
/*
 * Stacks of forksan's own, for work that would overflow the host's: a signal handler may run on 8
 * KiB, of which the kernel alone takes up to 3.4 for saved registers (AT_MINSIGSTKSZ).
 *
 * Signals must be blocked: a handler of the host's would run on this stack, too.  The function must
 * return; the function must not look at the bounds of its stack, nor take a stack of the host's
 * (stack/).
 */
#ifndef FORKSAN_SHIM_SIDE_STACK_H
#define FORKSAN_SHIM_SIDE_STACK_H

/* Calls function(argument) on a stack of forksan's own; on the caller's when all of those are in
 * use by other threads, or there is no memory for one.  Any thread, fork child; no lock, no
 * allocation. */
void side_stack_call(void (*function)(void *argument), void *argument);

/* The same with all signals blocked meanwhile; signals need not be blocked before. */
void side_stack_run(void (*function)(void *argument), void *argument);

#endif
