/* SPDX-License-Identifier: MIT */
/*
 * The descriptor table.  See fdtable.h.
 *
 *   fd --entries--> reference           many descriptors may name one slot (dup)
 *   slot --known--> generation of its first descriptor here, number of descriptors
 *   slot --held---> bit, set while that number is not 0: copied whole to the registry by a child
 *
 * Threads that dup and close the same socket at once are the caller's race; the counts are atomic,
 * so the table itself stays sound.
 */
#include "process/fdtable.h"

#include "base/lazy.h"
#include "base/wiped.h"
#include "registry/registry.h"

/* The table of a process that has watched no connection yet, and afterwards where there is no
 * memory for a large table. */
static _Atomic uint32_t few_entries[256];
#define FEW (sizeof few_entries / sizeof few_entries[0])

_Atomic uint32_t *fdtable_entries;
FORKSAN_AT_START _Atomic uint32_t fdtable_limit;

struct known {
	_Atomic uint32_t generation;
	_Atomic uint32_t descriptors;
};

_Static_assert(FORKSAN_MAX_FDS * sizeof(uint32_t) == LAZY_DESCRIPTORS_BYTES &&
		       FORKSAN_MAX_SOCKETS * sizeof(struct known) == LAZY_SLOTS_BYTES,
	       "the tables fit");

static _Atomic uint64_t held[FORKSAN_HOLD_WORDS];
static _Atomic uint32_t held_words; /* words of `held` that were ever used */
static _Atomic uint32_t high;
static _Atomic uint32_t watched; /* descriptors now in the table */

void fdtable_open(void)
{
	uint32_t closed = 0;

	if (!fdtable_entries)
		fdtable_entries = few_entries;
	compare_exchange_acq_rel(&fdtable_limit, &closed, FEW);
}

/* Makes the large table, before the first connection is watched: the small one is empty until then.
 * A reader that sees the new limit sees the new table. */
static void enlarge(void)
{
	uint32_t small = FEW;
	void *entries;

	if (load_acquire(&fdtable_limit) == FORKSAN_MAX_FDS || load_relaxed(&high) != 0)
		return;
	entries = lazy_room(LAZY_DESCRIPTORS);
	if (!entries)
		return;
	fdtable_entries = entries;
	fdtable_open();
	compare_exchange_acq_rel(&fdtable_limit, &small, FORKSAN_MAX_FDS);
}

void fdtable_hold_for(struct process_slot process_slot)
{
	store_relaxed(&wiped.process.holder, process_slot.n + 1);
}

void fdtable_hold_for_nobody(void)
{
	store_relaxed(&wiped.process.holder, 0);
}

/* False: no slot of the registry belongs to this process, whose holds are not written. */
static bool find_holder(struct process_slot *holder)
{
	uint32_t n = load_relaxed(&wiped.process.holder);

	holder->n = n - 1;
	return n != 0;
}

/* The entry of the slot, the first at the table's end (lazy.h); NULL where there is no memory for
 * the table of slots. */
static struct known *known_of(struct socket_slot slot)
{
	struct known *known = lazy_room(LAZY_SLOTS);

	return known ? &known[FORKSAN_MAX_SOCKETS - 1 - slot.n] : NULL;
}

/* Makes the entries of descriptor and slot writable.  False: beyond the table, or no memory. */
static bool make_room(int fd, struct socket_slot slot)
{
	const struct known *known = known_of(slot);

	enlarge();
	return (unsigned)fd < load_acquire(&fdtable_limit) &&
	       (fdtable_entries == few_entries ||
		lazy_write((uintptr_t)&fdtable_entries[fd], sizeof fdtable_entries[fd])) &&
	       known && lazy_write((uintptr_t)known, sizeof *known);
}

static void let_go(struct socket_slot slot)
{
	struct process_slot holder;
	struct known *known = known_of(slot);
	uint32_t generation = load_relaxed(&known->generation);

	if (fetch_add_relaxed(&known->descriptors, UINT32_MAX) != 1)
		return;
	fetch_and_relaxed(&held[socket_slot_word(slot)], ~socket_slot_bit(slot));
	if (!find_holder(&holder))
		return;
	registry_let_go(holder, slot);
	registry_release_socket(slot, generation);
}

