/* SPDX-License-Identifier: MIT */
/*
 * See finding_count.h.  The table is open-addressed and no entry is ever taken out, so a search
 * ends at the first free entry.
 *
 * A new finding is counted in the entry of each group to which the finding belongs.  When the count
 * of such an entry passes the group's limit, the entry becomes the finding of all further ones: the
 * entry's key is their id, the count above the limit their repeats.  A full group is asked first,
 * so that further findings take no entry in the other groups.  Two processes that find the same at
 * once may both count, and then one finding less is kept apart.
 */
#include "report/finding_count.h"

#include <stddef.h>

#include "process/process.h"
#include "registry/registry.h"

#define PROBES 64 /* entries of the table that are tried */

/* The things that have keys; the first word of each key. */
enum key_of {
	KEY_OF_FINDING = 1,
	KEY_OF_PLACES,
	KEY_OF_PROCESSES,
	KEY_OF_CONNECTIONS,
	KEY_OF_BLIND,
	KEY_OF_DETAILS,
	KEY_OF_BUG,
	KEY_OF_SITES,
	KEY_OF_TOLD,
	KEY_OF_UNTOLD,
};

/* Findings of which only `limit` are kept apart; the entry of `key` counts all of them. */
struct group {
	uint64_t key;
	uint64_t limit;
	enum finding_merge merge;
};

#define GROUPS 3 /* that one finding may be in */

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
	return mix(mix(0, what), (uint64_t)cause->kind);
}

static uint64_t mix_connection(uint64_t key, const struct finding_cause *cause)
{
	return mix(key, registry_mapping->sockets[cause->slot.n].cookie);
}

