/* SPDX-License-Identifier: MIT */
/*
 * Registrations that an isolated process has left behind.
 *
 * A registration from before a fork stays with the live connection, since another process may rely
 * on it (epoll.h); the dead descriptor has none on that instance, and must not get one: all who
 * have the instance would be told.  So it is played to the isolated process alone that the
 * registration is there, as after the peer's end: it can be changed and removed, and reports that
 * end.
 *
 * The descriptor is known by its cookie, so a number that was closed and used anew is not meant.
 * All functions: any thread, signal handlers.
 */
#ifndef FORKSAN_SHIM_TRACK_EPOLL_LEFT_H
#define FORKSAN_SHIM_TRACK_EPOLL_LEFT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/compiler.h"
#include "forksan/atomics.h"

/* How many registrations this process and its ancestors have left behind. */
extern FORKSAN_HIDDEN _Atomic uint32_t epoll_left;

static inline bool epoll_has_left(void)
{
	return unlikely(load_relaxed(&epoll_left) != 0);
}

/* Call it when `fd` is the dead descriptor; `event` is what was registered. */
void epoll_left_note(int epfd, int fd, const struct epoll_event *event);

/* Instead of epoll_ctl(epfd, operation, fd, event) on a descriptor that is not watched. */
typedef int epoll_ctl_function(int epfd, int operation, int fd, struct epoll_event *event);
cold int epoll_left_control(int epfd, int operation, int fd, struct epoll_event *event,
			    epoll_ctl_function *real);

/* True when a wait on the instance has an end to report: the wrapper then does not wait. */
cold bool epoll_left_is_ready(int epfd);

/* Appends those ends to the `result` events that a wait has returned; returns the new number, or
 * `result` when that is an error. */
cold int epoll_left_report(int epfd, struct epoll_event *events, int max, int result);

#endif
