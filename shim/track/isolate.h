/* SPDX-License-Identifier: MIT */
/*
 * Isolation (mode=isolate): a process that is about to break the rule loses the connection, and
 * the driver of that process meets what every driver knows, a server that has closed.  Nobody else
 * is touched: the live connection stays with the process that used the connection first.
 *
 * docs/decisions/0013 says where the dead descriptor comes from, and why no other way was taken.
 *
 * All functions: any thread, signal handlers; errno is kept.  No descriptor is held between calls.
 */
#ifndef FORKSAN_SHIM_TRACK_ISOLATE_H
#define FORKSAN_SHIM_TRACK_ISOLATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "track/call.h"

/* The local address of a connection that was isolated, for the report. */
struct isolate_address {
	struct sockaddr_storage address;
	uint32_t len_bytes; /* 0: not known */
};

/* Puts a dead descriptor in the place of each descriptor that this process has of the call's
 * connection: the number, close-on-exec, O_NONBLOCK and this process's own registrations on epoll
 * instances stay.  Fills *local, which must live until the violation is reported, and sets
 * call->action: ACTION_ISOLATED, or ACTION_NOT_ISOLATED (counted) where no dead descriptor can be
 * had.  The caller reports next, then calls isolate_end(). */
void isolate(struct track_call *call, struct isolate_address *local);

/* Forgets the connection in this process, which no longer holds the connection; the wrapper's call
 * meets the dead descriptor.  Does nothing for a call that isolate() has not isolated. */
void isolate_end(struct track_call *call);

/* Reports a use over `last` that breaks the rule and has moved its bytes: the claim let the call
 * pass, or there was none.  Strict mode ends the process here; isolate mode isolates the process
 * from here on. */
void isolate_late(struct track_call *call, struct lineage_use last, int64_t moved);

#endif
