/* SPDX-License-Identifier: MIT */
/*
 * See native_thread.h.
 *
 * The thread's number stands at a fixed place behind the pthread_t (glibc nptl/descr.h: struct
 * pthread, tid).
 */
#include "stacks/native_thread.h"

#include "stacks/memory.h"

#if defined(__x86_64__)
#define TID_IN_PTHREAD 720
#elif defined(__aarch64__)
#define TID_IN_PTHREAD 208
#endif

bool native_thread_is(uint64_t pthread, pid_t tid)
{
	int32_t number;

	return memory_read(pthread + TID_IN_PTHREAD, &number, sizeof number) && number == tid;
}
