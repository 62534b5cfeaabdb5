/* SPDX-License-Identifier: MIT */
/*
 * Calls with which a server goes on: accept a client, wait for events.  Such a call is no use of a
 * connection.  A forked process that makes the first of them is a worker from then on, and the
 * connections that the worker inherited are looked at (open-at-fork).  All these wrappers are
 * cancellation points and leave errno as the real call did.
 */
#include <errno.h>

#include "entry/real.h"
#include "report/report.h"
#include "track/track.h"

static inline void go_on(void)
{
	track_worker_goes_on();
	report_tick();
}

FORKSAN_EXPORT int accept(int fd, sockaddr_arg address, socklen_t *len)
{
	int accepted;

	go_on();
	accepted = REAL(accept)(fd, address, len);
	track_reused(accepted);
	return accepted;
}

FORKSAN_EXPORT int accept4(int fd, sockaddr_arg address, socklen_t *len, int flags)
{
	int accepted;

	go_on();
	accepted = REAL(accept4)(fd, address, len, flags);
	track_reused(accepted);
	return accepted;
}

FORKSAN_EXPORT int poll(struct pollfd *fds, nfds_t count, int timeout)
{
	go_on();
	return REAL(poll)(fds, count, timeout);
}

FORKSAN_EXPORT int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t fds_len)
{
	go_on();
	return REAL(__poll_chk)(fds, count, timeout, fds_len);
}

FORKSAN_EXPORT int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
			 const sigset_t *mask)
{
	go_on();
	return REAL(ppoll)(fds, count, timeout, mask);
}

FORKSAN_EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
			       const sigset_t *mask, size_t fds_len)
{
	go_on();
	return REAL(__ppoll_chk)(fds, count, timeout, mask, fds_len);
}

FORKSAN_EXPORT int select(int count, fd_set *readable, fd_set *writable, fd_set *exceptional,
			  struct timeval *timeout)
{
	go_on();
	return REAL(select)(count, readable, writable, exceptional, timeout);
}

FORKSAN_EXPORT int pselect(int count, fd_set *readable, fd_set *writable, fd_set *exceptional,
			   const struct timespec *timeout, const sigset_t *mask)
{
	go_on();
	return REAL(pselect)(count, readable, writable, exceptional, timeout, mask);
}

FORKSAN_EXPORT int epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
	int result;

	go_on();
	if (epoll_has_left() && epoll_left_is_ready(epfd))
		timeout = 0;
	result = REAL(epoll_wait)(epfd, events, max, timeout);
	track_waited(epfd, OPERATION_epoll_wait, result);
	return epoll_has_left() ? epoll_left_report(epfd, events, max, result) : result;
}

FORKSAN_EXPORT int epoll_pwait(int epfd, struct epoll_event *events, int max, int timeout,
			       const sigset_t *mask)
{
	int result;

	go_on();
	if (epoll_has_left() && epoll_left_is_ready(epfd))
		timeout = 0;
	result = REAL(epoll_pwait)(epfd, events, max, timeout, mask);
	track_waited(epfd, OPERATION_epoll_pwait, result);
	return epoll_has_left() ? epoll_left_report(epfd, events, max, result) : result;
}

FORKSAN_EXPORT int epoll_pwait2(int epfd, struct epoll_event *events, int max,
				const struct timespec *timeout, const sigset_t *mask)
{
	static const struct timespec now;
	int result;

	go_on();
	if (!REAL(epoll_pwait2)) {
		errno = ENOSYS;
		return -1;
	}
	if (epoll_has_left() && epoll_left_is_ready(epfd))
		timeout = &now;
	result = real.epoll_pwait2(epfd, events, max, timeout, mask);
	track_waited(epfd, OPERATION_epoll_pwait2, result);
	return epoll_has_left() ? epoll_left_report(epfd, events, max, result) : result;
}
