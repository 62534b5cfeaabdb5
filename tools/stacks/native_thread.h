/* SPDX-License-Identifier: MIT */
/*
 * Threads of another process, as interpreters name them: by pthread_t.  Reads the process that
 * memory.h looks at.
 */
#ifndef FORKSAN_TOOLS_STACKS_NATIVE_THREAD_H
#define FORKSAN_TOOLS_STACKS_NATIVE_THREAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* True when `pthread` is the pthread_t of the thread with that number. */
bool native_thread_is(uint64_t pthread, pid_t tid);

#endif
