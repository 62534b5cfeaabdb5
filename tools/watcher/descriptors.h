/* SPDX-License-Identifier: MIT */
#ifndef FORKSAN_TOOLS_WATCHER_DESCRIPTORS_H
#define FORKSAN_TOOLS_WATCHER_DESCRIPTORS_H

/* Writes the records of forksan/descriptors.h to standard output.  Returns the exit status: 1 where
 * the kernel does not permit this, or has no such iterators. */
int descriptors_write(void);

#endif
