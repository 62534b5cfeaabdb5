/* SPDX-License-Identifier: MIT */
/*
 * shim/report/finding_count.c: which findings are one, how many are told apart, and that none is
 * lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/finding_count.h"
#include "process/process.h"
#include "own_registry.h"
#include "registry/registry.h"

#define PLACES FORKSAN_PLACES_PER_CONNECTION
#define CONNECTIONS FORKSAN_CONNECTIONS_PER_PLACE

static unsigned asked; /* for sites */

static int begin(void **state)
{
	(void)state;
	if (!own_registry_map())
		return -1;
	for (uint32_t slot = 0; slot < 5000; slot++) {
		registry_mapping->sockets[slot].cookie = 1000 + slot;
		registry_mapping->sockets[slot].opened_stack = 7;
	}
	process.lineage.self.serial.n = 3;
	asked = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	own_registry_unmap();
	return 0;
}

static uint64_t by_opening(const struct finding_cause *cause, struct stack_id forked)
{
	(void)forked;
	return registry_mapping->sockets[cause->slot.n].opened_stack;
}

static uint64_t ask(const struct finding_cause *cause, struct stack_id forked)
{
	asked++;
	return by_opening(cause, forked);
}

static struct finding_count count_cause(const struct finding_cause *cause, uint32_t forked)
{
	return finding_count(cause, (struct stack_id){forked}, ask);
}

static struct finding_count count_one(enum kind kind, uint32_t slot, uint32_t other, uint32_t this)
{
	struct finding_cause cause = {
		.kind = kind, .slot = {slot}, .other_use = {other}, .this_use = {this}};

	return count_cause(&cause, 1);
}

static struct finding_count count_at(uint32_t this)
{
	return count_one(KIND_SHARED_USE, 0, 1, this);
}

static uint64_t lost(void)
{
	return load_relaxed(&registry_mapping->header.counters[LOST_FINDINGS]);
}

static void the_same_is_a_repeat(void **state)
{
	struct finding_count first = count_at(2);
	struct finding_count second = count_at(2);

	(void)state;
	assert_int_equal(first.repeat, 1);
	assert_int_equal(second.repeat, 2);
	assert_true(first.id == second.id && first.id != 0);
	assert_int_equal(second.merge, FINDING_NOT_MERGED);
}

static void what_differs_is_another(void **state)
{
	struct finding_count all[9] = {
		count_one(KIND_SHARED_USE, 0, 1, 2),	count_one(KIND_SHARED_USE, 0, 2, 1),
		count_one(KIND_SHARED_USE, 0, 1, 3),	count_one(KIND_SHARED_USE, 1, 1, 2),
		count_one(KIND_CROSSED_REPLY, 0, 1, 2), count_one(KIND_INHERITED_USE, 0, 1, 2),
		count_one(KIND_OPEN_AT_FORK, 0, 0, 0),	count_one(KIND_SHARED_USE, 0, 3, 2),
	};
	struct finding_cause elsewhere = {.kind = KIND_OPEN_AT_FORK};

	(void)state;
	all[8] = count_cause(&elsewhere, 2);
	for (size_t i = 0; i < 9; i++) {
		assert_int_equal(all[i].repeat, 1);
		for (size_t k = 0; k < i; k++)
			assert_true(all[i].id != all[k].id);
	}
}

static void proof_after_suspicion_is_another(void **state)
{
	struct finding_cause cause = {.kind = KIND_CROSSED_REPLY, .likely = true};

	(void)state;
	assert_int_equal(count_cause(&cause, 1).repeat, 1);
	cause.likely = false;
	assert_int_equal(count_cause(&cause, 1).repeat, 1);
	assert_int_equal(count_cause(&cause, 1).repeat, 2);
}

/* A process whose use has no stack of its own is told apart by its fork; one that has is not. */
static void a_fork_matters_without_a_use(void **state)
{
	struct finding_cause cause = {.kind = KIND_SHARED_USE, .this_use = {2}};

	(void)state;
	assert_int_equal(count_cause(&cause, 1).repeat, 1);
	assert_int_equal(count_cause(&cause, 2).repeat, 2);
}

