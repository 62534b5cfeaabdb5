/* SPDX-License-Identifier: MIT */
/*
 * What a session knows now, copied out of its registry: processes, connections, who holds and who
 * has used each.
 *
 * The registry is hostile input (registry.h): each index and length is bounded, text is cut and
 * may be anything, and a slot that changes while it is copied is left out.
 */
#ifndef FORKSAN_TOOLS_SESSION_VIEW_H
#define FORKSAN_TOOLS_SESSION_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "forksan/finding.h"
#include "forksan/limits.h"
#include "forksan/protocols.h"
#include "session/registry.h"

/* Connections that are copied in full: those that most processes hold.  More than a screen has. */
#define SESSION_VIEW_CONNECTIONS 1024

#define SESSION_VIEW_PLACE_BYTES 256

struct session_view_process {
	pid_t pid;
	pid_t parent_pid;
	uint32_t serial;
	uint32_t slot;
	char comm[17];
};

struct session_view_connection {
	uint64_t id; /* the cookie */
	uint32_t slot;
	enum protocol protocol; /* by the wire, else by port or path */
	char peer[FORKSAN_PEER_TEXT_BYTES];
	char opened_at[SESSION_VIEW_PLACE_BYTES]; /* "app.py:9"; empty: not known */
	/* Open when the watch began (forksan attach): who opened it, and when, is not known. */
	bool open_before;
	pid_t opener_pid;	     /* or the eldest that held it then */
	uint64_t opened_realtime_ns; /* or when it was met */
	/* Indices into `processes` of the live holders; the array is the view's. */
	uint32_t *holders;
	size_t holder_count;
	uint32_t users; /* processes that have used it across the fork, up to FORKSAN_MAX_USERS */
	uint64_t operations; /* since two processes have used it; 0: only one has */
	uint64_t last_ns;    /* CLOCK_MONOTONIC of the latest of these operations; 0: none */
	bool used_by_several;
	pid_t ended_by; /* the process that said goodbye; 0: none, or it is forgotten */
};

struct session_view {
	struct session_registry totals;
	struct session_view_process *processes; /* the live ones */
	size_t process_count;
	struct session_view_connection *connections; /* most holders first */
	size_t connection_count;
	uint64_t connections_open; /* also those that are not copied */
	uint64_t connections_held_by_several;
};

/* Takes a view of the registry `session` of the user `uid`.  Heirs' registries (registry.h) count
 * in `totals` alone.  The caller frees in every case. */
enum session_registry_state session_view_take(uint32_t uid, const char *session,
					      struct session_view *view, const char **why);
void session_view_free(struct session_view *view);

#endif
