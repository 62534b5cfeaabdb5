/* SPDX-License-Identifier: MIT */
/*
 * See history.h.  A writer takes an index with one addition and fills that entry; a writer that is
 * a whole ring behind another could mix with it, so an entry is shown only when its time stands
 * before and after it was read.
 */
#include "history.h"

#include <string.h>
#include <time.h>

#include "process.h"
#include "sys.h"

static uint64_t owner_of(uint32_t slot)
{
	return ((uint64_t)slot << 24 | registry_socket_generation(slot)) + 1;
}

/* True when the history is free, or its connection is gone. */
static bool is_free(uint64_t owner)
{
	uint32_t slot = (uint32_t)((owner - 1) >> 24);

	return owner == 0 || slot >= FORKSAN_MAX_SOCKETS || owner_of(slot) != owner;
}

static struct registry_history *find(const struct registry *registry, uint32_t slot)
{
	uint32_t index = load_acquire(&registry->sockets[slot].history);

	if (index == 0 || index > FORKSAN_MAX_HISTORIES)
		return NULL;
	return (struct registry_history *)(uintptr_t)&registry->histories[index - 1];
}

void history_start(uint32_t slot)
{
	struct registry *registry = registry_get();

	if (find(registry, slot))
		return;
	for (uint32_t i = 0; i < FORKSAN_MAX_HISTORIES; i++) {
		struct registry_history *history = &registry->histories[i];
		uint64_t owner;

		if (registry_populate(history, sizeof *history) != 0)
			return;
		owner = load_acquire(&history->owner);
		if (!is_free(owner) ||
		    !compare_exchange_acq_rel(&history->owner, &owner, owner_of(slot)))
			continue;
		for (uint32_t n = 0; n < FORKSAN_HISTORY_OPERATIONS; n++)
			store_relaxed(&history->operations[n].time_ns, 0);
		store_relaxed(&history->next, 0);
		store_release(&registry->sockets[slot].history, i + 1);
		return;
	}
}

void history_add(uint32_t slot, enum operation operation, bool writes, uint16_t message,
		 int64_t result)
{
	struct registry *registry = registry_get();
	struct registry_history *history = find(registry, slot);
	struct registry_operation *entry;

	if (!history || load_acquire(&history->owner) != owner_of(slot))
		return;
	entry = &history->operations[fetch_add_relaxed(&history->next, 1) %
				     FORKSAN_HISTORY_OPERATIONS];
	store_release(&entry->time_ns, 0);
	entry->serial = process.lineage.self.serial;
	entry->tid = (int32_t)sys_gettid();
	entry->operation = (uint16_t)operation;
	entry->message = message;
	entry->writes = writes;
	entry->protocol = (uint8_t)load_relaxed(&registry->sockets[slot].protocol);
	entry->result = result;
	store_release(&entry->time_ns, sys_clock_ns(CLOCK_MONOTONIC));
}

bool history_next(const struct registry *registry, uint32_t slot, uint32_t *from,
		  struct registry_operation *out)
{
	const struct registry_history *history = find(registry, slot);
	uint32_t next;

	if (!history)
		return false;
	next = load_acquire(&history->next);
	if (next > FORKSAN_HISTORY_OPERATIONS && *from < next - FORKSAN_HISTORY_OPERATIONS)
		*from = next - FORKSAN_HISTORY_OPERATIONS;
	while (*from < next) {
		const struct registry_operation *entry =
			&history->operations[(*from)++ % FORKSAN_HISTORY_OPERATIONS];
		uint64_t time_ns = load_acquire(&entry->time_ns);

		memcpy(out, entry, sizeof *out);
		if (time_ns != 0 && load_acquire(&entry->time_ns) == time_ns) {
			store_relaxed(&out->time_ns, time_ns);
			return true;
		}
	}
	return false;
}
