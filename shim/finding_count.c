/* SPDX-License-Identifier: MIT */
/*
 * See finding_count.h.  The table is open-addressed and nothing is ever taken out of it, so a
 * search ends at the first free entry.
 *
 * A place that was not seen on a connection before is counted in the entry of the connection and in
 * that of the place.  When such an entry's count passes the limit, the entry itself becomes the
 * finding of all further ones: its key is the id, what is above the limit its repeats.  One that
 * has reached its limit is asked first, so that what it stands for takes no entries more.  Two
 * processes that meet a new place at once may both count it, and then one less is told apart.
 */
#include "finding_count.h"

#include <stddef.h>

#include "process.h"
#include "registry.h"

#define PROBES 64 /* entries of the table that are tried */

/* What a key is of; the first word that is mixed into it. */
enum key_of {
	KEY_OF_FINDING = 1,
	KEY_OF_CONNECTION,
	KEY_OF_PLACE,
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
	/* The finaliser of MurmurHash3 (Austin Appleby, public domain) on the running value. */
	hash ^= value;
	hash ^= hash >> 33;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	hash ^= hash >> 33;
	hash *= UINT64_C(0xc4ceb9fe1a85ec53);
	hash ^= hash >> 33;
	return hash;
}

static bool is_damage(enum kind kind)
{
	return kind == KIND_CROSSED_REPLY || kind == KIND_FOREIGN_GOODBYE;
}

static uint64_t begin_key(enum key_of what, const struct finding_cause *cause)
{
	uint64_t key = mix(what, (uint64_t)cause->kind);

	return is_damage(cause->kind) ? mix(key, process.lineage.self.serial) : key;
}

static uint64_t mix_place(uint64_t key, const struct finding_cause *cause, struct stack_id forked)
{
	key = mix(key, (uint64_t)cause->other_use.n << 32 | cause->this_use.n);
	return cause->this_use.n == 0 ? mix(key, forked.n) : key;
}

static uint64_t end_key(uint64_t key)
{
	return key != 0 ? key : 1;
}

static const struct registry_socket *socket_of(const struct finding_cause *cause)
{
	return &registry_mapping->sockets[cause->slot];
}

static uint64_t key_of_finding(const struct finding_cause *cause, struct stack_id forked)
{
	uint64_t key = mix(begin_key(KEY_OF_FINDING, cause), socket_of(cause)->cookie);

	return end_key(mix_place(key, cause, forked));
}

static uint64_t key_of_connection(const struct finding_cause *cause)
{
	return end_key(mix(begin_key(KEY_OF_CONNECTION, cause), socket_of(cause)->cookie));
}

static uint64_t key_of_place(const struct finding_cause *cause, struct stack_id forked)
{
	uint64_t key = mix(begin_key(KEY_OF_PLACE, cause), socket_of(cause)->opened_stack);

	return end_key(mix_place(key, cause, forked));
}

/* --- the table ------------------------------------------------------------------------------- */

static struct registry_finding *entry_at(uint64_t key, uint32_t probe)
{
	return &registry_mapping->findings[(key + probe) % FORKSAN_MAX_FINDINGS];
}

/* NULL when there is none. */
static struct registry_finding *find(uint64_t key)
{
	for (uint32_t i = 0; i < PROBES; i++) {
		struct registry_finding *entry = entry_at(key, i);
		uint64_t found = load_acquire(&entry->key);

		if (found == key)
			return entry;
		if (found == 0)
			return NULL;
	}
	return NULL;
}

/* Counts in the entry of the key, which is made if need be; 0 when there is no room. */
static uint64_t count(uint64_t key)
{
	for (uint32_t i = 0; i < PROBES; i++) {
		struct registry_finding *entry = entry_at(key, i);
		uint64_t found = 0;

		if (compare_exchange_acq_rel(&entry->key, &found, key) || found == key)
			return fetch_add_relaxed(&entry->repeat, 1) + 1;
	}
	return 0;
}

static bool has_reached(uint64_t key, uint64_t limit)
{
	const struct registry_finding *entry = find(key);

	return entry && load_relaxed(&entry->repeat) >= limit;
}

/* Counts one more in the entry of many, of which `limit` are told apart.  True when it decides: the
 * entry is the finding, or there is no room. */
static bool is_merged(struct finding_count *result, uint64_t key, uint64_t limit,
		      enum finding_merge merge)
{
	uint64_t members = count(key);

	if (members > 0 && members <= limit)
		return false;
	*result = (struct finding_count){key, members > 0 ? members - limit : 0, merge};
	return true;
}

static bool is_merged_place(struct finding_count *result, const struct finding_cause *cause)
{
	return is_merged(result, key_of_connection(cause), FORKSAN_PLACES_PER_CONNECTION,
			 FINDING_MERGED_PLACES);
}

static bool is_merged_connection(struct finding_count *result, uint64_t place)
{
	return is_merged(result, place, FORKSAN_CONNECTIONS_PER_PLACE, FINDING_MERGED_CONNECTIONS);
}

struct finding_count finding_count(const struct finding_cause *cause, struct stack_id forked)
{
	struct finding_count result = {.id = key_of_finding(cause, forked)};
	struct registry_finding *known = find(result.id);
	uint64_t place = key_of_place(cause, forked);
	bool damage = is_damage(cause->kind);
	bool merged;

	if (known) {
		result.repeat = fetch_add_relaxed(&known->repeat, 1) + 1;
		return result;
	}
	if (!damage && has_reached(place, FORKSAN_CONNECTIONS_PER_PLACE))
		merged = is_merged_connection(&result, place);
	else
		merged = is_merged_place(&result, cause) ||
			 (!damage && is_merged_connection(&result, place));
	if (!merged)
		result.repeat = count(result.id);
	if (result.repeat == 0)
		registry_count(LOST_FINDINGS);
	return result;
}
