/* SPDX-License-Identifier: MIT */
/*
 * Registrations of watched connections on epoll instances.
 *
 * An epoll instance is an open file description: fork() shares the instance, registrations and all
 * (epoll(7)).  A child that takes a connection out of an inherited instance (an event loop that
 * lives on in the child and closes its transports) takes the connection out for the parent, too,
 * and the parent is never woken again.
 *
 * The kernel keeps a registration by the instance and the descriptor, so a process that changes a
 * registration without having made one has reached another process's: in an instance of the
 * process's own the call fails (ENOENT).  Such a change is a shared-epoll as soon as another
 * process relies on the registration: that process has used the connection since, or uses the
 * connection next.
 *
 * A process that takes events from an instance that it inherited, or adds to it, is a hazard before
 * that (inherited-epoll), as long as the process that registered a connection there holds it.
 */
#ifndef FORKSAN_SHIM_TRACK_EPOLL_H
#define FORKSAN_SHIM_TRACK_EPOLL_H

#include <sys/epoll.h>

#include "process/fdtable.h"
#include "track/call.h"

/* The instances that this process and its ancestors have made, by number: number + 1, 0 free. */
#define EPOLL_INSTANCES 64 /* bits of wiped.track.polled */
extern FORKSAN_HIDDEN _Atomic uint32_t epoll_instances[EPOLL_INSTANCES];

/* True once this process or an ancestor has registered a watched connection anywhere. */
extern FORKSAN_HIDDEN _Atomic bool epoll_registered;

static inline bool epoll_is_instance(int fd)
{
	return load_relaxed(&epoll_instances[(unsigned)fd % EPOLL_INSTANCES]) == (uint32_t)fd + 1;
}

/* All functions below: any thread, signal handlers; errno is kept. */

/* Call it when epoll_create() has returned `epfd`; does nothing for -1. */
void track_epoll_made(int epfd);

/* Called when this process has joined a session: what it has made before is its own. */
void track_epoll_joined(void);

/* Forget an instance, and those from `first` to `last`.  Call them when the number is closed, or
 * given to something else. */
cold void track_epoll_forget(int epfd);
void track_epoll_closing_range(unsigned first, unsigned last);

static inline void track_epoll_closing(int fd)
{
	if (unlikely(epoll_is_instance(fd)))
		track_epoll_forget(fd);
}

/* Judges the use of an instance: by epoll_ctl(), or by a call that has returned events. */
cold void track_epoll_used(int epfd, enum operation operation);

/* Call it when a wait on the instance has returned `events`. */
static inline void track_waited(int epfd, enum operation operation, int events)
{
	if (unlikely(load_relaxed(&epoll_registered)) && events > 0)
		track_epoll_used(epfd, operation);
}

/* Call it before epoll_ctl(epfd, EPOLL_CTL_DEL, fd, ...) on a watched descriptor.  False in isolate
 * mode, when the registration is an ancestor's and another process relies on it: the wrapper
 * returns 0 without making the real call.  What the instance reports of the connection until that
 * process has done with it, the caller must ignore, as loops do: events of a descriptor that has
 * just been removed come without forksan, too. */
bool track_unpolls(int epfd, int fd, struct socket_ref ref);

/* Call it when epoll_ctl(epfd, operation, fd, event) has succeeded for a watched
 * descriptor. */
void track_polled(int epfd, int operation, int fd, struct socket_ref ref,
		  const struct epoll_event *event);

/* Moves this process's own registrations of `fd` to another open file: epoll_take_out() before
 * the descriptor is replaced (a registration goes with the file, not with the number, and would
 * live on as long as any process has the file), epoll_put_back() after, with the same events and
 * data.  A registration from before a fork stays, whoever made it: another process
 * may rely on it. */
void epoll_take_out(struct socket_slot slot, int fd);
void epoll_put_back(struct socket_slot slot, int fd);

/* Call it when the descriptor was replaced: the registrations that stay are played to this process
 * from now on (epoll_left.h). */
void epoll_leave(struct socket_slot slot, int fd);

/* Call it when this process uses the connection of `call`.  True when another process has changed
 * or removed this process's registration meanwhile: the change is reported here, and in isolate
 * mode the registration is put back. */
bool epoll_met(const struct track_call *call, int64_t moved);

#endif
