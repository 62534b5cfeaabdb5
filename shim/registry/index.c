/* SPDX-License-Identifier: MIT */
/*
 * Sockets by their keys, for a process that looks for many.  See registry.h.
 *
 * An open hash table in private pages, at most half full; an entry with slot_plus_one 0 is free.
 * An entry is as old as the table, and a key stays when its slot is freed, so the slot's cookie is
 * read before the slot is returned.
 */
#include "registry/parts.h"

#include <sys/mman.h>

#include "base/sys.h"

struct registry_indexed {
	uint32_t key;
	uint32_t slot_plus_one;
};

static uint32_t place_of(const struct registry_index *index, uint32_t key)
{
	return (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & index->mask;
}

static void insert(struct registry_index *index, uint32_t key, struct socket_slot slot)
{
	uint32_t i = place_of(index, key);

	while (index->entries[i].slot_plus_one != 0)
		i = (i + 1) & index->mask;
	index->entries[i] = (struct registry_indexed){key, slot.n + 1};
}

bool registry_index_make(struct registry_index *index)
{
	uint32_t high = registry_socket_high();
	uint32_t count = 64;
	long pages;

	while (count < 2 * high)
		count *= 2;
	*index = (struct registry_index){.bytes = count * sizeof(struct registry_indexed),
					 .mask = count - 1};
	if (!registry_keys_are_usable(high))
		return false;
	pages = sys_mmap(NULL, index->bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (sys_is_error(pages))
		return false;
	index->entries = (struct registry_indexed *)pages;
	for (struct socket_slot slot = {0}; slot.n < high; slot.n++)
		insert(index, load_relaxed(&registry_mapping->socket_key[slot.n]), slot);
	return true;
}

bool registry_index_find(const struct registry_index *index, uint64_t cookie,
			 struct socket_slot *slot)
{
	uint32_t key = registry_key(cookie);
	uint64_t found;

	for (uint32_t i = place_of(index, key); index->entries[i].slot_plus_one != 0;
	     i = (i + 1) & index->mask) {
		*slot = (struct socket_slot){index->entries[i].slot_plus_one - 1};
		if (index->entries[i].key == key && registry_live_cookie(*slot, &found) &&
		    found == cookie)
			return true;
	}
	return false;
}

void registry_index_drop(struct registry_index *index)
{
	sys_munmap(index->entries, index->bytes);
}
