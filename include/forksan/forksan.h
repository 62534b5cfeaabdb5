/* SPDX-License-Identifier: MIT */
/*
 * The calls by which a program can inform forksan, and ask what forksan has found.
 *
 * Every function is a no-op unless libforksan.so is preloaded: the references are weak, so nothing
 * needs to be linked and the program runs the same without forksan.  All leave errno alone, take no
 * lock and may be called by any thread; which may be called in a signal handler stands at each.
 * forksan(3) is the manual, with the same calls from Python, Ruby, Perl and PHP.
 *
 *     #include <forksan/forksan.h>
 *
 *     if (pid == 0)
 *             forksan_hand_over(fd);   // the child goes on with it, the parent does not
 */
#ifndef FORKSAN_FORKSAN_H
#define FORKSAN_FORKSAN_H

#ifdef __cplusplus
extern "C" {
#endif

/* In libforksan.so; called through the functions below.  From other languages, which look a name up
 * at run time, these are the names. */
extern int forksan_api_active(void) __attribute__((weak));
extern void forksan_api_ignore(int fd) __attribute__((weak));
extern void forksan_api_hand_over(int fd) __attribute__((weak));
extern void forksan_api_label(int fd, const char *label) __attribute__((weak));
extern int forksan_api_check(void) __attribute__((weak));
extern long forksan_api_findings(void) __attribute__((weak));
extern void forksan_api_on_finding(void (*callback)(void *context, long violations), void *context)
	__attribute__((weak));

/* 1 when this process is watched, else 0.  Signal handlers may call this function. */
static inline int forksan_active(void)
{
	return forksan_api_active ? forksan_api_active() : 0;
}

/* The connection behind fd is shared on purpose (a lock outside makes that safe): this process
 * stops watching the connection, through all descriptors.  Other processes go on watching.  Signal
 * handlers may call this function. */
static inline void forksan_ignore(int fd)
{
	if (forksan_api_ignore)
		forksan_api_ignore(fd);
}

/* The connection behind fd changes hands by an agreement that forksan cannot see: the lineage
 * starts anew with the next use, by any process.  Signal handlers may call this function. */
static inline void forksan_hand_over(int fd)
{
	if (forksan_api_hand_over)
		forksan_api_hand_over(fd);
}

/* Gives the connection behind fd a name that reports show beside its address ("orders-db").  At
 * most 31 bytes, the rest is cut.  Processes that are forked later know the name; NULL or "" takes
 * the name away. */
static inline void forksan_label(int fd, const char *label)
{
	if (forksan_api_label)
		forksan_api_label(fd, label);
}

/* How many watched connections of known protocol this process has open now: what a fork would
 * share. Call it before a fork.  Unless the number is 0 the log gets a record that says where each
 * was opened. */
static inline int forksan_check(void)
{
	return forksan_api_check ? forksan_api_check() : 0;
}

/* How many violations the processes of this session have reported so far, repeats included; 0 also
 * when nothing is watched.  A test that compares the number before and after fails for what it
 * caused. */
static inline long forksan_findings(void)
{
	return forksan_api_findings ? forksan_api_findings() : 0;
}

/* Has the callback called with the number of violations of the session that have come since the
 * last time, when there are any: by forksan_findings() and forksan_check(), in the calling thread,
 * and at exit().  Never from another call, so never in a signal handler unless the program calls
 * those two in one.  NULL: no callback any more.  A forked process keeps the callback. */
static inline void forksan_on_finding(void (*callback)(void *context, long violations),
				      void *context)
{
	if (forksan_api_on_finding)
		forksan_api_on_finding(callback, context);
}

#ifdef __cplusplus
}
#endif

#endif
