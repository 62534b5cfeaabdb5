/* SPDX-License-Identifier: MIT */
/*
 * A session's registry as the tool reads the file: when the session has ended, or while it runs.
 *
 * Any process of the session may have written anything, and may be writing still.  The reader
 * copies each part with pread(), so a file that shrinks is a short read and no SIGBUS; every value
 * is bounded.
 */
#ifndef FORKSAN_TOOLS_SESSION_REGISTRY_H
#define FORKSAN_TOOLS_SESSION_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forksan/finding.h"
#include "common/session.h"
#include "forksan/registry.h"
#include "log/unwatched.h"

#define SESSION_REGISTRY_PATH_BYTES SESSION_PATH_BYTES

/* More changes of the user than a session makes. */
#define SESSION_REGISTRY_HEIRS 8

struct session_registry {
	uint64_t counters[COUNTER_COUNT];
	uint64_t records; /* that the session has numbered: `seq` of the log */
	struct unwatched unwatched;
	bool summary_written; /* the session's last process wrote the summary record */
	bool from_outside;    /* forksan attach watches its processes, and none is a member */
	/* With from_outside alone, CLOCK_REALTIME; 0: not yet. */
	uint64_t watched_from_ns;
	uint64_t watched_until_ns;
	size_t alive; /* processes of the session that are still there */
	/* Users in whose registries the session went on: programs that were exec'd after a process
	 * had changed its user.  The counts above include these registries. */
	uint32_t heirs[SESSION_REGISTRY_HEIRS];
	size_t heir_count;
};

enum session_registry_state {
	SESSION_REGISTRY_READ,
	SESSION_REGISTRY_ABSENT,  /* forksan was in no process of the session */
	SESSION_REGISTRY_STRANGE, /* another file is there; `why` says which kind */
};

/* Writes the path of the registry of `session`, as this user's processes make the file. */
void session_registry_path(const char *session, char out[SESSION_REGISTRY_PATH_BYTES]);

/* Reads the registry of `session` into *registry, and the registries of the same name in which the
 * session went on as another user, as far as this user may.  *why is set for
 * SESSION_REGISTRY_STRANGE.
 */
enum session_registry_state
session_registry_read(const char *session, struct session_registry *registry, const char **why);

/* The same for the registry that another user's processes made, as far as this user may. */
enum session_registry_state session_registry_read_of(uint32_t uid, const char *session,
						     struct session_registry *registry,
						     const char **why);

#define SESSION_REGISTRY_WHY_BYTES 160

/* Writes why there may be no registry: the fault of /dev/shm, beginning with ": ", or an empty
 * string when /dev/shm has no fault. */
void session_registry_explain_absence(char why[SESSION_REGISTRY_WHY_BYTES]);

/* Removes the registries of the session, those of the heirs included. */
void session_registry_remove(const char *session, const struct session_registry *registry);

#endif
