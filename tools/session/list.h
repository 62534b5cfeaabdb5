/* SPDX-License-Identifier: MIT */
/*
 * The sessions whose registries this user may read: the user's own; as root, everybody's.
 */
#ifndef FORKSAN_TOOLS_SESSION_LIST_H
#define FORKSAN_TOOLS_SESSION_LIST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "forksan/registry.h"
#include "session/registry.h"

struct session_listed {
	uint32_t uid;
	char name[REGISTRY_SESSION_BYTES];
	enum session_registry_state state; /* SESSION_REGISTRY_STRANGE: the rest is 0 */
	struct session_registry registry;
};

/* Lists the sessions, those with live processes first.  Returns their number; the caller frees
 * *sessions. */
size_t session_list(struct session_listed **sessions);

/* True when a live process of the session has that pid. */
bool session_has_process(const struct session_listed *session, pid_t pid);

#endif
