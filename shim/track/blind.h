/* SPDX-License-Identifier: MIT */
/*
 * What this process does that forksan cannot see, as far as it can be noticed.  Once a session is
 * joined; any thread; no malloc, no lock, errno is kept.
 */
#ifndef FORKSAN_SHIM_BLIND_H
#define FORKSAN_SHIM_BLIND_H

#include <stdbool.h>

#include "forksan/finding.h"

/* Counts what this process is about to do, and has the log name it (`process` in docs/log.md). */
void blind_tell(enum registry_counter counter);

/* The same for a program that is about to be started and will be out of sight: its path and why
 * ("is statically linked").  False: there is no session to count in.  A program that could not be
 * started is to be uncounted.  A vfork child cannot write, since it has closed descriptors that are
 * its parent's too; the parent writes the record when it next comes to it, at its end at the
 * latest. */
bool blind_tell_program(enum registry_counter counter, const char *path, const char *why);

/* Writes what a vfork child of this process has left to be written. */
void blind_tell_noted(void);

/* Counts an io_uring of this process, once, when it holds or has held a watched connection.  Reads
 * /proc/self/fd; called when the process ends.  liburing makes its system calls itself, so the
 * wrapper of syscall() sees only some. */
void blind_look_for_rings(void);

/* The same without looking: one was just set up. */
void blind_found_ring(void);

#endif