static void further_places_are_one(void **state)
{
	struct finding_count merged;

	(void)state;
	for (uint32_t i = 0; i < PLACES; i++)
		assert_int_equal(count_at(10 + i).merge, FINDING_NOT_MERGED);
	merged = count_at(99);
	assert_int_equal(merged.merge, FINDING_MERGED_PLACES);
	assert_int_equal(merged.repeat, 1);
	for (uint32_t i = 2; i < 5000; i++) {
		struct finding_count count = count_at(100 + i % 777);

		assert_true(count.id == merged.id && count.repeat == i);
		assert_int_equal(count.merge, FINDING_MERGED_PLACES);
	}
	/* Those that were told apart still are. */
	assert_int_equal(count_at(10).repeat, 2);
	assert_int_equal(count_at(10).merge, FINDING_NOT_MERGED);
	assert_int_equal(lost(), 0);
}

static void another_connection_or_kind_has_places_of_its_own(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		count_at(10 + i);
	assert_int_equal(count_one(KIND_SHARED_USE, 1, 1, 99).merge, FINDING_NOT_MERGED);
	assert_int_equal(count_one(KIND_INHERITED_USE, 0, 1, 99).merge, FINDING_NOT_MERGED);
}

static void damage_by_a_new_process_is_told(void **state)
{
	static const enum kind kinds[] = {KIND_CROSSED_REPLY, KIND_FOREIGN_GOODBYE};

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		uint64_t id;

		process.lineage.self.serial.n = 3;
		for (uint32_t i = 0; i < 100; i++)
			count_one(kinds[k], 0, 1, 10 + i);
		id = count_one(kinds[k], 0, 1, 10).id;
		for (uint32_t serial = 4; serial < 30; serial++) {
			struct finding_count count;

			process.lineage.self.serial.n = serial;
			count = count_one(kinds[k], 0, 1, 10);
			assert_int_equal(count.repeat, 1);
			assert_int_equal(count.merge, FINDING_NOT_MERGED);
			assert_true(count.id != id);
		}
	}
	/* Whoever breaks the rule at one place is one finding. */
	assert_int_equal(count_at(2).repeat, 1);
	process.lineage.self.serial.n = 3;
	assert_int_equal(count_at(2).repeat, 2);
}

static unsigned entries_used(void)
{
	unsigned used = 0;

	for (uint32_t i = 0; i < FORKSAN_MAX_FINDINGS; i++)
		used += load_relaxed(&registry_mapping->findings[i].key) != 0;
	return used;
}

/* Other findings in its way, and its first place in the table taken: a finding is still one. */
static void a_taken_place_makes_no_other_finding(void **state)
{
	uint64_t id = count_at(2).id;

	(void)state;
	memset(registry_mapping->findings, 0, sizeof registry_mapping->findings);
	for (uint32_t i = 0; i < 3; i++)
		store_relaxed(&registry_mapping->findings[(id + i) % FORKSAN_MAX_FINDINGS].key,
			      UINT64_MAX - i);
	for (uint32_t i = 1; i <= 2 * PLACES; i++) {
		struct finding_count count = count_at(2);

		assert_true(count.id == id && count.repeat == i);
		assert_int_equal(count.merge, FINDING_NOT_MERGED);
	}
}

static void further_connections_are_one(void **state)
{
	uint64_t id = 0;
	unsigned used = 0;

	(void)state;
	for (uint32_t slot = 0; slot < 5000; slot++) {
		struct finding_count count = count_one(KIND_OPEN_AT_FORK, slot, 0, 0);

		if (slot < CONNECTIONS) {
			assert_int_equal(count.merge, FINDING_NOT_MERGED);
			used = entries_used();
			continue;
		}
		assert_int_equal(count.merge, FINDING_MERGED_CONNECTIONS);
		assert_int_equal(count.repeat, slot - CONNECTIONS + 1);
		assert_true(id == 0 || count.id == id);
		/* What a full group stands for takes no room. */
		assert_int_equal(entries_used(), used);
		id = count.id;
	}
	assert_int_equal(lost(), 0);
	/* One that was told apart still is. */
	assert_int_equal(count_one(KIND_OPEN_AT_FORK, 0, 0, 0).repeat, 2);
	/* Opened elsewhere, it is news. */
	registry_mapping->sockets[4000].opened_stack = 8;
	assert_int_equal(count_one(KIND_OPEN_AT_FORK, 4000, 0, 0).merge, FINDING_NOT_MERGED);
}

