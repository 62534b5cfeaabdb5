/* SPDX-License-Identifier: MIT */
/*
 * Groups in a hash table by (kind, opened site, use site).  See groups.h.
 *
 * When there are GROUP_MAX of them, a finding of a worse kind takes the place of a group of the
 * least bad kind; the counts of the group that goes are kept as "ungrouped".
 */
#include "base/cli.h"
#define uthash_fatal(message) cli_no_memory()
#include "log/groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log/identities.h"
#include "log/site.h"
#include "common/names.h"

struct groups {
	struct group *table;
	struct identities *identities;
	uint64_t totals[LEVEL_COUNT];
	uint64_t ungrouped;
	size_t kind_counts[KIND_COUNT];
	size_t example_bytes;
	struct group **sorted;
};

struct groups *groups_new(void)
{
	struct groups *groups = calloc(1, sizeof *groups);

	if (groups == NULL)
		return NULL;
	groups->identities = identities_new();
	if (groups->identities == NULL) {
		free(groups);
		return NULL;
	}
	return groups;
}

static void free_group(struct group *group)
{
	free(group->opened_site);
	free(group->use_site);
	free(group->protocol);
	free(group->peer);
	free(group->example);
	free(group->key);
	free(group);
}

void groups_free(struct groups *groups)
{
	struct group *group = groups->table;

	HASH_CLEAR(hh, groups->table);
	while (group != NULL) {
		struct group *next = group->hh.next;

		free_group(group);
		group = next;
	}
	identities_free(groups->identities);
	free(groups->sorted);
	free(groups);
}

static char *copy(const char *text)
{
	char *result = strdup(text);

	if (result == NULL)
		cli_no_memory();
	return result;
}

static struct group *new_group(struct groups *groups, enum kind kind, const char *key,
			       const char *opened, const char *use,
			       const struct log_record *finding)
{
	struct group *group = calloc(1, sizeof *group);

	if (group == NULL)
		cli_no_memory();
	group->kind = kind;
	group->key = copy(key);
	group->opened_site = copy(opened);
	group->use_site = copy(use);
	group->protocol = copy(json_string_value(json_object_get(finding->connection, "protocol")));
	group->peer = copy(json_string_value(json_object_get(finding->connection, "peer")));
	/* The analyser does not see that HASH_DEL() has taken out what make_room() freed. */
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	HASH_ADD_KEYPTR(hh, groups->table, group->key, strlen(group->key), group);
	groups->kind_counts[kind]++;
	return group;
}

/* Makes room for a group of `kind` by giving up one of the least bad kind.  False: none is less
 * bad. */
static bool make_room(struct groups *groups, enum kind kind)
{
	struct group *group = groups->table;
	unsigned least = 0;

	while (least < (unsigned)kind && groups->kind_counts[least] == 0)
		least++;
	if (least >= (unsigned)kind)
		return false;
	while (group != NULL && group->kind != least)
		group = group->hh.next;
	if (group == NULL)
		return false;
	groups->ungrouped += group->count;
	groups->example_bytes -= group->example_len_bytes;
	groups->kind_counts[least]--;
	HASH_DEL(groups->table, group);
	free_group(group);
	return true;
}

static struct group *find_group(struct groups *groups, const struct log_record *finding)
{
	char opened[GROUP_SITE_BYTES], use[GROUP_SITE_BYTES], key[2 * GROUP_SITE_BYTES + 8];
	struct group *group;

	site_opened(finding->json, opened, sizeof opened);
	site_used(finding->json, use, sizeof use);
	snprintf(key, sizeof key, "%d\n%s\n%s", (int)finding->kind, opened, use);
	HASH_FIND_STR(groups->table, key, group);
	if (group != NULL)
		return group;
	if (HASH_COUNT(groups->table) >= GROUP_MAX && !make_room(groups, finding->kind))
		return NULL;
	return new_group(groups, finding->kind, key, opened, use, finding);
}

static void add_pid(struct group *group, int64_t pid)
{
	for (size_t i = 0; i < group->pid_count; i++)
		if (group->pids[i] == pid)
			return;
	if (group->pid_count == GROUP_PIDS)
		group->more_pids = true;
	else
		group->pids[group->pid_count++] = pid;
}

/* Keeps the line when it is worth more than the one kept so far: it is proven, or as proven and
 * shows more stacks. */
static void keep_example(struct groups *groups, struct group *group,
			 const struct log_record *finding, const char *text, size_t len_bytes)
{
	const char *certainty = json_string_value(json_object_get(finding->json, "certainty"));
	bool likely = certainty != NULL && strcmp(certainty, "likely") == 0;
	unsigned worth = likely ? 0 : LOG_STACK_COUNT + 1;
	char *example;

	for (int i = 0; i < LOG_STACK_COUNT; i++)
		worth += json_array_size(finding->stacks[i]) > 0;
	if (group->example != NULL && worth <= group->example_worth)
		return;
	if (groups->example_bytes - group->example_len_bytes + len_bytes > GROUP_EXAMPLE_BUDGET)
		return;
	example = malloc(len_bytes);
	if (example == NULL)
		return;
	memcpy(example, text, len_bytes);
	groups->example_bytes += len_bytes - group->example_len_bytes;
	free(group->example);
	group->example = example;
	group->example_len_bytes = len_bytes;
	group->example_worth = worth;
}

void groups_add(struct groups *groups, const struct log_record *finding, const char *text,
		size_t len_bytes)
{
	bool is_new;
	uint64_t more = identities_count(groups->identities, finding->session, finding->id,
					 finding->repeat, &is_new);
	struct group *group = find_group(groups, finding);
	const char *peer;

	groups->totals[kind_level(finding->kind)] += more;
	if (group == NULL) {
		groups->ungrouped += more;
		return;
	}
	group->count += more;
	group->finding_count += is_new;
	if (group->first[0] == '\0' || strcmp(finding->time, group->first) < 0)
		memcpy(group->first, finding->time, LOG_TIME_BYTES);
	if (strcmp(finding->time, group->last) > 0)
		memcpy(group->last, finding->time, LOG_TIME_BYTES);
	add_pid(group, finding->pid);
	if (json_is_object(finding->other))
		add_pid(group, json_integer_value(json_object_get(finding->other, "pid")));
	peer = json_string_value(json_object_get(finding->connection, "peer"));
	if (strcmp(peer, group->peer) != 0)
		group->more_peers = true;
	keep_example(groups, group, finding, text, len_bytes);
}

static int compare(const void *left, const void *right)
{
	const struct group *a = *(struct group *const *)left, *b = *(struct group *const *)right;

	if (a->kind != b->kind)
		return a->kind > b->kind ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return strcmp(a->key, b->key);
}

void groups_sort(struct groups *groups)
{
	size_t count = 0;

	free(groups->sorted);
	groups->sorted = calloc(HASH_COUNT(groups->table) + 1, sizeof *groups->sorted);
	if (groups->sorted == NULL)
		cli_no_memory();
	for (struct group *group = groups->table; group != NULL; group = group->hh.next)
		groups->sorted[count++] = group;
	qsort(groups->sorted, count, sizeof *groups->sorted, compare);
}

size_t groups_count(const struct groups *groups)
{
	return HASH_COUNT(groups->table);
}

const struct group *groups_at(const struct groups *groups, size_t index)
{
	return groups->sorted[index];
}

uint64_t groups_total(const struct groups *groups, enum level level)
{
	return groups->totals[level];
}

uint64_t groups_ungrouped(const struct groups *groups)
{
	return groups->ungrouped;
}
