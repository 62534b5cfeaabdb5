/* SPDX-License-Identifier: MIT */
/*
 * Connections that were seen and not watched, by protocol and peer, for the summary.  See
 * include/forksan/registry.h.  Any thread, signal handlers; no lock, no system call.
 */
#include "registry/registry.h"

#include <string.h>

#define FREE UINT64_C(0)
#define WRITING UINT64_C(1)

/* FNV-1a, never FREE or WRITING (http://www.isthe.com/chongo/tech/comp/fnv/). */
static uint64_t hash_of(enum protocol protocol, const char *peer)
{
	uint64_t hash =
		(UINT64_C(0xcbf29ce484222325) ^ (uint64_t)protocol) * UINT64_C(0x100000001b3);

	for (; *peer != '\0'; peer++)
		hash = (hash ^ (uint8_t)*peer) * UINT64_C(0x100000001b3);
	return hash | 2;
}

void registry_note_unwatched(enum protocol protocol, const char *peer)
{
	uint64_t hash = hash_of(protocol, peer);

	registry_count(COUNT_CONNECTIONS_OTHER);
	for (size_t i = 0; i < FORKSAN_UNWATCHED_PEERS; i++) {
		struct registry_unwatched *entry = &registry_mapping->unwatched[i];
		uint64_t found = load_acquire(&entry->hash);

		if (found == FREE && compare_exchange_acq_rel(&entry->hash, &found, WRITING)) {
			entry->protocol = (uint32_t)protocol;
			strncpy(entry->peer, peer, sizeof entry->peer - 1);
			store_release(&entry->hash, hash);
			found = hash;
		}
		if (found == hash) {
			fetch_add_relaxed(&entry->connections, 1);
			return;
		}
	}
}

uint64_t registry_unwatched(const struct registry *registry, size_t i, enum protocol *protocol,
			    char peer[FORKSAN_PEER_TEXT_BYTES])
{
	const struct registry_unwatched *entry = &registry->unwatched[i];
	uint32_t number = load_once(&entry->protocol);

	if (load_acquire(&entry->hash) <= WRITING)
		return 0;
	*protocol = number < PROTOCOL_COUNT ? (enum protocol)number : PROTOCOL_UNKNOWN;
	memcpy(peer, entry->peer, FORKSAN_PEER_TEXT_BYTES);
	peer[FORKSAN_PEER_TEXT_BYTES - 1] = '\0';
	return load_relaxed(&entry->connections);
}
