/* SPDX-License-Identifier: MIT */
/*
 * See label.h.  An entry whose connection has gone is taken over by the next.
 */
#include "process/label.h"

#include <string.h>

#include "process/fdtable.h"

static struct entry {
	_Atomic uint32_t slot_plus_1; /* 0: free; stored last */
	uint32_t generation;
	char label[FORKSAN_LABEL_BYTES];
} entries[FORKSAN_MAX_LABELS];

static struct entry *find(struct socket_slot slot)
{
	for (int i = 0; i < FORKSAN_MAX_LABELS; i++)
		if (load_acquire(&entries[i].slot_plus_1) == slot.n + 1 &&
		    entries[i].generation == fdtable_generation(slot))
			return &entries[i];
	return NULL;
}

/* An entry that names no connection any more; NULL: all do. */
static struct entry *find_free(void)
{
	for (int i = 0; i < FORKSAN_MAX_LABELS; i++) {
		uint32_t slot_plus_1 = load_acquire(&entries[i].slot_plus_1);

		if (slot_plus_1 == 0 || !registry_socket_is((struct socket_slot){slot_plus_1 - 1},
							    entries[i].generation))
			return &entries[i];
	}
	return NULL;
}

bool label_set(struct socket_slot slot, const char *label)
{
	struct entry *entry = find(slot);
	size_t len = strnlen(label, FORKSAN_LABEL_BYTES - 1);

	if (!entry && len > 0)
		entry = find_free();
	if (!entry)
		return len == 0;
	store_release(&entry->slot_plus_1, 0);
	if (len == 0)
		return true;
	memcpy(entry->label, label, len);
	entry->label[len] = '\0';
	entry->generation = fdtable_generation(slot);
	store_release(&entry->slot_plus_1, slot.n + 1);
	return true;
}

void label_get(struct socket_slot slot, char out[FORKSAN_LABEL_BYTES])
{
	const struct entry *entry = find(slot);

	out[0] = '\0';
	if (entry)
		memcpy(out, entry->label, FORKSAN_LABEL_BYTES);
	out[FORKSAN_LABEL_BYTES - 1] = '\0';
}
