/* SPDX-License-Identifier: MIT */
/*
 * A registry of the test's own, empty, that nobody shares.
 */
#ifndef FORKSAN_TESTS_OWN_REGISTRY_H
#define FORKSAN_TESTS_OWN_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "registry/registry.h"

static inline bool own_registry_map(void)
{
	registry_mapping = mmap(NULL, sizeof(struct registry), PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (registry_mapping == MAP_FAILED)
		registry_mapping = NULL;
	return registry_mapping != NULL;
}

static inline void own_registry_unmap(void)
{
	munmap(registry_mapping, sizeof(struct registry));
	registry_mapping = NULL;
}

/* cmocka's setup and teardown of a group: a session of the test's own, as a program begins one. */
static inline int own_session_begin(void **state)
{
	bool created;

	(void)state;
	return registry_join("", REGISTRY_FIND_OR_BEGIN, getpid(), getppid(), &created) == 0 &&
			       created
		       ? 0
		       : -1;
}

static inline int own_session_end(void **state)
{
	(void)state;
	registry_unlink();
	return 0;
}

#endif
