/* SPDX-License-Identifier: MIT */
/*
 * A session's registry as `forksan run` reads the file when CMD has ended.
 *
 * Any process of the session may have written anything, and may be writing still.  The reader
 * copies each part with pread(), so a file that shrinks is a short read and no SIGBUS; every value
 * is bounded.
 */
#ifndef FORKSAN_TOOLS_RUN_REGISTRY_H
#define FORKSAN_TOOLS_RUN_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forksan/finding.h"
#include "common/session.h"
#include "forksan/registry.h"

#define RUN_REGISTRY_PATH_BYTES SESSION_PATH_BYTES

/* More changes of the user than a session makes. */
#define RUN_REGISTRY_HEIRS 8

struct run_registry {
	uint64_t counters[COUNTER_COUNT];
	uint64_t records;     /* that the session has numbered: `seq` of the log */
	bool summary_written; /* the session's last process wrote the summary record */
	size_t alive;	      /* processes of the session that are still there */
	/* Users in whose registries the session went on: programs that were exec'd after a process
	 * had changed its user.  The counts above include these registries. */
	uint32_t heirs[RUN_REGISTRY_HEIRS];
	size_t heir_count;
};

enum run_registry_state {
	RUN_REGISTRY_READ,
	RUN_REGISTRY_ABSENT,  /* forksan was in no process of the session */
	RUN_REGISTRY_STRANGE, /* another file is there; `why` says which kind */
};

/* Writes the path of the registry of `session`, as this user's processes make the file. */
void run_registry_path(const char *session, char out[RUN_REGISTRY_PATH_BYTES]);

/* Reads the registry of `session` into *registry, and the registries of the same name in which the
 * session went on as another user, as far as this user may.  *why is set for RUN_REGISTRY_STRANGE.
 */
enum run_registry_state run_registry_read(const char *session, struct run_registry *registry,
					  const char **why);

#define RUN_REGISTRY_WHY_BYTES 160

/* Writes why there may be no registry: the fault of /dev/shm, beginning with ": ", or an empty
 * string when /dev/shm has no fault. */
void run_registry_explain_absence(char why[RUN_REGISTRY_WHY_BYTES]);

/* Removes the registries of the session, those of the heirs included. */
void run_registry_remove(const char *session, const struct run_registry *registry);

#endif
