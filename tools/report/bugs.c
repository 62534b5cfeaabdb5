/* SPDX-License-Identifier: MIT */
/*
 * Bugs in a hash table by their fingerprint.  See bugs.h.
 *
 * When there are BUG_MAX bugs, a finding of a worse kind takes the place of a bug whose worst kind
 * is least bad; the counts of the bug that goes are kept as "without room".
 */
#include "base/cli.h"
#define uthash_fatal(message) cli_no_memory()
#include "report/bugs.h"

#include <stdlib.h>
#include <string.h>

#include "common/fingerprint.h"
#include "common/names.h"
#include "log/field.h"
#include "log/identities.h"
#include "report/fleet.h"
#include "log/stacks.h"
#include "report/site_cache.h"

struct bugs {
	struct bug *table;
	struct identities *identities;
	uint64_t totals[LEVEL_COUNT];
	uint64_t without_room;
	size_t worst_counts[KIND_COUNT]; /* bugs by their worst kind */
	size_t example_bytes;
	struct bug **sorted;
};

struct bugs *bugs_new(void)
{
	struct bugs *bugs = calloc(1, sizeof *bugs);

	if (bugs == NULL)
		return NULL;
	bugs->identities = identities_new();
	if (bugs->identities == NULL) {
		free(bugs);
		return NULL;
	}
	return bugs;
}

static void free_bug(struct bug *bug)
{
	for (int kind = 0; kind < KIND_COUNT; kind++)
		free(bug->kinds[kind].example);
	json_decref(bug->fleet);
	free(bug->protocol);
	free(bug->peer);
	free(bug);
}

void bugs_free(struct bugs *bugs)
{
	struct bug *bug = bugs->table;

	HASH_CLEAR(hh, bugs->table);
	while (bug != NULL) {
		struct bug *next = bug->hh.next;

		free_bug(bug);
		bug = next;
	}
	identities_free(bugs->identities);
	free(bugs->sorted);
	free(bugs);
}

/* --- which bug ----------------------------------------------------------------------------- */

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* A native frame counts by its module, since a source file is known only with debug information. */
static struct fingerprint_site fingerprint_site(const struct site *site)
{
	return (struct fingerprint_site){
		site->module[0] != '\0' ? site->module : or_null(site->file),
		or_null(site->function),
	};
}

static bool open_before(const struct log_record *finding)
{
	return json_is_true(json_object_get(finding->connection, "open_before"));
}

uint64_t bugs_identify(struct site_cache *sites, const struct log_record *finding,
		       struct site *opened, struct site *forked)
{
	site_cache_find(sites, finding->stacks[LOG_STACK_OPENED], SITE_OPENED,
			finding->version < 2 ? finding->culprit_opened : NULL, opened);
	site_cache_find(sites, finding->stacks[LOG_STACK_FORKED], SITE_FORKED, NULL, forked);
	/* The library names native functions from dynamic symbols alone, so two of a C program's
	 * own functions can be one to the library. */
	if (finding->version >= 2 &&
	    ((opened->module[0] == '\0' && forked->module[0] == '\0') || open_before(finding)))
		return finding->fingerprint;
	return fingerprint(field_string(finding->connection, "protocol"), fingerprint_site(opened),
			   fingerprint_site(forked));
}

static char *copy(const char *text)
{
	char *result = strdup(text);

	if (result == NULL)
		cli_no_memory();
	return result;
}

/* Makes room for a bug of `kind` by dropping one whose worst kind is the least bad.  False: no kind
 * in the table is less bad than `kind`. */
static bool make_room(struct bugs *bugs, enum kind kind)
{
	struct bug *bug = bugs->table;
	unsigned least = 0;

	while (least < (unsigned)kind && bugs->worst_counts[least] == 0)
		least++;
	if (least >= (unsigned)kind)
		return false;
	while (bug != NULL && bug->worst != least)
		bug = bug->hh.next;
	if (bug == NULL)
		return false;
	bugs->without_room += bug_times(bug);
	for (int i = 0; i < KIND_COUNT; i++)
		bugs->example_bytes -= bug->kinds[i].example_len_bytes;
	bugs->worst_counts[least]--;
	HASH_DEL(bugs->table, bug);
	free_bug(bug);
	return true;
}

