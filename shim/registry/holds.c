/* SPDX-License-Identifier: MIT */
/*
 * Which process holds which socket: a bitmap of socket slots for each process, written by that
 * process (or, before its birth, by its parent), read by all.
 */
#include "registry/parts.h"

#include "common/liveness.h"

/* True when the slot's words say that the process lives.  The kernel is not asked. */
static bool process_says_it_lives(const struct registry_process *process)
{
	uint32_t state = load_acquire(&process->state);

	return state == PROCESS_LIVE || liveness_is_announced(process, state);
}

/* A word of a process; NULL beyond the words that the process uses, or beyond the table. */
static _Atomic uint64_t *find_word(const struct registry_process *process, uint32_t word)
{
	struct process_slot slot = registry_process_slot(process);
	_Atomic uint64_t *found;

	if (word >= FORKSAN_HOLD_WORDS || word >= load_acquire(&process->hold_words))
		return NULL;
	found = registry_hold_word(slot, word);
	return registry_reach(found, sizeof *found) ? found : NULL;
}

/* The sockets of a word that the process holds by the registry's words: the process may have been
 * killed since. */
static uint64_t held_in(const struct registry_process *process, uint32_t word)
{
	_Atomic uint64_t *bits;

	if (!process_says_it_lives(process))
		return 0;
	bits = find_word(process, word);
	return bits ? load_acquire(bits) : 0;
}

bool registry_says_it_holds(const struct registry_process *process, struct socket_slot socket_slot)
{
	return (held_in(process, socket_slot_word(socket_slot)) & socket_slot_bit(socket_slot)) !=
	       0;
}

/* How often all processes are looked through while holds are set. */
#define LOOKS 16

uint64_t registry_held(uint32_t word, uint64_t wanted)
{
	_Atomic uint32_t *holds_set = &registry_mapping->header.holds_set;

	for (int look = 0; look < LOOKS; look++) {
		uint32_t before = load_acquire(holds_set);
		uint32_t high = registry_process_high();
		uint64_t held = 0;

		for (uint32_t p = 0; p < high && (wanted & ~held) != 0; p++) {
			const struct registry_process *process =
				registry_process((struct process_slot){p});

			if (process)
				held |= held_in(process, word);
		}
		if ((wanted & ~held) == 0 || load_acquire(holds_set) == before)
			return held;
	}
	return UINT64_MAX;
}

bool registry_is_held(struct socket_slot slot)
{
	return registry_held(socket_slot_word(slot), socket_slot_bit(slot)) & socket_slot_bit(slot);
}

/* Makes the first `wanted` words of a process usable.  False: no pages, or beyond the table. */
static bool grow_holds(struct process_slot process_slot, uint32_t wanted)
{
	struct registry_process *process = registry_process(process_slot);

	if (!process || wanted > FORKSAN_HOLD_WORDS)
		return false;
	for (uint32_t word = 0; word < wanted; word += FORKSAN_HOLD_BLOCK_WORDS)
		if (!registry_reach_new(registry_hold_word(process_slot, word),
					FORKSAN_HOLD_BLOCK_WORDS * sizeof(uint64_t)))
			return false;
	raise_at_least(&process->hold_words, wanted);
	return true;
}

static void note_set(void)
{
	atomic_fetch_add_explicit(&registry_mapping->header.holds_set, 1, memory_order_acq_rel);
}

bool registry_hold(struct process_slot process_slot, struct socket_slot socket_slot)
{
	if (!grow_holds(process_slot, socket_slot_word(socket_slot) + 1))
		return false;
	if ((fetch_or_relaxed(registry_hold_word(process_slot, socket_slot_word(socket_slot)),
			      socket_slot_bit(socket_slot)) &
	     socket_slot_bit(socket_slot)) == 0)
		note_set();
	return true;
}

bool registry_hold_all(struct process_slot process_slot, const _Atomic uint64_t *words,
		       uint32_t count)
{
	if (count == 0)
		return true;
	if (!grow_holds(process_slot, count))
		return false;
	for (uint32_t i = 0; i < count; i++)
		store_relaxed(registry_hold_word(process_slot, i), load_relaxed(&words[i]));
	note_set();
	atomic_thread_fence(memory_order_seq_cst); /* see registry_release_socket() */
	return true;
}

void registry_let_go(struct process_slot process_slot, struct socket_slot socket_slot)
{
	const struct registry_process *process = registry_process(process_slot);
	_Atomic uint64_t *bits = process ? find_word(process, socket_slot_word(socket_slot)) : NULL;

	if (bits)
		fetch_and_acq_rel(bits, ~socket_slot_bit(socket_slot));
}

void registry_forget_holds(struct registry_process *process)
{
	_Atomic uint64_t *bits;

	/* Words beyond hold_words are zero.  Killed in here: the next claimer clears again. */
	for (uint32_t i = 0; (bits = find_word(process, i)) != NULL; i++)
		store_relaxed(bits, 0);
	store_release(&process->hold_words, 0);
}
