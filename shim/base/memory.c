/* SPDX-License-Identifier: MIT */
/*
 * memcpy() and memmove() for forksan alone.
 *
 * Any library may replace libc's.  ThreadSanitizer's runtime does so, sees forksan's writes to the
 * registry, but not the atomics, since forksan is not instrumented, and reports a data race in a
 * program without one.  Writes by the functions here are not seen, so nothing is reported;
 * functions that only read may stay libc's.
 *
 * Hidden, so the linker binds every call inside the library to these functions, also a call that
 * the compiler makes for the assignment of a struct.  Called in any thread, signal handler and
 * vfork child.  In a sanitized build of forksan's tests the sanitizer's functions are wanted.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#if defined(__has_feature)
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#if !SANITIZED

FORKSAN_HIDDEN void *memcpy(void *restrict to, const void *restrict from, size_t len);
FORKSAN_HIDDEN void *memmove(void *to, const void *from, size_t len);

/* The asm in the loops keeps a compiler from replacing a loop by memcpy(). */
static void copy_forward(uint8_t *to, const uint8_t *from, size_t len)
{
#if defined(__x86_64__)
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(len) : : "memory");
#else
	for (size_t i = 0; i < len; i++) {
		to[i] = from[i];
		__asm__ volatile("" : : : "memory");
	}
#endif
}

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
	copy_forward(to, from, len);
	return to;
}

void *memmove(void *to, const void *from, size_t len)
{
	uint8_t *out = to;
	const uint8_t *in = from;

	if ((uintptr_t)to - (uintptr_t)from >= len) {
		copy_forward(out, in, len);
		return to;
	}
	while (len-- > 0) {
		out[len] = in[len];
		__asm__ volatile("" : : : "memory");
	}
	return to;
}

#endif