static void drop(struct socket_ref ref)
{
	if (ref.n == 0)
		return;
	fetch_add_relaxed(&watched, UINT32_MAX);
	let_go(socket_ref_slot(ref));
}

bool fdtable_set(int fd, struct socket_slot slot, uint32_t generation)
{
	struct process_slot holder;
	struct known *known;

	if (!make_room(fd, slot))
		return false;
	known = known_of(slot);
	if (fetch_add_relaxed(&known->descriptors, 1) == 0) {
		store_relaxed(&known->generation, generation);
		fetch_or_relaxed(&held[socket_slot_word(slot)], socket_slot_bit(slot));
		raise_at_least(&held_words, socket_slot_word(slot) + 1);
		if (find_holder(&holder))
			registry_hold(holder, slot);
	}
	fetch_add_relaxed(&watched, 1);
	raise_at_least(&high, (uint32_t)fd + 1);
	drop((struct socket_ref){exchange_acq_rel(&fdtable_entries[fd], socket_ref_of(slot).n)});
	return true;
}

void fdtable_clear(int fd)
{
	if (fdtable_lookup(fd).n != 0)
		drop((struct socket_ref){exchange_acq_rel(&fdtable_entries[fd], 0)});
}

void fdtable_clear_range(unsigned first, unsigned last)
{
	unsigned end = load_relaxed(&high);

	for (unsigned fd = first; fd < end && fd <= last; fd++)
		fdtable_clear((int)fd);
}

uint32_t fdtable_generation(struct socket_slot slot)
{
	const struct known *known = known_of(slot);

	return known ? load_relaxed(&known->generation) : 0;
}

bool fdtable_has_copies(struct socket_slot slot)
{
	const struct known *known = known_of(slot);

	return known && load_relaxed(&known->descriptors) > 1;
}

int fdtable_find(struct socket_slot slot)
{
	unsigned end = load_relaxed(&high);

	for (unsigned fd = 0; fd < end; fd++)
		if (load_relaxed(&fdtable_entries[fd]) == socket_ref_of(slot).n)
			return (int)fd;
	return -1;
}

FORKSAN_IN_EACH_CHILD bool fdtable_is_empty(void)
{
	return load_relaxed(&watched) == 0;
}

uint32_t fdtable_count(void)
{
	return load_relaxed(&watched);
}

unsigned fdtable_high(void)
{
	return load_relaxed(&high);
}

/* The first slot from *slot on that this process holds. */
static bool next_held(struct socket_slot *slot)
{
	uint32_t words = load_relaxed(&held_words);

	for (uint32_t i = slot->n / 64; i < words; i++) {
		uint64_t bits = load_relaxed(&held[i]);

		if (i == slot->n / 64)
			bits &= UINT64_MAX << slot->n % 64;
		if (bits != 0) {
			slot->n = i * 64 + (uint32_t)__builtin_ctzll(bits);
			return true;
		}
	}
	return false;
}

bool fdtable_next_held(int *fd, struct socket_slot *slot)
{
	int end = (int)load_relaxed(&high);

	for (; *fd < end; (*fd)++) {
		struct socket_ref ref = fdtable_lookup(*fd);

		if (ref.n == 0)
			continue;
		*slot = socket_ref_slot(ref);
		if (!fdtable_has_copies(*slot) || fdtable_find(*slot) == *fd)
			return true;
	}
	return false;
}

bool fdtable_copy_holds(struct process_slot process_slot)
{
	return fdtable_is_empty() ||
	       registry_hold_all(process_slot, held, load_relaxed(&held_words));
}

void fdtable_publish_holds(void)
{
	struct process_slot holder;

	if (!find_holder(&holder) || !fdtable_copy_holds(holder))
		return;
	/* A slot that was released between the fork and now may be another connection's already. */
	for (struct socket_slot slot = {0}; next_held(&slot); slot.n++) {
		if (registry_socket_is(slot, fdtable_generation(slot)))
			continue;
		registry_let_go(holder, slot);
		fetch_and_relaxed(&held[socket_slot_word(slot)], ~socket_slot_bit(slot));
		registry_count(LOST_CONNECTIONS);
	}
}
