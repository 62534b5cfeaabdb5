/* SPDX-License-Identifier: MIT */
/*
 * Calls that change the open file description or the socket itself, which every holder shares: a
 * process that sets O_NONBLOCK sets O_NONBLOCK for all (fcntl(2)).  Such a call is no use; on a
 * connection that two processes use, the call stands in the connection's history.  F_SETFL is in
 * fd.c, with fcntl().
 *
 * An epoll instance and its registrations are shared likewise.
 */
#include <stdarg.h>
#include <sys/ioctl.h>

#include "entry/real.h"
#include "track/track.h"

FORKSAN_EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	int result = REAL(setsockopt)(fd, level, name, value, len);
	struct socket_ref ref = fdtable_lookup(fd);

	if (unlikely(ref.n != 0) && result == 0)
		track_changed(fd, ref, OPERATION_setsockopt, track_file_flags(fd));
	return result;
}

/* Variadic in name only, like fcntl(). */
FORKSAN_EXPORT int ioctl(int fd, libc_ioctl_request request, ...)
{
	struct socket_ref ref = fdtable_lookup(fd);
	va_list arguments;
	void *argument;
	long before;
	int result;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (likely(ref.n == 0 || request != FIONBIO))
		return REAL(ioctl)(fd, request, argument);
	before = track_file_flags(fd);
	result = REAL(ioctl)(fd, request, argument);
	if (result == 0)
		track_changed(fd, ref, OPERATION_ioctl, before);
	return result;
}

FORKSAN_EXPORT int epoll_create(int size)
{
	int epfd = REAL(epoll_create)(size);

	track_epoll_made(epfd);
	return epfd;
}

FORKSAN_EXPORT int epoll_create1(int flags)
{
	int epfd = REAL(epoll_create1)(flags);

	track_epoll_made(epfd);
	return epfd;
}

FORKSAN_EXPORT int epoll_ctl(int epfd, int operation, int fd, struct epoll_event *event)
{
	struct socket_ref ref = fdtable_lookup(fd);
	int result;

	if (epoll_has_left() && ref.n == 0)
		return epoll_left_control(epfd, operation, fd, event, REAL(epoll_ctl));
	if (unlikely(ref.n != 0) && operation == EPOLL_CTL_DEL && !track_unpolls(epfd, fd, ref))
		return 0;
	result = REAL(epoll_ctl)(epfd, operation, fd, event);
	if (unlikely(ref.n != 0) && result == 0)
		track_polled(epfd, operation, fd, ref, event);
	return result;
}
