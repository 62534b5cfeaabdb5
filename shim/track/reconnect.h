/* SPDX-License-Identifier: MIT */
/*
 * Whether an isolated process connects anew (isolate.h), which shows that its driver coped.
 *
 * Any thread, signal handlers; errno is kept.
 */
#ifndef FORKSAN_SHIM_TRACK_RECONNECT_H
#define FORKSAN_SHIM_TRACK_RECONNECT_H

#include <sys/socket.h>

#include "registry/registry.h"

/* Call it when this process was isolated from the connection. */
void reconnect_expect(const struct registry_socket *socket);

/* Call it for each new connection of this process: counts one to the address of a connection from
 * which the process was isolated, and notes the first in the log. */
void reconnect_made(const struct sockaddr *address, socklen_t len);

#endif
