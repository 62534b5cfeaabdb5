/* SPDX-License-Identifier: MIT */
/*
 * The functions behind the interposed ones: libc's, or those of a library that was preloaded after
 * this one and keeps its turn.
 */
#ifndef FORKSAN_SHIM_REAL_H
#define FORKSAN_SHIM_REAL_H

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/libc.h"

/* Functions that glibc declares only under _FORTIFY_SOURCE (debug/ in glibc's sources; documented
 * by the LSB).
 */
ssize_t __read_chk(int fd, void *buffer, size_t len, size_t buffer_len);
ssize_t __recv_chk(int fd, void *buffer, size_t len, size_t buffer_len, int flags);
ssize_t __recvfrom_chk(int fd, void *buffer, size_t len, size_t buffer_len, int flags,
		       sockaddr_arg address, socklen_t *address_len);
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t fds_len);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
		const sigset_t *mask, size_t fds_len);
void __longjmp_chk(struct __jmp_buf_tag environment[1], int value) __attribute__((noreturn));
/* Newer than the oldest libc on which forksan is built. */
pid_t _Fork(void);
void closefrom(int first);
int close_range(unsigned first, unsigned last, int flags);
int pidfd_getfd(int pidfd, int target, unsigned flags);
int epoll_pwait2(int epfd, struct epoll_event *events, int max, const struct timespec *timeout,
		 const sigset_t *mask);
ssize_t preadv2(int fd, const struct iovec *iov, int count, off_t offset, int flags);
ssize_t pwritev2(int fd, const struct iovec *iov, int count, off_t offset, int flags);
int execveat(int directory, const char *path, char *const argv[], char *const envp[], int flags);
void *dlmopen(Lmid_t name_space, const char *file, int flags);

struct real {
#define ENTRY(name, family, policy, presence) __typeof__(name) *name;
#define ALIAS(name, of, family)
#include "entries.def"
#undef ENTRY
#undef ALIAS
};

extern FORKSAN_HIDDEN struct real real;

/* Members of `real`, for jumps from assembly. */
extern FORKSAN_HIDDEN long (*real_syscall)(long number, ...);
extern FORKSAN_HIDDEN pid_t (*real_vfork)(void);
extern FORKSAN_HIDDEN void *(*real_dlopen)(const char *file, int flags);
extern FORKSAN_HIDDEN void *(*real_dlmopen)(Lmid_t name_space, const char *file, int flags);

/* Fills `real`.  Called by the first wrapper that needs a function, and before the process joins
 * its session; a second call returns at once.  Takes the loader's lock as dl_iterate_phdr() does;
 * allocates nothing. */
void real_resolve(void);

/* The function, resolved. */
#define REAL(name) (likely(real.name != NULL) ? real.name : (real_resolve(), real.name))

/* The same before a jump from assembly: real_resolve() stores these after the others, and another
 * thread may be inside. */
#define REAL_TO_JUMP(name)                                                                         \
	(likely(real_##name != NULL) ? real_##name : (real_resolve(), real_##name))

#endif