static void damage_is_told_of_more_connections(void **state)
{
	(void)state;
	for (uint32_t slot = 0; slot < FORKSAN_DAMAGES_PER_PLACE; slot++)
		assert_int_equal(count_one(KIND_CROSSED_REPLY, slot, 1, 2).merge,
				 FINDING_NOT_MERGED);
	for (uint32_t slot = FORKSAN_DAMAGES_PER_PLACE; slot < 5000; slot++)
		assert_int_equal(count_one(KIND_CROSSED_REPLY, slot, 1, 2).merge,
				 FINDING_MERGED_CONNECTIONS);
	assert_int_equal(lost(), 0);
}

/* Workers that cross replies, end and are replaced: for ever, at ever other places. */
static void further_processes_are_one(void **state)
{
	struct finding_count count;

	(void)state;
	for (uint32_t serial = 1; serial <= FORKSAN_DAMAGES_PER_CONNECTION; serial++) {
		process.lineage.self.serial.n = serial;
		count = count_one(KIND_CROSSED_REPLY, 0, 1, serial);
		assert_int_equal(count.merge, FINDING_NOT_MERGED);
	}
	for (uint32_t serial = 1000; serial < 6000; serial++) {
		process.lineage.self.serial.n = serial;
		count = count_one(KIND_CROSSED_REPLY, 0, 1, serial);
		assert_int_equal(count.merge, FINDING_MERGED_PROCESSES);
		assert_int_equal(count.repeat, serial - 999);
	}
	assert_int_equal(count_one(KIND_FOREIGN_GOODBYE, 0, 1, 2).merge, FINDING_NOT_MERGED);
	assert_int_equal(count_one(KIND_CROSSED_REPLY, 1, 1, 2).merge, FINDING_NOT_MERGED);
	assert_int_equal(lost(), 0);
}

/* Counts a finding at a place where nothing was found before, and names its bug if it is written.
 */
static struct finding_count count_elsewhere(enum kind kind, uint32_t slot, uint32_t place,
					    bool likely)
{
	struct finding_cause cause = {.kind = kind,
				      .slot = {slot},
				      .other_use = {place},
				      .this_use = {place},
				      .likely = likely};
	struct finding_count count = count_cause(&cause, 1);

	if (finding_is_milestone(count.repeat))
		finding_count_name(&count, &cause, 1, by_opening(&cause, (struct stack_id){1}));
	return count;
}

/* Ever other connections at ever other places, until no more are told apart.  Returns the next
 * place. */
static uint32_t crowd_by_one_mistake(void)
{
	uint32_t place = 1;

	while (count_elsewhere(KIND_SHARED_USE, place / PLACES, place, false).merge ==
	       FINDING_NOT_MERGED)
		assert_true(++place < FORKSAN_MAX_FINDINGS);
	return place + 1;
}

static void further_findings_of_a_mistake_are_one(void **state)
{
	uint32_t place = crowd_by_one_mistake();
	unsigned used = entries_used();

	(void)state;
	assert_in_range(used, FORKSAN_MAX_FINDINGS / 2, FORKSAN_MAX_FINDINGS / 2 + 10);
	for (uint64_t i = 2; i < 10000; i++, place++) {
		struct finding_count count =
			count_elsewhere(KIND_SHARED_USE, place / PLACES, place, false);

		assert_int_equal(count.merge, FINDING_MERGED_SITES);
		assert_int_equal(count.repeat, i);
	}
	assert_int_equal(entries_used(), used);
	assert_int_equal(asked, 1);
	assert_int_equal(lost(), 0);
	/* Those that were told apart still are. */
	assert_int_equal(count_elsewhere(KIND_SHARED_USE, 0, 1, false).repeat, 2);
}

static void a_mistake_is_told_as_it_gets_worse(void **state)
{
	uint32_t place = crowd_by_one_mistake();

	(void)state;
	for (int likely = 1; likely >= 0; likely--, place += 2) {
		assert_int_equal(count_elsewhere(KIND_CROSSED_REPLY, 1, place, likely).merge,
				 FINDING_NOT_MERGED);
		assert_int_equal(count_elsewhere(KIND_CROSSED_REPLY, 1, place + 1, likely).merge,
				 FINDING_MERGED_SITES);
	}
}

