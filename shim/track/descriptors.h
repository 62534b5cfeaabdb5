/* SPDX-License-Identifier: MIT */
/*
 * The descriptors that this process has open.
 */
#ifndef FORKSAN_SHIM_TRACK_DESCRIPTORS_H
#define FORKSAN_SHIM_TRACK_DESCRIPTORS_H

#include <stdbool.h>

/* Calls visit(fd, context) for each, and for one more, with which /proc/self/fd is read.  False:
 * there is no reading it.  Any thread, signal handlers. */
bool descriptors_visit(void (*visit)(int fd, void *context), void *context);

#endif
