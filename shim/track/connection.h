/* SPDX-License-Identifier: MIT */
/*
 * Which descriptors of this process are which connections: what connect, dup and close change.
 *
 * All functions: any thread, signal handlers; errno is kept.  In a vfork child nothing happens.
 */
#ifndef FORKSAN_SHIM_TRACK_CONNECTION_H
#define FORKSAN_SHIM_TRACK_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "forksan/protocols.h"
#include "registry/registry.h"

/* connect() succeeded, or is under way (EINPROGRESS). */
void track_connected(int fd, const struct sockaddr *address, socklen_t len);

/* A descriptor gets another name: newfd now is what oldfd is. */
void track_duplicated(int oldfd, int newfd);

/* A descriptor goes.  Call it before the real close: the kernel may give the number to another
 * thread at once. */
void track_closing(int fd);
void track_closing_range(unsigned first, unsigned last);

/* A descriptor number was just given to something new: what was known of it is over. */
void track_reused(int fd);

/* SO_COOKIE of a descriptor; false when it is no socket. */
bool track_read_cookie(int fd, uint64_t *cookie);

/* True when the descriptor still is the connection in the slot.  False: its number was closed and
 * reused behind our back, and is forgotten now.  One system call. */
bool track_is_still(int fd, struct socket_slot slot);

/* True when connections of that protocol are watched (watch=). */
bool track_class_is_watched(enum protocol protocol);

/* Forgets every descriptor of the connection in this process: its protocol turned out not to be
 * watched, or ignore= names it.  Other processes do the same at their next use. */
void track_stop_watching(struct socket_slot slot);

/* True when ignore= names a connection of that protocol to that address. */
bool track_is_ignored(enum protocol protocol, const void *address, socklen_t len);

#endif
