/* SPDX-License-Identifier: MIT */
/*
 * A session's registry as `forksan run` reads it when CMD has ended.
 *
 * Any process of the session may have written anything, and may be writing still.  What is needed
 * is copied with pread(), so a file that shrinks is a short read and no SIGBUS; every value is
 * bounded.
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

/* More changes of the user than a session has. */
#define RUN_REGISTRY_HEIRS 8

struct run_registry {
	uint64_t counters[COUNTER_COUNT];
	uint64_t records;     /* that the session has numbered: `seq` of the log */
	bool summary_written; /* the session's last process wrote the summary record */
	size_t alive;	      /* processes of the session that are still there */
	/* Users in whose registries the session went on: programs that were exec'd after a process
	 * had changed its user.  What those say is in the counts above. */
	uint32_t heirs[RUN_REGISTRY_HEIRS];
	size_t heir_count;
};

enum run_registry_state {
	RUN_REGISTRY_READ,
	RUN_REGISTRY_ABSENT,  /* forksan was in no process of the session */
	RUN_REGISTRY_STRANGE, /* something else is there; `why` says what */
};

/* The path of the registry of `session`, as this user's processes make it. */
void run_registry_path(const char *session, char out[RUN_REGISTRY_PATH_BYTES]);

/* Reads the registry of `session` into *registry, and those of the same name in which it went on as
 * another user, as far as this user may.  *why is set for RUN_REGISTRY_STRANGE. */
enum run_registry_state run_registry_read(const char *session, struct run_registry *registry,
					  const char **why);

#define RUN_REGISTRY_WHY_BYTES 160

/* Why there may be no registry: what is wrong with /dev/shm, beginning with ": ", or an empty
 * string when nothing is. */
void run_registry_explain_absence(char why[RUN_REGISTRY_WHY_BYTES]);

/* Removes the session's files. */
void run_registry_remove(const char *session, const struct run_registry *registry);

#endif
