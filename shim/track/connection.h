/* SPDX-License-Identifier: MIT */
/*
 * Which descriptors of this process are which connections, as connect, dup and close change that.
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

/* Watches a new connection.  Call it when connect() succeeded or is under way (EINPROGRESS). */
void track_connected(int fd, const struct sockaddr *address, socklen_t len);

/* Watches the connection with that cookie, which this process has opened to `address`, at most
 * FORKSAN_ADDRESS_BYTES.  track_connected() and `forksan attach` call this function, which makes no
 * system call for the descriptor. */
void track_watch(int fd, uint64_t cookie, const struct sockaddr *address, socklen_t len);

/* Call it after dup() and the like: `newfd` now stands for the same as `oldfd`. */
void track_duplicated(int oldfd, int newfd);

/* Forget one descriptor, and those from `first` to `last`.  Call them before the real close: the
 * kernel may give the number to another thread at once. */
void track_closing(int fd);
void track_closing_range(unsigned first, unsigned last);

/* Forgets a descriptor number that the kernel has just given to something new. */
void track_reused(int fd);

/* True for a socket of a connection, also before the connection is made; one system call. */
bool track_is_stream(int fd);

/* Reads SO_COOKIE of a descriptor, or the inode where the kernel has no such option; false when the
 * kernel has no answer, since the descriptor is no socket or a sandbox forbids the question. */
bool track_read_cookie(int fd, uint64_t *cookie);

/* The file status flags of a descriptor (F_GETFL), or -errno. */
long track_file_flags(int fd);

/* True when the descriptor still is the connection in the slot.  False: the number was closed and
 * reused unseen, and is forgotten now; a vfork child has put something else there; or a sandbox
 * forbids the question.  One system call. */
bool track_is_still(int fd, struct socket_slot slot);

/* True when shutdown() can end nothing any more: the peer has ended the connection, or a reset has.
 * False also when that is not known.  One system call. */
bool track_is_over(int fd);

/* True when no bytes of the server wait to be read; false also when that is not known.  One system
 * call. */
bool track_is_drained(int fd);

/* True when connections of that protocol are watched (watch=). */
bool track_class_is_watched(enum protocol protocol);

/* Forgets every descriptor of the connection in this process: the protocol turned out not to be
 * watched, ignore= names the connection, or the program asked for it.  Other processes decide at
 * their own next use. */
void track_stop_watching(struct socket_slot slot);

/* Counts and names a connection that is not watched. */
void track_note_unwatched(enum protocol protocol, const void *address, socklen_t len);

/* True when ignore= names a connection of that protocol to that address. */
bool track_is_ignored(enum protocol protocol, const void *address, socklen_t len);

#endif