static void later_mistakes_have_room(void **state)
{
	enum { MISTAKES = 100, UNUSED = 2000 };
	uint32_t place = crowd_by_one_mistake();

	(void)state;
	for (uint32_t slot = UNUSED; slot < UNUSED + MISTAKES; slot++) {
		registry_mapping->sockets[slot].opened_stack = slot;
		for (uint64_t i = 0; i < PLACES; i++) {
			struct finding_count count =
				count_elsewhere(KIND_SHARED_USE, slot, place++, false);

			assert_int_equal(count.repeat, i == 0 ? 1 : i);
			assert_int_equal(count.merge,
					 i == 0 ? FINDING_NOT_MERGED : FINDING_MERGED_SITES);
		}
	}
	assert_int_equal(asked, MISTAKES + 1);
	assert_int_equal(lost(), 0);
}

/* Whatever comes: the repeats of all findings are how often something was found. */
static void nothing_goes_uncounted(void **state)
{
	enum { ROUNDS = 20000, IDS = 4096 };
	static struct finding_count latest[IDS];
	uint64_t sum = 0;
	size_t ids = 0;

	(void)state;
	srandom(1);
	for (int i = 0; i < ROUNDS; i++) {
		struct finding_count count = count_one(
			random() % 2 ? KIND_SHARED_USE : KIND_INHERITED_USE,
			(uint32_t)random() % 40, (uint32_t)random() % 5, (uint32_t)random() % 9);
		size_t k = 0;

		while (k < ids && latest[k].id != count.id)
			k++;
		assert_true(k < IDS);
		if (k == ids)
			ids++;
		assert_int_equal(count.repeat, latest[k].repeat + 1);
		latest[k] = count;
	}
	for (size_t k = 0; k < ids; k++)
		sum += latest[k].repeat;
	assert_int_equal(sum, ROUNDS);
	assert_int_equal(lost(), 0);
}

static uint64_t repeated(void)
{
	return load_relaxed(&registry_mapping->header.counters[COUNT_REPEATED]);
}

static void a_bug_is_news_once_and_when_it_is_worse(void **state)
{
	(void)state;
	assert_true(finding_is_news(7, KIND_INHERITED_USE, false));
	assert_false(finding_is_news(7, KIND_INHERITED_USE, false));
	assert_false(finding_is_news(7, KIND_OPEN_AT_FORK, false));
	assert_true(finding_is_news(7, KIND_CROSSED_REPLY, true));
	assert_false(finding_is_news(7, KIND_CROSSED_REPLY, true));
	assert_true(finding_is_news(7, KIND_CROSSED_REPLY, false));
	assert_false(finding_is_news(7, KIND_CROSSED_REPLY, true));
	assert_false(finding_is_news(7, KIND_SHARED_USE, false));
	assert_int_equal(repeated(), 5);
	/* Another bug is another matter. */
	assert_true(finding_is_news(8, KIND_SHARED_USE, true));
	assert_int_equal(repeated(), 5);
}

static void without_room_a_bug_is_said_again(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < FORKSAN_MAX_FINDINGS; i++)
		store_relaxed(&registry_mapping->findings[i].key, UINT64_MAX - i);
	assert_true(finding_is_news(7, KIND_SHARED_USE, false));
	assert_true(finding_is_news(7, KIND_SHARED_USE, false));
	assert_int_equal(repeated(), 0);
}

static void a_full_table_is_counted(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < FORKSAN_MAX_FINDINGS; i++)
		store_relaxed(&registry_mapping->findings[i].key, UINT64_MAX - i);
	assert_int_equal(count_at(2).repeat, 0);
	assert_int_equal(lost(), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(the_same_is_a_repeat),
		TEST(what_differs_is_another),
		TEST(proof_after_suspicion_is_another),
		TEST(a_fork_matters_without_a_use),
		TEST(further_places_are_one),
		TEST(another_connection_or_kind_has_places_of_its_own),
		TEST(damage_by_a_new_process_is_told),
		TEST(a_taken_place_makes_no_other_finding),
		TEST(further_connections_are_one),
		TEST(damage_is_told_of_more_connections),
		TEST(further_processes_are_one),
		TEST(further_findings_of_a_mistake_are_one),
		TEST(a_mistake_is_told_as_it_gets_worse),
		TEST(later_mistakes_have_room),
		TEST(nothing_goes_uncounted),
		TEST(a_bug_is_news_once_and_when_it_is_worse),
		TEST(without_room_a_bug_is_said_again),
		TEST(a_full_table_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
