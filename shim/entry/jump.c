/* SPDX-License-Identifier: MIT */
/*
 * Jumps.  A signal handler that jumps out leaves the interrupted call for good: read() never
 * returns to its wrapper.  libc has one function under three names, and a checked one that
 * _FORTIFY_SOURCE calls (debug/longjmp_chk.c in glibc).
 *
 * The frame of the wrapper is gone with the others when libc's function restores the registers; the
 * caller's jmp_buf is not touched.  Safe in signal handlers.
 */
#include "entry/real.h"
#include "track/track.h"

FORKSAN_EXPORT void longjmp(jmp_buf environment, int value)
{
	track_jumping();
	REAL(longjmp)(environment, value);
	__builtin_unreachable();
}

FORKSAN_EXPORT void _longjmp(jmp_buf environment, int value) __attribute__((alias("longjmp")));
FORKSAN_EXPORT void siglongjmp(sigjmp_buf environment, int value) __attribute__((alias("longjmp")));

FORKSAN_EXPORT void __longjmp_chk(jmp_buf environment, int value)
{
	track_jumping();
	REAL(__longjmp_chk)(environment, value);
	__builtin_unreachable();
}
