/* SPDX-License-Identifier: MIT */
/*
 * What the C libraries that forksan is built for declare differently, each difference once: glibc
 * 2.17 and later, and musl 1.2.  An interposed function must have the type that the library's own
 * header gives; everything else in forksan is the same source for both.
 */
#ifndef FORKSAN_SHIM_LIBC_H
#define FORKSAN_SHIM_LIBC_H

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "base/compiler.h"
#include "base/sys.h"

#if defined(__GLIBC__)

/* A union that any socket address converts to. */
#define sockaddr_arg __SOCKADDR_ARG
#define const_sockaddr_arg __CONST_SOCKADDR_ARG
#define sockaddr_of(argument) ((argument).__sockaddr__)
typedef unsigned long libc_ioctl_request;
typedef int libc_mmsg_flags; /* of sendmmsg() and recvmmsg() */
#if __GLIBC_PREREQ(2, 21)
typedef struct timespec libc_recvmmsg_timeout;
#else
typedef const struct timespec libc_recvmmsg_timeout;
#endif

#else

#define sockaddr_arg struct sockaddr *__restrict
#define const_sockaddr_arg const struct sockaddr *
#define sockaddr_of(argument) (argument)
typedef int libc_ioctl_request;
typedef unsigned libc_mmsg_flags;
typedef struct timespec libc_recvmmsg_timeout;

/* musl before 1.2.4 has the names with 64 as macros. */
#undef sendfile64
#undef fcntl64
#undef off64_t
#define off64_t off_t

/* musl has one namespace of objects, and binds them all in one way. */
typedef long Lmid_t;
#define LM_ID_BASE 0
#define RTLD_DEEPBIND 0

#endif

/* Names this library for libc; the start files, which are not linked, would bring it (init.c). */
extern FORKSAN_HIDDEN void *const __dso_handle;

/* pthread_atfork().  glibc links a copy of that function into each library, far from other code of
 * the start, which costs a page; the copy calls this function (Linux Standard Base,
 * "__register_atfork"). */
#if defined(__GLIBC__)
int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void),
		      void *library);
#endif
static inline void libc_at_fork(void (*parent)(void), void (*child)(void))
{
#if defined(__GLIBC__)
	__register_atfork(NULL, parent, child, __dso_handle);
#else
	pthread_atfork(NULL, parent, child);
#endif
}

/* False: a signal handler must not list the loaded objects, since the thread may be inside dlopen()
 * and hold the lock.  glibc's lock lets the same thread in again, and is held while the list is
 * whole.
 */
static inline bool libc_lists_objects_any_time(void)
{
#if defined(__GLIBC__)
	return true;
#else
	return false;
#endif
}

/* Ends the process from inside exit(), with another status and without waiting for a lock on stdio
 * that another thread holds.  In glibc an exit() in an exit handler runs the handlers that the
 * first exit() left, and flushes stdio.  In musl it would run all of them again, this one too. */
static inline void libc_exit_within_exit(int status)
{
#if defined(__GLIBC__)
	exit(status);
#else
	fflush(NULL);
	sys_call(SYS_exit_group, status, 0, 0, 0, 0, 0);
#endif
}

/* The file name of a loaded object is libc's own: glibc's, or musl's under the names that it has as
 * the loader and as what programs are linked with. */
static inline bool libc_has_name(const char *base_name)
{
	return strcmp(base_name, "libc.so.6") == 0 || strncmp(base_name, "ld-musl-", 8) == 0 ||
	       strncmp(base_name, "libc.musl-", 10) == 0 || strcmp(base_name, "libc.so") == 0;
}

/* A program whose loader has that file name can load this library, which needs its own libc.  No
 * strstr(), which takes 370 bytes of a stack that is the host's. */
static inline bool libc_is_own_loader(const char *base_name)
{
	bool is_musl = strncmp(base_name, "ld-musl", 7) == 0;
#if defined(__GLIBC__)
	return !is_musl && strncmp(base_name, "ld-uClibc", 9) != 0 &&
	       strncmp(base_name, "ld64-uClibc", 11) != 0 && strncmp(base_name, "linker", 6) != 0;
#else
	return is_musl;
#endif
}

#endif
