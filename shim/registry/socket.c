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

#include "base/compiler.h"
#include "base/sys.h"

#define NS_PER_SECOND UINT64_C(1000000000)

struct registry_socket *registry_socket(struct socket_slot slot)
{
	struct registry_socket *socket;

	if (slot.n >= FORKSAN_MAX_SOCKETS)
		return NULL;
	socket = &registry_mapping->sockets[slot.n];
	return registry_reach(socket, sizeof *socket) ? socket : NULL;
}

/* The state word of a slot; NULL when its page cannot be had. */
static _Atomic uint32_t *state_of(struct socket_slot slot)
{
	_Atomic uint32_t *word = &registry_mapping->socket_state[slot.n];

	return registry_reach(word, sizeof *word) ? word : NULL;
}

/* Frees a LIVE slot.  False: the slot is not LIVE, or another process was faster. */
static bool reclaim(struct socket_slot slot)
{
	_Atomic uint32_t *state = state_of(slot);
	uint32_t word = state ? load_acquire(state) : SOCKET_FREE;

	return (word & 0xff) == SOCKET_LIVE &&
	       compare_exchange_acq_rel(state, &word, ((word >> 8) + 1) << 8 | SOCKET_FREE);
}

static void retire_dead(void)
{
	uint32_t high = registry_process_high();

	for (uint32_t p = 0; p < high; p++) {
		struct registry_process *process = registry_process((struct process_slot){p});

		if (process && load_acquire(&process->state) == PROCESS_LIVE &&
		    !registry_process_alive(process))
			registry_retire_process(process);
	}
}

/* Frees the slots that no live process holds.  The kernel is asked about each process once, and at
 * most once a second in the whole session: with a full table every connect() comes here, and
 * questions about each slot's holder were seen to take 0.3 s.  False: no slot was freed. */
static bool reclaim_sockets(void)
{
	struct registry_header *header = &registry_mapping->header;
	uint64_t now = sys_clock_ns(CLOCK_MONOTONIC);
	uint64_t after = load_relaxed(&header->reclaim_after_ns);
	uint32_t high = registry_socket_high();
	bool freed = false;

	if (now < after ||
	    !compare_exchange_acq_rel(&header->reclaim_after_ns, &after, now + NS_PER_SECOND))
		return false;
	retire_dead();
	for (uint32_t word = 0; word * 64 < high; word++)
		for (uint64_t bits = ~registry_held(word); bits != 0; bits &= bits - 1)
			freed |= reclaim(
				(struct socket_slot){word * 64 + (uint32_t)__builtin_ctzll(bits)});
	return freed;
}

/* Claims the first free slot from `from` on.  False: no slot is free, or there is no room. */
static bool claim_from(uint32_t from, struct socket_slot *slot)
{
	for (uint32_t i = from; i < FORKSAN_MAX_SOCKETS; i++) {
		struct registry_socket *socket = &registry_mapping->sockets[i];
		_Atomic uint32_t *state = &registry_mapping->socket_state[i];
		uint32_t word;

		if (!registry_reach_new(state, sizeof *state))
			return false;
		word = load_acquire(state);
		if ((word & 0xff) != SOCKET_FREE)
			continue;
		if (!registry_reach_new(socket, sizeof *socket) ||
		    !registry_reach_new(&registry_mapping->socket_key[i], sizeof(uint32_t)))
			return false;
		if (!compare_exchange_acq_rel(state, &word, ((word >> 8) + 1) << 8 | SOCKET_BUSY))
			continue;
		memset(socket, 0, sizeof *socket);
		raise_at_least(&registry_mapping->header.socket_high, i + 1);
		store_relaxed(&registry_mapping->header.socket_hint, i + 1);
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

void registry_name_socket(struct socket_slot slot, uint64_t cookie)
{
	registry_mapping->sockets[slot.n].cookie = cookie;
	store_relaxed(&registry_mapping->socket_key[slot.n], registry_key(cookie));
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

	/* The caller's own bit was cleared before: either this scan sees the bit of a process that
	 * publishes its holds late (made by a raw clone), or that process sees the generation
	 * change (fdtable_publish_holds()). */
	atomic_thread_fence(memory_order_seq_cst);
	if (registry_is_held(slot))
		return;
	/* A message on the way holds the socket.  If nobody receives the message, the slot is
	 * reclaimed when the table is full. */
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

bool registry_has_sockets(void)
{
	return registry_socket_high() > 0;
}

bool registry_live_cookie(struct socket_slot slot, uint64_t *cookie)
{
	const _Atomic uint32_t *state = state_of(slot);
	const struct registry_socket *socket;
	uint32_t word = state ? load_acquire(state) : SOCKET_FREE;

	if ((word & 0xff) != SOCKET_LIVE)
		return false;
	socket = registry_socket(slot);
	if (!socket)
		return false;
	*cookie = socket->cookie;
	return load_acquire(state) == word;
}

bool registry_keys_are_usable(uint32_t high)
{
	return registry_reach(registry_mapping->socket_key,
			      high * sizeof registry_mapping->socket_key[0]);
}

/* Keys that are compared at once, without a branch in between. */
#define KEYS_AT_ONCE 8

static bool has_key(const _Atomic uint32_t *keys, uint32_t key)
{
	bool found = false;

	for (uint32_t i = 0; i < KEYS_AT_ONCE; i++)
		found |= load_relaxed(&keys[i]) == key;
	return found;
}

bool registry_find_socket(uint64_t cookie, struct socket_slot *slot)
{
	uint32_t high = registry_socket_high();
	uint32_t key = registry_key(cookie);
	uint64_t found;

	if (!registry_keys_are_usable(high))
		return false;
	for (uint32_t first = 0; first < high; first += KEYS_AT_ONCE) {
		if (likely(!has_key(&registry_mapping->socket_key[first], key)))
			continue;
		for (uint32_t i = first; i < first + KEYS_AT_ONCE && i < high; i++) {
			*slot = (struct socket_slot){i};
			if (registry_live_cookie(*slot, &found) && found == cookie)
				return true;
		}
	}
	return false;
}
