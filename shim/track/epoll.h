/* SPDX-License-Identifier: MIT */
/*
 * Registrations of watched connections on epoll instances.
 *
 * An epoll instance is an open file description: fork() shares it, registrations and all
 * (epoll(7)).  A child that takes a connection out of the instance that it inherited (an event loop
 * that lives on there and closes its transports) takes it out for its parent, which is never woken
 * again.
 *
 * A registration is kept by the instance and the descriptor, so a process that changes one without
 * having made it has reached somebody else's: in an instance of its own the call fails (ENOENT).
 * That is a shared-epoll as soon as another process relies on the registration: it has used the
 * connection since, or does so next.
 */
#ifndef FORKSAN_SHIM_TRACK_EPOLL_H
#define FORKSAN_SHIM_TRACK_EPOLL_H

#include "process/fdtable.h"
#include "track/call.h"

/* epoll_ctl(..., operation, fd) has succeeded for a watched descriptor.  Any thread, signal
 * handlers; errno is kept. */
void track_polled(int operation, int fd, struct socket_ref ref);

/* This process uses the connection of `call`.  True when another has taken its registration
 * meanwhile: reported here. */
bool epoll_met(const struct track_call *call, int64_t moved);

#endif
