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

/* The latest live process that may have brought connections through an exec whose holds are not
 * written: a program that was started and has not joined, or a process on its way.  0: none. */
static uint32_t latest_on_its_way(void)
{
	uint32_t high = registry_process_high();
	uint32_t latest = 0;

	for (uint32_t p = 0; p < high; p++) {
		const struct registry_process *process = registry_process((struct process_slot){p});
		uint32_t serial;

		if (!process || load_acquire(&process->state) != PROCESS_LIVE ||
		    load_relaxed(&process->through) == THROUGH_UNKNOWN)
			continue;
		serial = registry_process_serial(process).n;
		latest = serial > latest ? serial : latest;
	}
	return latest;
}

/* True for a slot without a holder whose socket may get one: it is in a message, or may come
 * through an exec to a process that was born after the connection's opener. */
static bool is_expected(struct socket_slot slot, uint32_t latest)
{
	const struct registry_socket *socket = registry_socket(slot);

	return !socket || (load_acquire(&socket->flags) & SOCKET_IN_MESSAGE) != 0 ||
	       load_once(&socket->opener_serial.n) <= latest;
}

static void lower_hint(struct socket_slot slot)
{
	_Atomic uint32_t *hint = &registry_mapping->header.socket_hint;
	uint32_t now = load_relaxed(hint);

	while (slot.n < now && !compare_exchange_acq_rel(hint, &now, slot.n))
		;
}

/* Frees those of 64 slots that no live process holds.  The states are read before the holds: a slot
 * that is claimed anew meanwhile has another generation.  Returns how many were freed. */
static uint32_t reclaim_word(uint32_t word, bool all)
{
	uint32_t states[64];
	uint64_t bits = 0;
	uint32_t freed = 0;
	uint32_t latest;

	for (uint32_t i = 0; i < 64; i++) {
		const _Atomic uint32_t *state = state_of((struct socket_slot){word * 64 + i});

		states[i] = state ? load_acquire(state) : SOCKET_FREE;
		if ((states[i] & 0xff) == SOCKET_LIVE)
			bits |= UINT64_C(1) << i;
	}
	atomic_thread_fence(memory_order_seq_cst); /* see registry_release_socket() */
	bits &= ~registry_held(word, bits);
	if (bits == 0)
		return 0;
	/* After the holds: see track_before_exec(). */
	atomic_thread_fence(memory_order_seq_cst);
	latest = all ? 0 : latest_on_its_way();
	for (; bits != 0; bits &= bits - 1) {
		uint32_t i = (uint32_t)__builtin_ctzll(bits);
		struct socket_slot slot = {word * 64 + i};

		if ((!all && is_expected(slot, latest)) ||
		    !compare_exchange_acq_rel(&registry_mapping->socket_state[slot.n], &states[i],
					      ((states[i] >> 8) + 1) << 8 | SOCKET_FREE))
			continue;
		lower_hint(slot);
		freed++;
	}
	return freed;
}

/* Frees slots that no live process holds: with `all` those too whose socket may get a holder again.
 * The kernel is asked about each process once, and no more often in the whole session than
 * `period_ns` says: with a full table every connect() comes here, and questions about each slot's
 * holder were seen to take 0.3 s.  Returns how many were freed. */
static uint32_t reclaim_sockets(bool all, uint64_t period_ns)
{
	struct registry_header *header = &registry_mapping->header;
	uint64_t now = sys_clock_ns(CLOCK_MONOTONIC);
	uint64_t after = load_relaxed(&header->reclaim_after_ns);
	uint32_t high = registry_socket_high();
	uint32_t freed = 0;

	if (now < after ||
	    !compare_exchange_acq_rel(&header->reclaim_after_ns, &after, now + period_ns))
		return 0;
	retire_dead();
	for (uint32_t word = 0; word * 64 < high; word++)
		freed += reclaim_word(word, all);
	/* The table grows when there is little to gain. */
	if (freed < FORKSAN_SOCKET_LOT / 2)
		raise_at_least(&header->socket_lot_end, high + FORKSAN_SOCKET_LOT);
	return freed;
}

/* Claims the first free slot from `from` on and below `end`.  `hint`: socket_hint as the caller has
 * read it.  False: no slot is free, or there is no room. */
static bool claim_between(uint32_t from, uint32_t end, uint32_t hint, struct socket_slot *slot)
{
	struct registry_header *header = &registry_mapping->header;

	for (uint32_t i = from; i < end; i++) {
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
		raise_at_least(&header->socket_high, i + 1);
		/* Not where another process has freed a lower slot meanwhile. */
		compare_exchange_acq_rel(&header->socket_hint, &hint, i + 1);
		*slot = (struct socket_slot){i};
		return true;
	}
	return false;
}

/* The least time between two tries to do without another lot. */
#define LOT_PERIOD_NS (NS_PER_SECOND / 10)

/* True when the table, with slots below `high` in use, may grow without a look for slots that
 * nobody holds.  `forksan attach` frees slots itself, and has holders that are not in the registry.
 */
static bool may_grow(uint32_t high)
{
	const struct registry_header *header = &registry_mapping->header;

	return high < FORKSAN_SOCKET_LOT || high < load_relaxed(&header->socket_lot_end) ||
	       load_relaxed(&header->from_outside) != 0;
}

bool registry_claim_socket(struct socket_slot *slot)
{
	uint32_t hint = load_relaxed(&registry_mapping->header.socket_hint);
	uint32_t high = registry_socket_high();

	if (claim_between(hint, may_grow(high) ? FORKSAN_MAX_SOCKETS : high, hint, slot) ||
	    claim_between(0, high, hint, slot))
		return true;
	if (high < FORKSAN_MAX_SOCKETS)
		return (reclaim_sockets(false, LOT_PERIOD_NS) > 0 &&
			claim_between(0, high, 0, slot)) ||
		       claim_between(high, FORKSAN_MAX_SOCKETS, hint, slot);
	return reclaim_sockets(true, NS_PER_SECOND) > 0 && claim_between(0, high, 0, slot);
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

	/* The caller's own bit was cleared before: either this scan sees the bit of a process that
	 * publishes its holds late (made by a raw clone), or that process sees the generation
	 * change (fdtable_publish_holds()).  `forksan attach` alone writes its registry, has let go
	 * for all, and ends connections by the thousand. */
	atomic_thread_fence(memory_order_seq_cst);
	if (load_relaxed(&registry->header.from_outside) == 0 && registry_is_held(slot))
		return;
	/* A message on the way holds the socket.  If nobody receives the message, the slot is
	 * reclaimed when the table is full. */
	if (load_acquire(&registry->sockets[slot.n].flags) & SOCKET_IN_MESSAGE)
		return;
	if (!compare_exchange_acq_rel(&registry->socket_state[slot.n], &live,
				      (generation + 1) << 8 | SOCKET_FREE))
		return;
	lower_hint(slot);
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
