/* SPDX-License-Identifier: MIT */
/*
 * Who uses a connection and from where: the latest use stack of each process, kept in the socket's
 * slot for reports that other processes write.
 */
#ifndef FORKSAN_SHIM_TRACK_ACCESSOR_H
#define FORKSAN_SHIM_TRACK_ACCESSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "registry/registry.h"
#include "stack/stack.h"

/* Takes this thread's stack as the process's latest use, unless the process has taken `limit`
 * stacks on this connection already; returns the latest.  Async-signal-safe. */
struct stack_id accessor_stack(struct registry_socket *socket, uint32_t limit);

/* Counts that this process was isolated from the connection (isolate.h). */
void accessor_note_isolated(struct registry_socket *socket);

/* True when this process has used the connection, as far as is known. */
bool accessor_has_used(const struct registry_socket *socket);

/* Called before this process notes itself at a connection in another place: accessor_has_used()
 * looks there from now on. */
void accessor_note(void);

/* The latest use stack of the process with that serial; 0 when no stack is kept. */
struct stack_id accessor_latest_stack(const struct registry_socket *socket, struct serial serial);

/* The serial of the latest accessor other than `self` whose stack is kept; 0: there is no other. */
struct serial accessor_latest_other(const struct registry_socket *socket, struct serial self);

#endif