static struct bug *new_bug(struct bugs *bugs, const struct log_record *finding,
			   uint64_t fingerprint, const struct site *opened,
			   const struct site *forked)
{
	struct bug *bug = calloc(1, sizeof *bug);

	if (bug == NULL)
		cli_no_memory();
	bug->fingerprint = fingerprint;
	bug->opened = *opened;
	bug->forked = *forked;
	bug->protocol = copy(field_string(finding->connection, "protocol"));
	bug->peer = copy(field_string(finding->connection, "peer"));
	bug->opened_by = field_integer(finding->connection, "opened_by");
	bug->open_before = open_before(finding);
	bug->worst = bug->head = finding->kind;
	/* The analyser does not see that HASH_DEL() has taken out what make_room() freed. */
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	HASH_ADD(hh, bugs->table, fingerprint, sizeof fingerprint, bug);
	bugs->worst_counts[bug->worst]++;
	return bug;
}

/* --- evidence ------------------------------------------------------------------------------ */

static void add_pid(struct bug_pids *pids, int64_t pid)
{
	for (size_t i = 0; i < pids->count; i++)
		if (pids->list[i] == pid)
			return;
	if (pids->count == BUG_PIDS)
		pids->more = true;
	else
		pids->list[pids->count++] = pid;
}

static bool is_same_place(const struct site *a, const struct site *b)
{
	return a->line == b->line && a->offset == b->offset && strcmp(a->file, b->file) == 0 &&
	       strcmp(a->module, b->module) == 0 && strcmp(a->function, b->function) == 0;
}

static void add_use(struct bug *bug, const struct site *site, int64_t pid)
{
	struct bug_use *use;
	size_t i = 0;

	while (i < bug->use_count && !is_same_place(&bug->uses[i].site, site))
		i++;
	if (i == BUG_USES) {
		bug->more_uses++;
		return;
	}
	use = &bug->uses[i];
	if (i == bug->use_count) {
		use->site = *site;
		bug->use_count++;
	}
	add_pid(&use->pids, pid);
}

static void add_uses(struct bug *bug, struct site_cache *sites, const struct log_record *finding)
{
	struct site site;

	/* open-at-fork: nobody has used the connection. */
	if (!json_is_object(finding->operation))
		return;
	site_cache_find(sites, finding->stacks[LOG_STACK_THIS_USE], SITE_USED,
			finding->version < 2 ? finding->culprit_use : NULL, &site);
	add_use(bug, &site, finding->pid);
	if (!json_is_object(finding->other) ||
	    json_array_size(finding->stacks[LOG_STACK_OTHER_USE]) == 0)
		return;
	site_cache_find(sites, finding->stacks[LOG_STACK_OTHER_USE], SITE_USED, NULL, &site);
	add_use(bug, &site, field_integer(finding->other, "pid"));
}

/* A cookie is unique on a host until the host boots; a session has one host. */
static void add_connection(struct bug *bug, const struct log_record *finding)
{
	const char *cookie = field_string(finding->connection, "id");
	uint64_t hash =
		fingerprint(cookie, (struct fingerprint_site){0}, (struct fingerprint_site){0}) ^
		finding->session;

	for (size_t i = 0; i < bug->connection_count; i++)
		if (bug->connections[i] == hash)
			return;
	if (bug->connection_count == BUG_CONNECTIONS)
		bug->more_connections = true;
	else
		bug->connections[bug->connection_count++] = hash;
}

/* A finding without `certainty` counts as proven. */
static bool is_proven(const struct log_record *finding)
{
	const char *certainty = field_string(finding->json, "certainty");

	return certainty == NULL || strcmp(certainty, "likely") != 0;
}

/* Returns what tells one process's use from others': who it was, and from where. */
static uint64_t hash_use(const struct log_record *finding, int64_t pid, const char *stack)
{
	const char *id = field_string(json_object_get(finding->json, "stack_ids"), stack);

	return finding->session ^ (uint64_t)pid * 0x9e3779b97f4a7c15 ^
	       (id != NULL ? strtoull(id, NULL, 16) : 0);
}

static bool knows_goodbye(const struct bug *bug, uint64_t use)
{
	for (size_t i = 0; i < bug->goodbye_count; i++)
		if (bug->goodbyes[i] == use)
			return true;
	return false;
}

