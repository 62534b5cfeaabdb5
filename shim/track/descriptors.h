/* SPDX-License-Identifier: MIT */
/*
 * The descriptors that this process has open.
 */
#ifndef FORKSAN_SHIM_TRACK_DESCRIPTORS_H
#define FORKSAN_SHIM_TRACK_DESCRIPTORS_H

#include <stdbool.h>

/* Calls visit(fd, context) for each, and for the descriptor with which /proc/self/fd is read.
 * False: /proc/self/fd cannot be read.  Any thread, signal handlers. */
bool descriptors_visit(void (*visit)(int fd, void *context), void *context);

#endif
