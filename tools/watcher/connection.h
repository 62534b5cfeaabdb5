/* SPDX-License-Identifier: MIT */
/*
 * The watched connections: which slot of the registry each has, and which processes hold it.
 *
 * No close() is seen.  The registry's holds are what was known at each fork; before a connection
 * is judged they are held against the references that the kernel has counted at the call, and where
 * these are fewer, against /proc.  /proc is read later than the call: what it does not list any
 * more may have been closed since, and of those as many stay holders as the references account for.
 *
 * One thread.
 */
#ifndef FORKSAN_TOOLS_WATCHER_CONNECTION_H
#define FORKSAN_TOOLS_WATCHER_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include <uthash.h>

#include "watcher/actor.h"
#include "watcher/event.h"
#include "process/fdtable.h"

struct connection {
	uint64_t cookie;
	uint64_t inode;
	bool watched; /* it has a slot */
	struct socket_slot slot;
	uint32_t generation;
	int fd; /* in the process that used it last; -1: not known */
	struct event_name local;
	uint64_t checked_ns;	  /* CLOCK_MONOTONIC, when /proc was asked who holds it */
	struct event_judged told; /* to the kernel; rule 0: nothing yet */
	bool drained;		  /* nothing waited to be read at the call that is judged */
	UT_hash_handle hh;
};

/* The connection of the record that is being judged; NULL: none. */
extern struct connection *connection_now;

struct connection *connection_find(uint64_t cookie);

/* The connection in a slot; NULL: none. */
struct connection *connection_in(struct socket_slot slot);

/* The connection that the actor holds with the lowest descriptor from `fd` on; NULL: none. */
struct connection *connection_next(int fd, const struct actor *actor);

/* The connection that the actor holds as `fd`; NULL: none. */
struct connection *connection_with_fd(int fd, const struct actor *actor);

/* actor_now has opened it.  An entry is made also when the connection is not watched.  NULL: no
 * memory. */
struct connection *connection_open(const struct event_socket *socket);

/* It was met in actor_now, opened before.  Its protocol is what port or path suggest, and its
 * conversation between two exchanges. */
struct connection *connection_meet(const struct event_socket *socket);

/* Tells the kernel by which rule the connection is to be judged (gate.bpf.h), as soon as that is
 * known, and that actor_now uses it. */
void connection_tell_judged(struct connection *connection);

/* It is not to be watched after all. */
void connection_stop_watching(struct connection *connection);

/* The last descriptor is closed. */
void connection_close(struct connection *connection);

/* Notes what a record says of the connection, and lets go of it for processes that do not hold it
 * any more. */
void connection_refresh(struct connection *connection, const struct event_socket *socket);

/* Asks /proc which of the actor's connections it still holds.  False: it does not say, or the actor
 * has ended. */
bool connection_check_all(struct actor *actor);

/* Asks /proc who else still holds the actor's connections, of each until one does. */
void connection_check_others(const struct actor *actor);

/* The actor holds it. */
void connection_hold(const struct connection *connection, struct actor *actor);

/* True when the registry knows the actor as a holder. */
bool connection_is_held_by(const struct connection *connection, const struct actor *actor);

/* Forgets connections that nobody holds; called now and then. */
void connection_sweep(void);

#endif
