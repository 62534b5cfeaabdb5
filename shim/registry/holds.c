/* SPDX-License-Identifier: MIT */
/*
 * Who holds which socket: a bitmap of socket slots for each process, written by that process (or,
 * before its birth, by its parent), read by all.
 */
#include "registry/parts.h"

#include "common/liveness.h"

/* Whom the others take for alive: the slot's word alone, no question to the kernel. */
static bool process_says_it_lives(const struct registry_process *process)
{
	uint32_t state = load_acquire(&process->state);

	return state == PROCESS_LIVE || liveness_is_announced(process, state);
}

/* What the process itself says: it may have been killed since. */
static bool process_says_it_holds(struct process_slot process_slot, struct socket_slot socket_slot)
{
	struct registry *registry = registry_mapping;
	struct registry_process *process = &registry->processes[process_slot.n];
	uint32_t word = socket_slot_word(socket_slot);

	return process_says_it_lives(process) && word < load_acquire(&process->hold_words) &&
	       (load_acquire(&registry->holds[process_slot.n][word]) &
		socket_slot_bit(socket_slot)) != 0;
}

bool registry_held_by_anyone(struct socket_slot slot)
{
	struct registry *registry = registry_mapping;
	uint32_t high = load_acquire(&registry->header.process_high);

	for (uint32_t p = 0; p < high && p < FORKSAN_MAX_PROCESSES; p++)
		if (process_says_it_holds((struct process_slot){p}, slot))
			return true;
	return false;
}

/* Words of 64 socket slots, as bits: those that no process says to hold. */
uint64_t registry_unheld(uint32_t word, uint32_t high)
{
	struct registry *registry = registry_mapping;
	uint64_t held = 0;

	for (uint32_t p = 0; p < high && held != UINT64_MAX; p++)
		if (process_says_it_lives(&registry->processes[p]) &&
		    word < load_acquire(&registry->processes[p].hold_words))
			held |= load_acquire(&registry->holds[p][word]);
	return ~held;
}

/* Makes the first `wanted` words of the process's row usable. */
static bool grow_holds(struct process_slot process_slot, uint32_t wanted)
{
	_Atomic uint32_t *hold_words = &registry_mapping->processes[process_slot.n].hold_words;

	if (load_relaxed(hold_words) >= wanted)
		return true;
	if (registry_populate(registry_mapping->holds[process_slot.n], wanted * sizeof(uint64_t)) !=
	    0)
		return false;
	raise_at_least(hold_words, wanted);
	return true;
}

bool registry_hold(struct process_slot process_slot, struct socket_slot socket_slot)
{
	if (!grow_holds(process_slot, socket_slot_word(socket_slot) + 1))
		return false;
	fetch_or_relaxed(&registry_mapping->holds[process_slot.n][socket_slot_word(socket_slot)],
			 socket_slot_bit(socket_slot));
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
		store_relaxed(&registry_mapping->holds[process_slot.n][i], load_relaxed(&words[i]));
	atomic_thread_fence(memory_order_seq_cst); /* see registry_release_socket() */
	return true;
}

void registry_let_go(struct process_slot process_slot, struct socket_slot socket_slot)
{
	if (socket_slot_word(socket_slot) >=
	    load_relaxed(&registry_mapping->processes[process_slot.n].hold_words))
		return;
	fetch_and_relaxed(&registry_mapping->holds[process_slot.n][socket_slot_word(socket_slot)],
			  ~socket_slot_bit(socket_slot));
}

void registry_forget_holds(struct registry_process *process)
{
	/* Words that mean nothing are zero.  Killed in here: the next claimer clears again. */
	for (uint32_t i = 0; i < load_relaxed(&process->hold_words); i++)
		store_relaxed(&registry_mapping->holds[registry_process_slot(process).n][i], 0);
	store_release(&process->hold_words, 0);
}

struct registry_process *registry_other_holder(struct socket_slot socket_slot,
					       const struct registry_process *self)
{
	struct registry *registry = registry_mapping;
	uint32_t high = load_acquire(&registry->header.process_high);

	for (uint32_t p = 0; p < high && p < FORKSAN_MAX_PROCESSES; p++) {
		struct registry_process *process = &registry->processes[p];

		if (process == self ||
		    !process_says_it_holds((struct process_slot){p}, socket_slot))
			continue;
		if (registry_process_alive(process))
			return process;
		registry_retire_process(process);
	}
	return NULL;
}

bool registry_process_holds(const struct registry_process *process, struct socket_slot socket_slot)
{
	return process_says_it_holds(registry_process_slot(process), socket_slot) &&
	       registry_process_alive(process);
}
