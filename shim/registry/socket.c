/* SPDX-License-Identifier: MIT */
/*
 * The table of sockets: claim, publish, release, reclaim, find.  include/forksan/registry.h draws
 * the states of a slot.
 *
 * Writers: any process of the session, at once.  A slot belongs to the process that moved its state
 * word to BUSY by compare-exchange, until that process publishes the slot.
 */
#include "registry/parts.h"

#include <string.h>
#include <time.h>

#include "base/sys.h"

#define NS_PER_SECOND UINT64_C(1000000000)

/* Frees what dead processes left behind.  Each process is asked about once, and at most once a
 * second in the whole session: with a full table every connect() comes here, and asking the kernel
 * about each slot's holder was seen to take 0.3 s.  False: nothing was freed. */
static bool reclaim_sockets(void)
{
	struct registry *registry = registry_mapping;
	uint64_t now = sys_clock_ns(CLOCK_MONOTONIC);
	uint64_t after = load_relaxed(&registry->header.reclaim_after_ns);
	uint32_t high = load_acquire(&registry->header.process_high);
	bool freed = false;

	if (now < after || !compare_exchange_acq_rel(&registry->header.reclaim_after_ns, &after,
						     now + NS_PER_SECOND))
		return false;
	if (high > FORKSAN_MAX_PROCESSES)
		high = FORKSAN_MAX_PROCESSES;
	for (uint32_t p = 0; p < high; p++)
		if (load_acquire(&registry->processes[p].state) == PROCESS_LIVE &&
		    !registry_process_alive(&registry->processes[p]))
			registry_retire_process(&registry->processes[p]);
	for (uint32_t word = 0; word < FORKSAN_HOLD_WORDS; word++)
		for (uint64_t bits = registry_unheld(word, high); bits != 0; bits &= bits - 1) {
			uint32_t slot = word * 64 + (uint32_t)__builtin_ctzll(bits);
			uint32_t state = load_acquire(&registry->socket_state[slot]);

			if ((state & 0xff) == SOCKET_LIVE &&
			    compare_exchange_acq_rel(&registry->socket_state[slot], &state,
						     ((state >> 8) + 1) << 8 | SOCKET_FREE))
				freed = true;
		}
	return freed;
}

/* Claims the first free slot from `from` on. */
static bool claim_from(uint32_t from, struct socket_slot *slot)
{
	struct registry *registry = registry_mapping;

	for (uint32_t i = from; i < FORKSAN_MAX_SOCKETS; i++) {
		struct registry_socket *socket = &registry->sockets[i];
		uint32_t word = load_acquire(&registry->socket_state[i]);

		if ((word & 0xff) != SOCKET_FREE)
			continue;
		if (registry_populate(socket, sizeof *socket) != 0)
			return false;
		if (!compare_exchange_acq_rel(&registry->socket_state[i], &word,
					      ((word >> 8) + 1) << 8 | SOCKET_BUSY))
			continue;
		memset(socket, 0, sizeof *socket);
		raise_at_least(&registry->header.socket_high, i + 1);
		store_relaxed(&registry->header.socket_hint, i + 1);
		*slot = (struct socket_slot){i};
		return true;
	}
	return false;
}

bool registry_claim_socket(struct socket_slot *slot)
{
	return claim_from(load_relaxed(&registry_mapping->header.socket_hint), slot) ||
	       claim_from(0, slot) || (reclaim_sockets() && claim_from(0, slot));
}

void registry_publish_socket(struct socket_slot slot)
{
	uint32_t word = load_relaxed(&registry_mapping->socket_state[slot.n]);

	store_release(&registry_mapping->socket_state[slot.n],
		      (word & ~UINT32_C(0xff)) | SOCKET_LIVE);
}

void registry_release_socket(struct socket_slot slot, uint32_t generation)
{
	struct registry *registry = registry_mapping;
	uint32_t live = generation << 8 | SOCKET_LIVE;
	uint32_t hint;

	/* Our own bit was cleared before: either this scan sees the bit of a process that tells its
	 * holds late (made by a raw clone), or that process sees the generation change
	 * (fdtable_publish_holds). */
	atomic_thread_fence(memory_order_seq_cst);
	if (registry_held_by_anyone(slot))
		return;
	/* A message holds it.  One that is never received leaves the slot to be reclaimed. */
	if (load_acquire(&registry->sockets[slot.n].flags) & SOCKET_IN_MESSAGE)
		return;
	if (!compare_exchange_acq_rel(&registry->socket_state[slot.n], &live,
				      (generation + 1) << 8 | SOCKET_FREE))
		return;
	hint = load_relaxed(&registry->header.socket_hint);
	while (slot.n < hint &&
	       !compare_exchange_acq_rel(&registry->header.socket_hint, &hint, slot.n))
		;
}

bool registry_find_socket(uint64_t cookie, struct socket_slot *slot)
{
	struct registry *registry = registry_mapping;
	uint32_t high = load_acquire(&registry->header.socket_high);

	for (uint32_t i = 0; i < high && i < FORKSAN_MAX_SOCKETS; i++) {
		uint32_t word = load_acquire(&registry->socket_state[i]);

		if ((word & 0xff) != SOCKET_LIVE || registry->sockets[i].cookie != cookie)
			continue;
		if (load_acquire(&registry->socket_state[i]) != word)
			continue;
		*slot = (struct socket_slot){i};
		return true;
	}
	return false;
}