/* Notes a goodbye that is only likely, as inside TLS, and a shared use that rests on no such. */
static void note_goodbye(struct bug *bug, const struct log_record *finding)
{
	uint64_t use;

	if (finding->kind == KIND_FOREIGN_GOODBYE && !is_proven(finding)) {
		use = hash_use(finding, finding->pid, "this_use");
		if (bug->goodbye_count < BUG_GOODBYES && !knows_goodbye(bug, use))
			bug->goodbyes[bug->goodbye_count++] = use;
	} else if (finding->kind == KIND_SHARED_USE && is_proven(finding)) {
		use = hash_use(finding, field_integer(finding->other, "pid"), "other_use");
		if (!knows_goodbye(bug, use))
			bug->shared_beside_goodbyes = true;
	}
}

/* Returns the line with all frames of the stacks; NULL: no memory. */
static char *make_example(const struct log_record *finding, const char *text, size_t len_bytes)
{
	json_t *whole = json_loadb(text, len_bytes, 0, NULL);
	char *example;

	if (whole == NULL)
		return NULL;
	stacks_put(whole, finding);
	example = json_dumps(whole, JSON_COMPACT);
	json_decref(whole);
	return example;
}

/* Keeps the line when the finding is worth more than the kept one: proven before likely, then more
 * stacks, then a longer history. */
static void keep_example(struct bugs *bugs, struct bug_kind *kind, const struct log_record *finding,
			 const char *text, size_t len_bytes)
{
	unsigned worth = is_proven(finding) ? LOG_STACK_COUNT + 1 : 0;
	char *example;

	for (int i = 0; i < LOG_STACK_COUNT; i++)
		worth += json_array_size(finding->stacks[i]) > 0;
	worth = worth * 16 + (finding->history_len < 15 ? (unsigned)finding->history_len : 15);
	if (kind->example != NULL && worth <= kind->example_worth)
		return;
	if (bugs->example_bytes + len_bytes > BUG_EXAMPLE_BUDGET)
		return;
	example = make_example(finding, text, len_bytes);
	if (example == NULL)
		return;
	len_bytes = strlen(example);
	if (bugs->example_bytes - kind->example_len_bytes + len_bytes > BUG_EXAMPLE_BUDGET) {
		free(example);
		return;
	}
	bugs->example_bytes += len_bytes - kind->example_len_bytes;
	free(kind->example);
	kind->example = example;
	kind->example_len_bytes = len_bytes;
	kind->example_worth = worth;
}

/* Counts what was done about `more` violations.  An action that this version does not know is none.
 */
static void add_action(struct bug *bug, const struct log_record *finding, uint64_t more)
{
	const char *said = field_string(finding->json, "action");

	for (int action = ACTION_REPORTED + 1; said != NULL && action < ACTION_COUNT; action++)
		if (strcmp(said, action_name((enum finding_action)action)) == 0)
			bug->actions[action] += more;
}

void bugs_add_reconnected(struct bugs *bugs, int64_t pid, const char *peer)
{
	for (struct bug *bug = bugs->table; bug != NULL; bug = bug->hh.next)
		if (bug->actions[ACTION_ISOLATED] + bug->actions[ACTION_HELD_BACK] > 0 &&
		    strcmp(bug->peer, peer) == 0)
			add_pid(&bug->reconnected, pid);
}

/*
 * A bug is called by the worst kind that is proven, or the worst where none is.  Shared uses whose
 * other side was a likely goodbye are no more than its consequence: the goodbye is what the bug is.
 */
static void rank(struct bugs *bugs, struct bug *bug)
{
	enum kind worst = bug->worst;

	bug->head = KIND_COUNT;
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		if (bug->kinds[kind].findings == 0)
			continue;
		bug->worst = (enum kind)kind;
		if (bug->kinds[kind].proven)
			bug->head = (enum kind)kind;
	}
	if (bug->head == KIND_COUNT)
		bug->head = bug->worst;
	else if (bug->head == KIND_SHARED_USE && !bug->shared_beside_goodbyes)
		bug->head = KIND_FOREIGN_GOODBYE;
	bugs->worst_counts[worst]--;
	bugs->worst_counts[bug->worst]++;
}

