/* SPDX-License-Identifier: MIT */
/*
 * memcpy() and memmove() of our own, for us alone.
 *
 * libc's may be replaced by anybody: ThreadSanitizer's runtime does so, sees what we write to the
 * registry through it, sees none of our atomics, since we are not instrumented, and reports a data
 * race in a program that has none.  What nobody sees being written cannot be reported: functions
 * that only read may stay libc's.
 *
 * Hidden, so the linker binds every call inside the library to these, also those that the compiler
 * makes for assignments of structs.  Called in any thread, signal handler and vfork child.  In a
 * sanitized build of our own tests the sanitizer's are wanted.
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

/* The asm in the loops keeps compilers from seeing a memcpy in them. */
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
