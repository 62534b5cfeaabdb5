/* SPDX-License-Identifier: MIT */
/* See actor.h. */
#include "watcher/actor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <utlist.h>

#include "watcher/mapped.h"
#include "watcher/proc.h"
#include "base/sys.h"
#include "registry/registry.h"

/* Dead processes whose serials are remembered, for uses that name them later. */
#define REMEMBERED 65536

struct process process;

struct actor *actor_now;
struct actor *actor_living;

static struct actor *actors;

static uint32_t programs; /* numbered so far */

static struct remembered {
	uint32_t number;
	struct serial serial;
} remembered[REMEMBERED];

static void fill_slot(struct registry_process *slot, const struct actor *actor,
		      struct serial serial, struct lineage_use parent, struct stack_id fork_stack)
{
	store_relaxed(&slot->pid, 0);
	store_relaxed(&slot->epoch, 0);
	store_relaxed(&slot->heir_uid, 0);
	store_relaxed(&slot->seen_outside, 0);
	store_relaxed(&slot->first_seen_outside, 0);
	slot->parent_serial = parent.serial;
	slot->parent_epoch = parent.epoch;
	slot->parent_pid = actor->parent_pid;
	store_relaxed(&slot->pid_namespace, registry_pid_namespace);
	store_relaxed(&slot->fork_stack, fork_stack.n);
	slot->born_boottime_ns = sys_clock_ns(CLOCK_BOOTTIME);
	slot->boot_realtime_ns = registry_boot_realtime_ns();
	memcpy(slot->comm, actor->comm, sizeof slot->comm);
	store_release(&slot->serial, serial.n);
}

static void inherit_holds(struct registry_process *child, const struct registry_process *parent)
{
	_Atomic uint64_t words[FORKSAN_HOLD_WORDS];
	uint32_t count = load_relaxed(&parent->hold_words);

	for (uint32_t word = 0; word < count; word++)
		store_relaxed(&words[word], load_relaxed(registry_hold_word(
						    registry_process_slot(parent), word)));
	registry_hold_all(registry_process_slot(child), words, count);
}

static void inherit_had(struct actor *child, const struct actor *parent)
{
	if (parent->had_words == 0)
		return;
	child->had = malloc(parent->had_words * sizeof *child->had);
	if (!child->had)
		return;
	memcpy(child->had, parent->had, parent->had_words * sizeof *child->had);
	child->had_words = parent->had_words;
}

bool actor_had(const struct actor *actor, struct socket_slot slot)
{
	uint32_t word = socket_slot_word(slot);

	return word < actor->had_words && (actor->had[word] & socket_slot_bit(slot)) != 0;
}

void actor_notes(struct actor *actor, struct socket_slot slot)
{
	uint32_t word = socket_slot_word(slot);

	if (word >= actor->had_words) {
		uint32_t words = word + 8;
		uint64_t *more = reallocarray(actor->had, words, sizeof *more);

		if (!more)
			return;
		memset(more + actor->had_words, 0, (words - actor->had_words) * sizeof *more);
		actor->had = more;
		actor->had_words = words;
	}
	actor->had[word] |= socket_slot_bit(slot);
}

void actor_forgets(struct actor *actor, struct socket_slot slot)
{
	if (socket_slot_word(slot) < actor->had_words)
		actor->had[socket_slot_word(slot)] &= ~socket_slot_bit(slot);
}

bool actor_holds(const struct actor *actor, struct socket_slot slot)
{
	const struct registry_process *shared = actor->process.shared;
	uint32_t word = socket_slot_word(slot);

	return word < load_relaxed(&shared->hold_words) &&
	       (load_relaxed(registry_hold_word(registry_process_slot(shared), word)) &
		socket_slot_bit(slot)) != 0;
}

struct actor *actor_born(uint32_t number, pid_t pid, struct actor *parent, uint32_t parent_epoch,
			 struct stack_id fork_stack)
{
	struct lineage_use forker = {{0}, 0};
	struct registry_process *slot;
	struct serial serial;
	struct actor *actor;

