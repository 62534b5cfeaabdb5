/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of this process: which socket slot each one is, and how many name each slot.
 *
 * Private memory, copied by fork with the descriptors themselves.  Zero means "not watched": a
 * wrapper that is called before the constructor finds zero too.  All functions are lock-free and
 * async-signal-safe.  The caller of a function that changes the table has made sure that the
 * process is no vfork child.
 */
#ifndef FORKSAN_SHIM_FDTABLE_H
#define FORKSAN_SHIM_FDTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forksan/atomics.h"
#include "base/compiler.h"
#include "registry/registry.h"

/* A connection as a descriptor names it: the offset of its struct registry_socket in the registry,
 * 0 when the descriptor is not watched.  The word is an offset and no index, since the fast path
 * adds it to the mapping's address.  Wrappers hand the reference to the tracker, which turns it
 * into socket and slot once. */
struct socket_ref {
	uint32_t n;
};

/* For each descriptor below fdtable_limit the word of its struct socket_ref. */
extern FORKSAN_HIDDEN _Atomic uint32_t *fdtable_entries;
_Static_assert(sizeof(struct registry) <= UINT32_MAX, "offsets fit a reference");

/* Descriptors below this limit are looked up.  0 until fdtable_open(). */
extern FORKSAN_HIDDEN _Atomic uint32_t fdtable_limit;

/* Makes the table for the first 256 descriptors.  Called by real.c when libc's functions are known:
 * from then on fdtable_is_unwatched() may send a wrapper straight to libc.  Later calls do nothing.
 * A process that joins a session gets the table for FORKSAN_MAX_FDS descriptors, unless memory is
 * short. */
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

/* The connection that the descriptor names; 0 when the descriptor is not watched. */
static inline struct socket_ref fdtable_lookup(int fd)
{
	if ((unsigned)fd >= load_acquire(&fdtable_limit))
		return (struct socket_ref){0};
	return (struct socket_ref){load_relaxed(&fdtable_entries[fd])};
}

/* The fast path of every wrapper: true when the call can go straight to libc.  False with *ref not
 * 0: the descriptor is watched.  False with *ref 0: the number lies beyond the table, or libc's
 * functions are not known yet and REAL() has to find them. */
static inline bool fdtable_is_unwatched(int fd, struct socket_ref *ref)
{
	ref->n = 0;
	if (unlikely((unsigned)fd >= load_acquire(&fdtable_limit)))
		return false;
	ref->n = load_relaxed(&fdtable_entries[fd]);
	return ref->n == 0;
}

/* Called by process.c when this process takes or loses its place in the session.  After
 * fdtable_hold_for() each change of this table is written to the registry, as the holds of the
 * process in that slot; after fdtable_hold_for_nobody() no change is written.  A fork
 * child begins without a slot. */
void fdtable_hold_for(struct process_slot process_slot);
void fdtable_hold_for_nobody(void);

/* Names fd as a descriptor of the slot, whose generation is given, and lets go of the slot that fd
 * named before.  False when fd is too high, or there is no memory for the entry: the table is as it
 * was, and the caller counts the loss. */
bool fdtable_set(int fd, struct socket_slot slot, uint32_t generation);

/* Forgets the descriptor.  With the slot's last descriptor the process lets go of the socket. */
void fdtable_clear(int fd);

/* Forgets the descriptors first..last. */
void fdtable_clear_range(unsigned first, unsigned last);

/* The generation that fdtable_set() was given for the slot; 0 before. */
uint32_t fdtable_generation(struct socket_slot slot);

/* The lowest descriptor that names the slot, or -1.  Reads the whole table. */
int fdtable_find(struct socket_slot slot);

/* True when more than one descriptor names the slot. */
bool fdtable_has_copies(struct socket_slot slot);

/* True when no descriptor is watched. */
bool fdtable_is_empty(void);

/* The number of watched descriptors. */
uint32_t fdtable_count(void);

/* One more than the highest descriptor that was ever watched. */
unsigned fdtable_high(void);

/* Writes the sockets that this process holds as the holds of the process in that slot.  Called
 * before a fork, for the child.  False when the registry has no pages for the child's holds. */
bool fdtable_copy_holds(struct process_slot process_slot);

/* Writes the sockets that this process holds as its own holds.  Called in a process that nobody
 * announced (raw clone), and after an exec that failed.  A socket that the registry has released
 * meanwhile is dropped, and counted (LOST_CONNECTIONS). */
void fdtable_publish_holds(void);

/* The next descriptor, from *fd on, of a socket that this process holds; each socket comes up once.
 * False: no further descriptor is watched. */
bool fdtable_next_held(int *fd, struct socket_slot *slot);

#endif
