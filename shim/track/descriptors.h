/* SPDX-License-Identifier: MIT */
/*
 * The descriptors that this process has open.
 */
#ifndef FORKSAN_SHIM_TRACK_DESCRIPTORS_H
#define FORKSAN_SHIM_TRACK_DESCRIPTORS_H

#include <stdbool.h>

/* Calls visit(fd, context) for each until visit() returns false.  Where /proc/self/fd cannot be
 * read all numbers below FORKSAN_MAX_FDS are tried, for some milliseconds.  Any thread, signal
 * handlers. */
void descriptors_visit(bool (*visit)(int fd, void *context), void *context);

#endif