	slot = registry_claim_process(&serial, (pid_t)sys_getpid());
	actor = slot ? calloc(1, sizeof *actor) : NULL;
	if (!actor) {
		if (slot)
			registry_abandon_process(slot);
		registry_count(LOST_PROCESSES);
		return NULL;
	}
	actor->number = number;
	actor->pid = pid;
	actor->parent_pid = parent ? parent->pid : 0;
	actor->program = parent ? parent->program : ++programs;
	actor->born_ns = sys_clock_ns(CLOCK_MONOTONIC);
	if (parent) {
		memcpy(actor->comm, parent->comm, sizeof actor->comm);
		struct lineage_use *self = &parent->process.lineage.self;
		uint32_t next = lineage_next_epoch(parent_epoch);

		forker = (struct lineage_use){self->serial, parent_epoch};
		if (next < self->epoch) /* a vfork child's exec is told late */
			next = self->epoch;
		self->epoch = parent_epoch;
		lineage_fork(&parent->process.lineage, serial, &actor->process.lineage);
		self->epoch = next;
		store_relaxed(&parent->process.shared->epoch, next);
	} else {
		actor->process.lineage.self = (struct lineage_use){serial, 0};
		actor->settled = true;
	}
	actor->process.pid = pid;
	actor->process.shared = slot;
	actor->process.pid_namespace = registry_pid_namespace;
	actor->process.fork_stack = fork_stack;
	fill_slot(slot, actor, serial, forker, fork_stack);
	if (parent) {
		inherit_holds(slot, parent->process.shared);
		actor->mapped = mapped_share(parent->mapped);
		inherit_had(actor, parent);
	}
	registry_publish_process(slot, pid);
	registry_count(COUNT_PROCESSES);
	HASH_ADD(hh, actors, number, sizeof actor->number, actor);
	DL_APPEND2(actor_living, actor, previous, next);
	return actor;
}

struct actor *actor_known(uint32_t number)
{
	struct actor *actor;

	HASH_FIND(hh, actors, &number, sizeof number, actor);
	return actor;
}

struct actor *actor_with_pid(pid_t pid)
{
	struct actor *actor;

	DL_FOREACH2(actor_living, actor, next)
	if (actor->pid == pid)
		return actor;
	return NULL;
}

struct actor *actor_find(uint32_t number, pid_t pid, bool is_expected)
{
	struct actor *actor, *parent;
	struct proc_status status;

	HASH_FIND(hh, actors, &number, sizeof number, actor);
	if (actor || number == 0)
		return actor;
	/* At which epoch the parent forked is not known: all of its uses count as from before, so
	 * that nothing is found that is not there. */
	if (!is_expected)
		registry_count(LOST_PROCESSES);
	parent = proc_read_status(pid, &status) ? actor_with_pid(status.parent_pid) : NULL;
	actor = actor_born(number, pid, parent, parent ? parent->process.lineage.self.epoch : 0,
			   (struct stack_id){0});
	if (!actor)
		return NULL;
	if (parent)
		actor->process.lineage.ancestors[0].epoch = LINEAGE_MAX_EPOCH;
	actor->settled = true;
	actor->program_since_ns = status.started_ns;
	return actor;
}

struct serial actor_serial(uint32_t number)
{
	const struct remembered *old = &remembered[number % REMEMBERED];
	struct actor *actor;

	HASH_FIND(hh, actors, &number, sizeof number, actor);
	if (actor)
		return actor->process.lineage.self.serial;
	return old->number == number ? old->serial : (struct serial){0};
}

void actor_enter(struct actor *actor, uint64_t word)
{
	uint32_t epoch = (uint32_t)word;

	if (epoch > actor->process.lineage.self.epoch) {
		actor->process.lineage.self.epoch = epoch;
		store_relaxed(&actor->process.shared->epoch, epoch);
	}
	actor_now = actor;
	process = actor->process;
	store_relaxed(&wiped.process.mine, lineage_pack(process.lineage.self));
	store_relaxed(&wiped.process.settled, actor->settled);
}

void actor_leave(void)
{
	if (!actor_now)
		return;
	actor_now->settled = process_is_settled();
	actor_now->process = process;
	actor_now = NULL;
}

static void forget_program(struct actor *actor)
{
	mapped_close(actor->mapped);
	free(actor->interpreter);
	actor->mapped = NULL;
	actor->interpreter = NULL;
	actor->program_since_ns = 0;
	actor->next_look_ns = 0;
	actor->looked_ns = 0;
}

void actor_execs(struct actor *actor)
{
	struct proc_status status;

	actor->settled = true; /* it is no worker */
	forget_program(actor);
	actor->program = ++programs;
	actor->mapped = mapped_read(NULL, actor->pid, 0);
	if (!proc_read_status(actor->pid, &status))
		return;
	memcpy(actor->comm, status.comm, sizeof actor->comm);
	memcpy(actor->process.shared->comm, status.comm, sizeof actor->comm);
}

void actor_ends(struct actor *actor)
{
	struct remembered *old = &remembered[actor->number % REMEMBERED];

	*old = (struct remembered){actor->number, actor->process.lineage.self.serial};
	registry_retire_process(actor->process.shared);
	forget_program(actor);
	HASH_DELETE(hh, actors, actor);
	DL_DELETE2(actor_living, actor, previous, next);
	if (actor_now == actor)
		actor_now = NULL;
	free(actor->had);
	free(actor);
}
