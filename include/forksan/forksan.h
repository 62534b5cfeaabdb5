/* SPDX-License-Identifier: MIT */
/*
 * The calls by which a program can inform forksan.
 *
 * Every function is a no-op unless libforksan.so is preloaded: the references are weak, so nothing
 * needs to be linked and the program runs the same without forksan.  All are safe from any thread
 * and in signal handlers, take no lock and leave errno alone.
 *
 *     #include <forksan/forksan.h>
 *
 *     if (pid == 0)
 *             forksan_hand_over(fd);      the child goes on with the connection, the parent does
 * not
 */
#ifndef FORKSAN_FORKSAN_H
#define FORKSAN_FORKSAN_H

#ifdef __cplusplus
extern "C" {
#endif

/* In libforksan.so; called through the functions below. */
extern int forksan_api_active(void) __attribute__((weak));
extern void forksan_api_ignore(int fd) __attribute__((weak));
extern void forksan_api_hand_over(int fd) __attribute__((weak));

/* 1 when this process is watched, else 0. */
static inline int forksan_active(void)
{
	return forksan_api_active ? forksan_api_active() : 0;
}

/* The connection behind fd is shared on purpose (a lock outside makes that safe): this process
 * stops watching the connection, through all descriptors.  Other processes go on watching. */
static inline void forksan_ignore(int fd)
{
	if (forksan_api_ignore)
		forksan_api_ignore(fd);
}

/* The connection behind fd changes hands by an agreement that forksan cannot see: the lineage
 * starts anew with the next use, by any process. */
static inline void forksan_hand_over(int fd)
{
	if (forksan_api_hand_over)
		forksan_api_hand_over(fd);
}

#ifdef __cplusplus
}
#endif

#endif