void bugs_add(struct bugs *bugs, struct site_cache *sites, const struct log_record *finding,
	      uint64_t fingerprint, const struct site *opened, const struct site *forked,
	      const char *text, size_t len_bytes)
{
	bool is_new;
	uint64_t more = identities_count(bugs->identities, finding->session, finding->id,
					 finding->repeat, &is_new);
	struct bug_kind *kind;
	struct bug *bug;

	bugs->totals[kind_level(finding->kind)] += more;
	HASH_FIND(hh, bugs->table, &fingerprint, sizeof fingerprint, bug);
	if (bug == NULL && HASH_COUNT(bugs->table) >= BUG_MAX && !make_room(bugs, finding->kind)) {
		bugs->without_room += more;
		return;
	}
	if (bug == NULL)
		bug = new_bug(bugs, finding, fingerprint, opened, forked);
	if (bug->fleet == NULL)
		bug->fleet = fleet_take(finding->json);
	kind = &bug->kinds[finding->kind];
	kind->times += more;
	kind->findings += is_new;
	kind->proven = kind->proven || is_proven(finding);
	add_action(bug, finding, more);
	note_goodbye(bug, finding);
	rank(bugs, bug);
	if (bug->first[0] == '\0' || strcmp(finding->time, bug->first) < 0)
		memcpy(bug->first, finding->time, LOG_TIME_BYTES);
	if (strcmp(finding->time, bug->last) > 0)
		memcpy(bug->last, finding->time, LOG_TIME_BYTES);
	add_pid(&bug->pids, finding->pid);
	if (json_is_object(finding->other))
		add_pid(&bug->pids, field_integer(finding->other, "pid"));
	add_uses(bug, sites, finding);
	add_connection(bug, finding);
	if (strcmp(field_string(finding->connection, "peer"), bug->peer) != 0)
		bug->more_peers = true;
	keep_example(bugs, kind, finding, text, len_bytes);
}

/* --- the result ---------------------------------------------------------------------------- */

uint64_t bug_times(const struct bug *bug)
{
	uint64_t times = 0;

	for (int kind = 0; kind < KIND_COUNT; kind++)
		times += bug->kinds[kind].times;
	return times;
}

uint64_t bug_findings(const struct bug *bug)
{
	uint64_t findings = 0;

	for (int kind = 0; kind < KIND_COUNT; kind++)
		findings += bug->kinds[kind].findings;
	return findings;
}

const char *bug_consequence(const struct bug *bug)
{
	static const char *const consequences[KIND_COUNT] = {
		[KIND_CROSSED_REPLY] = "WRONG ANSWERS SEEN",
		[KIND_FOREIGN_GOODBYE] = "A SESSION ENDED FOR OTHERS",
		[KIND_SHARED_EPOLL] = "ANOTHER PROCESS IS NOT WOKEN ANY MORE",
		[KIND_SHARED_USE] = "TWO PROCESSES ON ONE CONNECTION",
		[KIND_INHERITED_USE] = "used by one child so far",
		[KIND_INHERITED_EPOLL] = "its event loop lives on in a child",
		[KIND_OPEN_AT_FORK] = "open in a child, not used there",
	};

	return consequences[bug->head] != NULL ? consequences[bug->head] : kind_name(bug->head);
}

static int compare(const void *left, const void *right)
{
	const struct bug *a = *(struct bug *const *)left, *b = *(struct bug *const *)right;

	if (a->head != b->head)
		return a->head > b->head ? -1 : 1;
	if (a->worst != b->worst)
		return a->worst > b->worst ? -1 : 1;
	if (bug_times(a) != bug_times(b))
		return bug_times(a) > bug_times(b) ? -1 : 1;
	return a->fingerprint < b->fingerprint ? -1 : a->fingerprint > b->fingerprint;
}

void bugs_sort(struct bugs *bugs)
{
	size_t count = 0;

	free(bugs->sorted);
	bugs->sorted = calloc(HASH_COUNT(bugs->table) + 1, sizeof(struct bug *));
	if (bugs->sorted == NULL)
		cli_no_memory();
	for (struct bug *bug = bugs->table; bug != NULL; bug = bug->hh.next)
		bugs->sorted[count++] = bug;
	qsort(bugs->sorted, count, sizeof(struct bug *), compare);
}

size_t bugs_count(const struct bugs *bugs)
{
	return HASH_COUNT(bugs->table);
}

const struct bug *bugs_at(const struct bugs *bugs, size_t index)
{
	return bugs->sorted[index];
}

const struct bug *bugs_find(const struct bugs *bugs, uint64_t fingerprint)
{
	struct bug *bug;

	HASH_FIND(hh, bugs->table, &fingerprint, sizeof fingerprint, bug);
	return bug;
}

uint64_t bugs_total(const struct bugs *bugs, enum level level)
{
	return bugs->totals[level];
}

uint64_t bugs_without_room(const struct bugs *bugs)
{
	return bugs->without_room;
}
