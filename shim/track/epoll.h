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
 */
#ifndef FORKSAN_SHIM_TRACK_EPOLL_H
#define FORKSAN_SHIM_TRACK_EPOLL_H

#include "process/fdtable.h"
#include "track/call.h"

/* Call it when epoll_ctl(..., operation, fd) has succeeded for a watched descriptor.  Any thread,
 * signal handlers; errno is kept. */
void track_polled(int operation, int fd, struct socket_ref ref);

/* Call it when this process uses the connection of `call`.  True when another process has changed
 * or removed this process's registration meanwhile: the change is reported here. */
bool epoll_met(const struct track_call *call, int64_t moved);

#endif
