/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of this process: which socket slot each one is, and how many name each slot.
 *
 * Private memory, copied by fork with the descriptors themselves.  A zero entry is "not watched",
 * which is also what a wrapper finds that is called before the constructor.  All functions are
 * lock-free and async-signal-safe; the caller has made sure that this is no vfork child.
 */
#ifndef FORKSAN_SHIM_FDTABLE_H
#define FORKSAN_SHIM_FDTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forksan/atomics.h"
#include "base/compiler.h"
#include "registry/registry.h"

/* What an entry holds: the offset of the socket's slot in the registry, 0 when not watched.  An offset
 * and not an index, since the fast path adds it to the mapping's address. */
extern FORKSAN_HIDDEN _Atomic uint32_t fdtable_entries[FORKSAN_MAX_FDS];
_Static_assert(sizeof(struct registry) <= UINT32_MAX, "offsets fit an entry");

/* Descriptors below it are looked up; 0 until libc's functions are known. */
extern FORKSAN_HIDDEN _Atomic uint32_t fdtable_limit;

static inline uint32_t fdtable_entry(uint32_t slot)
{
	return (uint32_t)(offsetof(struct registry, sockets) +
			  slot * sizeof(struct registry_socket));
}

static inline uint32_t fdtable_slot(uint32_t entry)
{
	return (uint32_t)((entry - offsetof(struct registry, sockets)) /
			  sizeof(struct registry_socket));
}

/* The entry of a descriptor, 0 when it is not watched. */
static inline uint32_t fdtable_lookup(int fd)
{
	if ((unsigned)fd >= FORKSAN_MAX_FDS)
		return 0;
	return load_relaxed(&fdtable_entries[fd]);
}

/* The fast path of every wrapper: true when the call can go straight to libc.  False with *entry 0
 * when the number is none of ours or libc's functions are not known yet: REAL() then finds them. */
static inline bool fdtable_is_unwatched(int fd, uint32_t *entry)
{
	*entry = 0;
	if (unlikely((unsigned)fd >= load_relaxed(&fdtable_limit)))
		return false;
	*entry = load_relaxed(&fdtable_entries[fd]);
	return *entry == 0;
}

/* Names fd as a descriptor of the slot, whose generation is given; whatever it named before is let
 * go.  False when the descriptor is too high. */
bool fdtable_set(int fd, uint32_t slot, uint32_t generation);

/* Forgets the descriptor; the slot's last descriptor lets go of the socket. */
void fdtable_clear(int fd);

/* Forgets the descriptors first..last. */
void fdtable_clear_range(unsigned first, unsigned last);

/* The generation with which this process knows the slot. */
uint32_t fdtable_generation(uint32_t slot);

/* A descriptor that names the slot, or -1. */
int fdtable_find(uint32_t slot);

/* True when no descriptor is watched. */
bool fdtable_is_empty(void);

/* One more than the highest descriptor that was ever watched. */
unsigned fdtable_high(void);

/* Writes what this process holds as the holds of the process in that slot: its child's, before the
 * fork.  False when there are no pages for it. */
bool fdtable_copy_holds(uint32_t process_slot);

/* In a process whose parent could not do that (raw clone), or after an exec that failed: tells the
 * registry what it holds.  What has been let go of by everybody meanwhile is lost, and counted. */
void fdtable_publish_holds(void);

/* The first socket slot from *slot on that this process holds; false when there is none. */
bool fdtable_next_held(uint32_t *slot);

#endif
