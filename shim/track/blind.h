/* SPDX-License-Identifier: MIT */
/*
 * Acts of this process that forksan cannot see, as far as forksan notices the acts.
 *
 * All functions: once a session is joined; any thread; no malloc, no lock; errno is kept.
 */
#ifndef FORKSAN_SHIM_BLIND_H
#define FORKSAN_SHIM_BLIND_H

#include <stdbool.h>

#include "forksan/finding.h"

/* Counts an act of this process under `counter`, and has the log name the process (`process` in
 * docs/log.md).  The wrappers call this function. */
void blind_tell(enum registry_counter counter);

/* blind_tell() for a program that is about to be started out of sight: `path` of the program and
 * `why` ("is statically linked").  False: no session is joined, and nothing was counted.  After
 * true, the caller uncounts a program that could not be started.  A vfork child does not write the
 * record, since the child may have closed descriptors that the parent still has: the parent writes
 * the record at the next call of this function, or with blind_tell_noted(). */
bool blind_tell_program(enum registry_counter counter, const char *path, const char *why);

/* Writes the record that a vfork child of this process has left, if there is one.  Called when the
 * process ends. */
void blind_tell_noted(void);

/* Counts an io_uring of this process, once, when the process holds or has held a watched
 * connection, and the ring has a number like the connections'.  Called when the process ends.
 * liburing makes its system calls itself, so the wrapper of syscall() sees only some rings. */
void blind_look_for_rings(void);

/* Counts a ring like blind_look_for_rings(), without looking for one: the wrapper of syscall()
 * calls this function for io_uring_setup(). */
void blind_found_ring(void);

#endif
