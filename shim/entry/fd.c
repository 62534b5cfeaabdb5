/* SPDX-License-Identifier: MIT */
/*
 * Calls that give a descriptor another name.
 *
 * dup2() of something else over a watched descriptor ends this process's hold on the connection.
 * Rails and mysql2 disarm a child so (dup2 of /dev/null): what the child writes to that number
 * afterwards is no use of the connection.
 */
#include <errno.h>
#include <stdarg.h>

#include "track/blind.h"
#include "entry/init.h"
#include "entry/real.h"
#include "track/track.h"

FORKSAN_EXPORT int dup(int fd)
{
	int copy = REAL(dup)(fd);

	if (likely(copy >= 0))
		track_duplicated(fd, copy);
	return copy;
}

FORKSAN_EXPORT int dup2(int fd, int copy)
{
	int result = REAL(dup2)(fd, copy);

	if (likely(result >= 0 && fd != copy)) {
		track_duplicated(fd, copy);
		track_epoll_closing(copy);
	}
	return result;
}

FORKSAN_EXPORT int __dup2(int fd, int copy) __attribute__((alias("dup2"), nothrow, leaf));

FORKSAN_EXPORT int dup3(int fd, int copy, int flags)
{
	int result = REAL(dup3)(fd, copy, flags);

	if (likely(result >= 0 && fd != copy)) {
		track_duplicated(fd, copy);
		track_epoll_closing(copy);
	}
	return result;
}

/* Variadic in name only: the kernel takes one word, and libc's fcntl() reads that word whether the
 * caller passed one or not.  On the supported machines a word that was not passed is a stale
 * register, which F_GETFD and other commands without an argument ignore. */
FORKSAN_EXPORT int fcntl(int fd, int command, ...)
{
	struct socket_ref ref = command == F_SETFL ? fdtable_lookup(fd) : (struct socket_ref){0};
	long before = unlikely(ref.n != 0) ? track_file_flags(fd) : 0;
	va_list arguments;
	void *argument;
	int result;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	result = REAL(fcntl)(fd, command, argument);
	if (unlikely(ref.n != 0) && result == 0)
		track_changed(fd, ref, OPERATION_fcntl, before);
	if (unlikely((command == F_DUPFD || command == F_DUPFD_CLOEXEC) && result >= 0))
		track_duplicated(fd, result);
	return result;
}

/* Takes a descriptor out of another process, which is watched as if received in a message. */
FORKSAN_EXPORT int pidfd_getfd(int pidfd, int target, unsigned flags)
{
	int fd;

	if (!REAL(pidfd_getfd)) {
		errno = ENOSYS;
		return -1;
	}
	fd = real.pidfd_getfd(pidfd, target, flags);
	if (fd >= 0) {
		init_find();
		track_received(fd);
	}
	return fd;
}

/* stdio reads and writes inside libc, where no wrapper is.  The stream is counted as not seen;
 * fclose() is seen. */
FORKSAN_EXPORT FILE *fdopen(int fd, const char *mode)
{
	if (unlikely(fdtable_lookup(fd).n != 0))
		blind_tell(LOST_STREAMS);
	return REAL(fdopen)(fd, mode);
}

FORKSAN_EXPORT int __fcntl(int fd, int command, ...) __attribute__((alias("fcntl")));
FORKSAN_EXPORT int fcntl64(int fd, int command, ...) __attribute__((alias("fcntl")));
