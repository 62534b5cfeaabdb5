/* SPDX-License-Identifier: MIT */
/*
 * The descriptors that this process has open.
 */
#ifndef FORKSAN_SHIM_TRACK_DESCRIPTORS_H
#define FORKSAN_SHIM_TRACK_DESCRIPTORS_H

#include <stdbool.h>

/* Both call visit(fd, context) for each until visit() returns false.  Any thread, signal handlers.
 *
 * descriptors_visit() reads /proc/self/fd, and where it cannot be read does as the other.
 * descriptors_try() tries the numbers from 0 on: a fifth of the time in a process that has few, for
 * which the kernel would have to make its directory in /proc first.  Descriptors behind
 * DESCRIPTORS_GAP numbers that are not open are missed: the kernel gives out the lowest free
 * number, so there are such only when a program has wished for a high number. */
#define DESCRIPTORS_GAP 64
void descriptors_visit(bool (*visit)(int fd, void *context), void *context);
void descriptors_try(bool (*visit)(int fd, void *context), void *context);

#endif
