/* SPDX-License-Identifier: MIT */
/*
 * See epoll_left.h.  Private memory, copied by fork with the descriptors.
 */
#include "track/epoll_left.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "base/sys.h"
#include "track/connection.h"

/* Connections from which a process is isolated while it goes on with an inherited event loop. */
#define PLACES 16

static struct left {
	_Atomic uint64_t cookie; /* of the dead socket; 0: free.  Stored last. */
	_Atomic int32_t epfd;
	_Atomic int32_t fd;
	_Atomic uint32_t events;
	_Atomic uint32_t is_armed; /* 0: reported once, which was all that was asked for */
	_Atomic uint64_t data;
} places[PLACES];

_Atomic uint32_t epoll_left;

static void set(struct left *left, const struct epoll_event *event)
{
	store_relaxed(&left->events, event->events);
	store_relaxed(&left->data, event->data.u64);
	store_release(&left->is_armed, 1);
}

void epoll_left_note(int epfd, int fd, const struct epoll_event *event)
{
	struct left *left;
	uint64_t cookie;

	if (!track_read_cookie(fd, &cookie))
		return;
	left = &places[fetch_add_relaxed(&epoll_left, 1) % PLACES];
	store_release(&left->cookie, 0);
	store_relaxed(&left->epfd, epfd);
	store_relaxed(&left->fd, fd);
	set(left, event);
	store_release(&left->cookie, cookie);
}

/* True for a place whose descriptor still is the dead one. */
static bool is_there(const struct left *left, int epfd)
{
	uint64_t noted = load_acquire(&left->cookie);
	uint64_t cookie;

	return noted != 0 && load_relaxed(&left->epfd) == epfd &&
	       track_read_cookie(load_relaxed(&left->fd), &cookie) && cookie == noted;
}

static struct left *find(int epfd, int fd)
{
	for (int i = 0; i < PLACES; i++)
		if (load_relaxed(&places[i].fd) == fd && is_there(&places[i], epfd))
			return &places[i];
	return NULL;
}

int epoll_left_control(int epfd, int operation, int fd, struct epoll_event *event,
		       epoll_ctl_function *real)
{
	int saved_errno = errno;
	struct left *left = find(epfd, fd);
	int result;

	if (left && operation == EPOLL_CTL_ADD) {
		errno = EEXIST;
		return -1;
	}
	/* The kernel looks at the arguments, and says that there is no such registration. */
	result = real(epfd, operation, fd, event);
	if (!left || result == 0 || errno != ENOENT)
		return result;
	if (operation == EPOLL_CTL_MOD)
		set(left, event);
	else
		store_release(&left->cookie, 0);
	errno = saved_errno;
	return 0;
}

/* What the kernel would report of the registration; 0: nothing. */
static uint32_t report_of(const struct left *left)
{
	struct pollfd polled = {.fd = load_relaxed(&left->fd)};
	struct timespec now = {0, 0};

	if (load_acquire(&left->is_armed) == 0)
		return 0;
	/* The two calls have the same bits (linux/eventpoll.h). */
	polled.events =
		(short)(load_relaxed(&left->events) & (EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP));
	if (sys_call(SYS_ppoll, (long)(uintptr_t)&polled, 1, (long)(uintptr_t)&now, 0, 0, 0) != 1)
		return 0;
	return (uint32_t)polled.revents;
}

bool epoll_left_is_ready(int epfd)
{
	for (int i = 0; i < PLACES; i++)
		if (is_there(&places[i], epfd) && report_of(&places[i]) != 0)
			return true;
	return false;
}

int epoll_left_report(int epfd, struct epoll_event *events, int max, int result)
{
	for (int i = 0; i < PLACES && result >= 0 && result < max; i++) {
		struct left *left = &places[i];
		uint32_t reported = is_there(left, epfd) ? report_of(left) : 0;

		if (reported == 0)
			continue;
		events[result].events = reported;
		events[result].data.u64 = load_relaxed(&left->data);
		result++;
		if ((load_relaxed(&left->events) & (EPOLLET | EPOLLONESHOT)) != 0)
			store_relaxed(&left->is_armed, 0);
	}
	return result;
}
