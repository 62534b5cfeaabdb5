/* SPDX-License-Identifier: MIT */
/*
 * The program's callback for violations (forksan_on_finding()).
 *
 * The callback is the program's code, which may allocate and lock: so it is called where the
 * program asks forksan for something, or ends, and never from an interposed call, which may be a
 * signal handler's.
 */
#ifndef FORKSAN_SHIM_ENTRY_CALLBACK_H
#define FORKSAN_SHIM_ENTRY_CALLBACK_H

typedef void callback_function(void *context, long violations);

void callback_set(callback_function *function, void *context);

/* Calls the callback when violations have come since the last time.  Returns the violations of the
 * session so far, repeats included. */
long callback_run(void);

#endif
