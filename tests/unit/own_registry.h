/* SPDX-License-Identifier: MIT */
/*
 * A registry of the test's own, empty, that nobody shares.
 */
#ifndef FORKSAN_TESTS_OWN_REGISTRY_H
#define FORKSAN_TESTS_OWN_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

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

#endif
