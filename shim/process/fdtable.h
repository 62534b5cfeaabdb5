/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of this process: which socket slot each one is, and how many name each slot.
 *
 * Private memory, copied by fork with the descriptors themselves.  Zero is "not watched",
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

/* A connection as a descriptor names it: the offset of its socket in the registry, 0 when the
 * descriptor is not watched.  An offset and not an index, since the fast path adds it to the
 * mapping's address.  Wrappers hand it to the tracker, which turns it into socket and slot once. */
struct socket_ref {
	uint32_t n;
};

/* For each descriptor below fdtable_limit the word of its struct socket_ref. */
extern FORKSAN_HIDDEN _Atomic uint32_t *fdtable_entries;
_Static_assert(sizeof(struct registry) <= UINT32_MAX, "offsets fit a reference");

/* Descriptors below it are looked up; 0 until fdtable_open(). */
extern FORKSAN_HIDDEN _Atomic uint32_t fdtable_limit;

/* Makes the table, for the first FORKSAN_MAX_FDS descriptors, or for few where memory is short.
 * Called when libc's functions are known, since from then on fdtable_is_unwatched() says yes. */
void fdtable_open(void);

static inline struct socket_ref socket_ref_of(struct socket_slot slot)
{
	return (struct socket_ref){(uint32_t)(offsetof(struct registry, sockets) +
					      slot.n * sizeof(struct registry_socket))};
}

static inline struct socket_slot socket_ref_slot(struct socket_ref ref)
{
	return (struct socket_slot){(uint32_t)((ref.n - offsetof(struct registry, sockets)) /
					       sizeof(struct registry_socket))};
}

/* What a descriptor names; 0 when it is not watched. */
static inline struct socket_ref fdtable_lookup(int fd)
{
	if ((unsigned)fd >= load_acquire(&fdtable_limit))
		return (struct socket_ref){0};
	return (struct socket_ref){load_relaxed(&fdtable_entries[fd])};
}

/* The fast path of every wrapper: true when the call can go straight to libc.  False with *ref 0
 * when the number is none of ours or libc's functions are not known yet: REAL() then finds them. */
static inline bool fdtable_is_unwatched(int fd, struct socket_ref *ref)
{
	ref->n = 0;
	if (unlikely((unsigned)fd >= load_acquire(&fdtable_limit)))
		return false;
	ref->n = load_relaxed(&fdtable_entries[fd]);
	return ref->n == 0;
}

/* From now on the registry is told what this process holds, as the holds of the process in that
 * slot. Nothing is told before, and nothing in a fork child until it has entered the session. */
void fdtable_hold_for(struct process_slot process_slot);
void fdtable_hold_for_nobody(void);

/* Names fd as a descriptor of the slot, whose generation is given; whatever it named before is let
 * go.  False when the descriptor is too high, or there is no memory for it. */
bool fdtable_set(int fd, struct socket_slot slot, uint32_t generation);

/* Forgets the descriptor; the slot's last descriptor lets go of the socket. */
void fdtable_clear(int fd);

/* Forgets the descriptors first..last. */
void fdtable_clear_range(unsigned first, unsigned last);

/* The generation with which this process knows the slot. */
uint32_t fdtable_generation(struct socket_slot slot);

/* A descriptor that names the slot, or -1. */
int fdtable_find(struct socket_slot slot);

/* True when more than one descriptor names the slot. */
bool fdtable_has_copies(struct socket_slot slot);

/* True when no descriptor is watched. */
bool fdtable_is_empty(void);

/* One more than the highest descriptor that was ever watched. */
unsigned fdtable_high(void);

/* Writes what this process holds as the holds of the process in that slot: its child's, before the
 * fork.  False when there are no pages for it. */
bool fdtable_copy_holds(struct process_slot process_slot);

/* In a process whose parent could not do that (raw clone), or after an exec that failed: tells the
 * registry what it holds.  What has been let go of by everybody meanwhile is lost, and counted. */
void fdtable_publish_holds(void);

/* The next descriptor from *fd on of a socket that this process holds, one for each socket.  False:
 * there is none. */
bool fdtable_next_held(int *fd, struct socket_slot *slot);

#endif