static uint64_t mix_process(uint64_t key, const struct finding_cause *cause)
{
	return is_damage(cause->kind) ? mix(key, process.lineage.self.serial.n) : key;
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

static uint64_t key_of_finding(const struct finding_cause *cause, struct stack_id forked)
{
	uint64_t key = begin_key(KEY_OF_FINDING, cause);

	key = mix_process(mix_connection(key, cause), cause);
	return end_key(mix(mix_place(key, cause, forked), cause->likely));
}

/* The places of one connection, and for damage of one process. */
static struct group places_of(const struct finding_cause *cause)
{
	uint64_t key = mix_connection(begin_key(KEY_OF_PLACES, cause), cause);

	return (struct group){end_key(mix_process(key, cause)), FORKSAN_PLACES_PER_CONNECTION,
			      FINDING_MERGED_PLACES};
}

/* Damage that processes did to one connection. */
static struct group processes_of(const struct finding_cause *cause)
{
	uint64_t key = mix_connection(begin_key(KEY_OF_PROCESSES, cause), cause);

	return (struct group){end_key(key), FORKSAN_DAMAGES_PER_CONNECTION,
			      FINDING_MERGED_PROCESSES};
}

/* Connections opened, and used, at one place. */
static struct group connections_of(const struct finding_cause *cause, struct stack_id forked)
{
	uint64_t key = mix(begin_key(KEY_OF_CONNECTIONS, cause),
			   registry_mapping->sockets[cause->slot.n].opened_stack);

	return (struct group){end_key(mix_place(key, cause, forked)),
			      is_damage(cause->kind) ? FORKSAN_DAMAGES_PER_PLACE
						     : FORKSAN_CONNECTIONS_PER_PLACE,
			      FINDING_MERGED_CONNECTIONS};
}

static size_t find_groups(struct group groups[GROUPS], const struct finding_cause *cause,
			  struct stack_id forked)
{
	size_t n = 0;

	groups[n++] = places_of(cause);
	if (is_damage(cause->kind))
		groups[n++] = processes_of(cause);
	groups[n++] = connections_of(cause, forked);
	return n;
}

/* --- the table ------------------------------------------------------------------------------- */

/* NULL: there is no memory for that part of the table; a touch would be a SIGBUS. */
static struct registry_finding *entry_at(uint64_t key, uint32_t probe)
{
	struct registry_finding *entry =
		&registry_mapping->findings[(key + probe) % FORKSAN_MAX_FINDINGS];

	return registry_reach_new(entry, sizeof *entry) ? entry : NULL;
}

/* NULL: the table has no such key. */
static struct registry_finding *find(uint64_t key)
{
	for (uint32_t i = 0; i < PROBES; i++) {
		struct registry_finding *entry = entry_at(key, i);
		uint64_t found = entry ? load_acquire(&entry->key) : 0;

		if (found == key)
			return entry;
		if (found == 0)
			return NULL;
	}
	return NULL;
}

/* The key's entry, *taken anew when the table has none; NULL: no room. */
static struct registry_finding *find_or_take(uint64_t key, bool *taken)
{
	for (uint32_t i = 0; i < PROBES; i++) {
		struct registry_finding *entry = entry_at(key, i);
		uint64_t found = 0;

		if (!entry)
			return NULL;
		*taken = compare_exchange_acq_rel(&entry->key, &found, key);
		if (*taken || found == key)
			return entry;
	}
	return NULL;
}

/* Makes a missing entry.  NULL: no room. */
static struct registry_finding *make(uint64_t key)
{
	bool taken = false;
	struct registry_finding *entry = find_or_take(key, &taken);

	if (taken)
		fetch_add_relaxed(&registry_mapping->header.findings_taken, 1);
	return entry;
}

/* Counts in the key's entry, and makes a missing entry.  Returns the new count; 0: no room. */
static uint64_t count(uint64_t key)
{
	struct registry_finding *entry = make(key);

	return entry ? fetch_add_relaxed(&entry->repeat, 1) + 1 : 0;
}

static bool is_crowded(void)
{
	return load_relaxed(&registry_mapping->header.findings_taken) >= FORKSAN_MAX_FINDINGS / 2;
}

static bool has_reached(const struct group *group)
{
	const struct registry_finding *entry = find(group->key);

	return entry && load_relaxed(&entry->repeat) >= group->limit;
}

/* Counts one more in a group.  True, with *result filled: the group's entry is the finding, or
 * there is no room. */
static bool is_merged(struct finding_count *result, const struct group *group)
{
	uint64_t members = count(group->key);

	if (members > 0 && members <= group->limit)
		return false;
	*result = (struct finding_count){
		.id = group->key,
		.repeat = members > 0 ? members - group->limit : 0,
		.elsewhere = (uint32_t)group->limit,
		.merge = group->merge,
	};
	return true;
}

/* --- what was told ---------------------------------------------------------------------------- */

/* The number of the sites of these stacks, asked once in the session. */
static uint64_t sites_of(const struct finding_cause *cause, struct stack_id forked,
			 finding_sites *ask)
{
	const struct registry_socket *socket = &registry_mapping->sockets[cause->slot.n];
	uint64_t key = mix(mix(0, KEY_OF_SITES), load_relaxed(&socket->protocol));
	struct registry_finding *entry;
	uint64_t sites;

	key = end_key(mix(key, (uint64_t)socket->opened_stack << 32 | forked.n));
	entry = find(key);
	sites = entry ? load_relaxed(&entry->fingerprint) : 0;
	if (sites != 0)
		return sites;
	sites = ask(cause, forked);
	entry = make(key);
	if (entry)
		store_relaxed(&entry->fingerprint, sites);
	return sites;
}

static uint64_t key_of_kind(enum key_of what, const struct finding_cause *cause, uint64_t sites)
{
	return end_key(mix(mix(begin_key(what, cause), sites), cause->likely));
}

/* True, with *result filled: something with the same sites was told, and there is no room for more
 * of that. */
static bool is_told(struct finding_count *result, const struct finding_cause *cause,
		    struct stack_id forked, finding_sites *ask)
{
	uint64_t sites;

	if (!is_crowded())
		return false;
	sites = sites_of(cause, forked, ask);
	if (!find(key_of_kind(KEY_OF_TOLD, cause, sites)))
		return false;
	*result = (struct finding_count){.id = key_of_kind(KEY_OF_UNTOLD, cause, sites),
					 .merge = FINDING_MERGED_SITES};
	result->repeat = count(result->id);
	return true;
}

static struct finding_count count_new(const struct finding_cause *cause, struct stack_id forked,
				      finding_sites *sites)
{
	struct finding_count result = {.id = key_of_finding(cause, forked)};
	struct group groups[GROUPS];
	size_t n = find_groups(groups, cause, forked);

	for (size_t i = 0; i < n; i++)
		if (has_reached(&groups[i]) && is_merged(&result, &groups[i]))
			return result;
	if (is_told(&result, cause, forked, sites))
		return result;
	for (size_t i = 0; i < n; i++)
		if (is_merged(&result, &groups[i]))
			return result;
	result.repeat = count(result.id);
	return result;
}

struct finding_count finding_count(const struct finding_cause *cause, struct stack_id forked,
				   finding_sites *sites)
{
	struct finding_count result = {.id = key_of_finding(cause, forked)};
	struct registry_finding *known = find(result.id);

	if (known) {
		result.repeat = fetch_add_relaxed(&known->repeat, 1) + 1;
		return result;
	}
	result = count_new(cause, forked, sites);
	if (result.repeat == 0)
		registry_count(LOST_FINDINGS);
	return result;
}

void finding_count_name(const struct finding_count *named, const struct finding_cause *cause,
			uint64_t fingerprint, uint64_t sites)
{
	struct registry_finding *entry = find(named->id);

	make(key_of_kind(KEY_OF_TOLD, cause, sites));
	if (!entry)
		return;
	store_relaxed(&entry->fingerprint, fingerprint);
	store_relaxed(&entry->elsewhere, named->elsewhere);
	store_relaxed(&entry->kind, (uint32_t)cause->kind + 1);
}

uint64_t finding_count_blind(enum registry_counter counter, const char *detail)
{
	uint64_t any = end_key(mix(mix(0, KEY_OF_BLIND), (uint64_t)counter));
	uint64_t details = end_key(mix(any, KEY_OF_DETAILS));
	uint64_t key = any;

	for (const char *c = detail; c && *c != '\0'; c++)
		key = end_key(mix(key, (uint8_t)*c));
	if (key != any && !find(key) && count(details) > FORKSAN_DETAILS_TOLD_APART)
		key = any;
	return count(key);
}

static uint64_t key_of_bug(uint64_t fingerprint, unsigned rank)
{
	return end_key(mix(mix(mix(0, KEY_OF_BUG), fingerprint), rank));
}

/* Kinds rise in harm, and of one kind a proven finding is above a likely one. */
bool finding_is_news(uint64_t fingerprint, enum kind kind, bool likely)
{
	unsigned rank = 2 * (unsigned)kind + !likely;

	bool known = false;

	for (unsigned other = rank; other < 2 * KIND_COUNT; other++)
		known = known || find(key_of_bug(fingerprint, other)) != NULL;
	/* 0: no room to remember the bug, and a bug that is shown twice is better than a hidden
	 * one. */
	if (!known && count(key_of_bug(fingerprint, rank)) <= 1)
		return true;
	registry_count(COUNT_REPEATED);
	return false;
}

bool finding_is_milestone(uint64_t repeat)
{
	while (repeat >= 10 && repeat % 10 == 0)
		repeat /= 10;
	return repeat == 1;
}
