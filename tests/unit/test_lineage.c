/* SPDX-License-Identifier: MIT */
/*
 * The judge against a brute-force oracle.
 *
 * The oracle does not know words, epochs or ancestors.  It replays a history and gives every
 * process the set of uses that its memory has seen: a fork copies the parent's set, a use adds
 * itself.  A use is sound if and only if the process's memory has seen every earlier use of that
 * socket.
 *
 * FORKSAN_SEED=N repeats a run; FORKSAN_HISTORIES=N sets how many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "judge/lineage.h"
#include "random.h"

#define MAX_PROCESSES 12
#define MAX_STEPS 40
#define MAX_LINE (FORKSAN_MAX_ANCESTORS + 20)

/*
 * Who descends from whom.  A fork makes a line of processes, each the child of the one before, of
 * which the last alone does something later: so a tree is deeper than the judge remembers.
 */
struct tree {
	int processes;
	uint32_t serials; /* given out */
	int parent[MAX_PROCESSES];
	uint32_t generations[MAX_PROCESSES]; /* from the parent */
	struct lineage_process judge[MAX_PROCESSES];
};

static void tree_init(struct tree *tree)
{
	tree->processes = 1;
	tree->serials = 1;
	tree->judge[0].self.serial.n = 1;
}

static uint32_t one_generation_or_many(void)
{
	return random_below(8) == 0 ? 1 + random_below(MAX_LINE) : 1;
}

static int tree_fork(struct tree *tree, int parent, uint32_t generations)
{
	int child = tree->processes++;

	lineage_fork(&tree->judge[parent], (struct serial){++tree->serials}, &tree->judge[child]);
	for (uint32_t i = 1; i < generations; i++)
		lineage_fork(&tree->judge[child], (struct serial){++tree->serials},
			     &tree->judge[child]);
	tree->judge[parent].self.epoch = lineage_next_epoch(tree->judge[parent].self.epoch);
	tree->parent[child] = parent;
	tree->generations[child] = generations;
	return child;
}

/* Generations from the process up to an ancestor; 0: it is none. */
static uint32_t generations_up(const struct tree *tree, int process, int ancestor)
{
	uint32_t generations = 0;

	while (process != 0) {
		generations += tree->generations[process];
		process = tree->parent[process];
		if (process == ancestor)
			return generations;
	}
	return 0;
}

/* The serial of the ancestor so many generations up; 0: the first process is not so far. */
static uint32_t serial_up(const struct tree *tree, int process, uint32_t generations)
{
	while (process != 0 && generations >= tree->generations[process]) {
		generations -= tree->generations[process];
		process = tree->parent[process];
	}
	if (process == 0 && generations > 0)
		return 0;
	/* Those of a line have serials one after the other. */
	return tree->judge[process].self.serial.n - generations;
}

/* True when `other` is older than all ancestors of `process` that the judge remembers, is none of
 * them, and there are more: `other` may be one of those, as far as the judge knows. */
static bool may_be_forgotten(const struct tree *tree, int process, int other)
{
	uint32_t up = other >= 0 ? generations_up(tree, process, other) : 0;

	return other >= 0 && serial_up(tree, process, FORKSAN_MAX_ANCESTORS + 1) != 0 &&
	       (up == 0 || up > FORKSAN_MAX_ANCESTORS) &&
	       tree->judge[other].self.serial.n < serial_up(tree, process, FORKSAN_MAX_ANCESTORS);
}

struct world {
	struct tree tree;
	uint64_t seen[MAX_PROCESSES]; /* oracle: bit n = use number n is in this memory */
	uint64_t last;		      /* judge: the lineage word */
	int uses;		      /* oracle: uses so far */
	int last_user;		      /* -1 none */
};

static void world_init(struct world *world)
{
	memset(world, 0, sizeof *world);
	tree_init(&world->tree);
	world->last_user = -1;
}

static void do_fork(struct world *world, int parent)
{
	int child = tree_fork(&world->tree, parent, one_generation_or_many());

	world->seen[child] = world->seen[parent];
}

/* False when judge and oracle disagree. */
static int do_use(struct world *world, int user)
{
	uint64_t all = (UINT64_C(1) << world->uses) - 1;
	int oracle_sound = (world->seen[user] & all) == all;
	const struct lineage_process *judge = &world->tree.judge[user];
	enum lineage_verdict verdict = lineage_judge(judge, lineage_unpack(world->last));
	enum lineage_verdict meant = oracle_sound ? LINEAGE_INHERITED : LINEAGE_VIOLATION;

	if (world->uses == 0)
		meant = LINEAGE_FIRST;
	else if (world->last_user == user)
		meant = LINEAGE_OWN;
	else if (may_be_forgotten(&world->tree, user, world->last_user))
		meant = LINEAGE_UNKNOWN;
	world->last = lineage_pack(judge->self) | (random_below(2) ? LINEAGE_ATTENTION : 0);
	/* After a violation the histories are mended, as a report would have them: what the user's
	 * memory lacks is the earlier use, so judge and oracle go on from "this use is the first".
	 */
	if (!oracle_sound)
		for (int p = 0; p < world->tree.processes; p++)
			world->seen[p] = p == user ? all : world->seen[p];
	world->seen[user] |= UINT64_C(1) << world->uses;
	world->uses++;
	world->last_user = user;
	return verdict == meant;
}

static int run_history(void)
{
	struct world world;
	int steps = 1 + (int)random_below(MAX_STEPS);
	uint32_t fork_weight = 1 + random_below(6);

	world_init(&world);
	for (int i = 0; i < steps; i++) {
		int process = (int)random_below((uint32_t)world.tree.processes);

		if (world.tree.processes < MAX_PROCESSES && random_below(8) < fork_weight)
			do_fork(&world, process);
		else if (!do_use(&world, process))
			return 0;
	}
	return 1;
}

/* --- unknown protocols: reads and writes judged apart ---------------------------------------- */

/*
 * The oracle knows, for each way, which uses each memory has seen.  Beside it runs what the shim
 * keeps: the word `last` with its attention bit, the fast path that stores nothing, and the words
 * of the two ways.
 */
struct ways_world {
	struct tree tree;
	bool holds[MAX_PROCESSES];
	uint64_t seen[LINEAGE_WAYS][MAX_PROCESSES];
	int uses[LINEAGE_WAYS];
	int last_user[LINEAGE_WAYS]; /* whose use stands in last_way; -1 none */
	uint64_t last;
	uint64_t last_way[LINEAGE_WAYS];
};

static void ways_init(struct ways_world *world)
{
	memset(world, 0, sizeof *world);
	tree_init(&world->tree);
	world->last_user[LINEAGE_READ] = world->last_user[LINEAGE_WRITE] = -1;
	world->holds[0] = true;
	world->last = LINEAGE_ATTENTION;
}

static int ways_fork(struct ways_world *world, int parent, uint32_t generations)
{
	int child = tree_fork(&world->tree, parent, generations);

	for (int way = 0; way < LINEAGE_WAYS; way++)
		world->seen[way][child] = world->seen[way][parent];
	world->holds[child] = world->holds[parent];
	return child;
}

static bool ways_is_alone(const struct ways_world *world, int user)
{
	for (int p = 0; p < world->tree.processes; p++)
		if (p != user && world->holds[p])
			return false;
	return true;
}

/* What the shim says of a use. */
static enum lineage_way_verdict ways_judge(struct ways_world *world, int user, enum lineage_way way)
{
	const struct lineage_process *self = &world->tree.judge[user];
	uint64_t mine = lineage_pack(self->self);
	struct lineage_use last[LINEAGE_WAYS];
	enum lineage_way_verdict verdict;

	if (world->last == mine)
		return LINEAGE_WAY_SOUND;
	verdict = lineage_judge_way(self, way, lineage_unpack(world->last_way[way]));
	world->last_way[way] = mine;
	world->last_user[way] = user;
	world->last = mine | LINEAGE_ATTENTION;
	for (int w = 0; w < LINEAGE_WAYS; w++)
		last[w] = lineage_unpack(world->last_way[w]);
	if (ways_is_alone(world, user) && lineage_ways_are_own(self, last))
		world->last = mine;
	return verdict;
}

/* False when the shim and the oracle disagree. */
static bool ways_use(struct ways_world *world, int user, enum lineage_way way, bool *violated)
{
	uint64_t all = (UINT64_C(1) << world->uses[way]) - 1;
	bool knows_all = (world->seen[way][user] & all) == all;
	bool is_open = may_be_forgotten(&world->tree, user, world->last_user[way]);
	enum lineage_way_verdict meant = LINEAGE_WAY_SOUND;
	enum lineage_way_verdict verdict = ways_judge(world, user, way);

	if (is_open)
		meant = LINEAGE_WAY_UNKNOWN;
	else if (!knows_all)
		meant = way == LINEAGE_READ ? LINEAGE_WAY_VIOLATION : LINEAGE_WAY_SHARED;
	/* From here on the user's memory is the one that knows all. */
	world->seen[way][user] = all | UINT64_C(1) << world->uses[way]++;
	*violated = *violated || verdict == LINEAGE_WAY_VIOLATION;
	return verdict == meant;
}

static int run_ways_history(void)
{
	struct ways_world world;
	int steps = 1 + (int)random_below(MAX_STEPS);
	uint32_t fork_weight = 1 + random_below(4), close_weight = random_below(3);
	bool violated = false;

	ways_init(&world);
	for (int i = 0; i < steps; i++) {
		int process = (int)random_below((uint32_t)world.tree.processes);
		uint32_t what = random_below(10);

		if (what < fork_weight && world.tree.processes < MAX_PROCESSES)
			ways_fork(&world, process, one_generation_or_many());
		else if (what < fork_weight + close_weight)
			world.holds[process] = false;
		else if (world.holds[process] &&
			 !ways_use(&world, process, (enum lineage_way)random_below(2), &violated))
			return 0;
	}
	return 1;
}

/* Runs the uses of two processes after a fork in one of their orders: bit i of `order` says whose
 * use is the i-th, bits of `ways` which way each of a process's uses goes.  True: a violation. */
static bool run_order(bool siblings, uint32_t order, int count, const uint32_t ways[2])
{
	struct ways_world world;
	int pair[2], next[2] = {0, 0};
	bool violated = false;

	ways_init(&world);
	assert_true(ways_use(&world, 0, LINEAGE_WRITE, &violated));
	assert_true(ways_use(&world, 0, LINEAGE_READ, &violated));
	pair[0] = siblings ? ways_fork(&world, 0, 1) : 0;
	pair[1] = ways_fork(&world, 0, 1);
	assert_false(violated);
	for (int i = 0; i < count; i++) {
		int who = order >> i & 1;
		enum lineage_way way = (enum lineage_way)(ways[who] >> next[who]++ & 1);

		assert_true(ways_use(&world, pair[who], way, &violated));
	}
	return violated;
}

static bool any_reads(uint32_t ways, int uses)
{
	for (int i = 0; i < uses; i++)
		if ((ways >> i & 1) == LINEAGE_READ)
			return true;
	return false;
}

/* Of two processes, every order of every three uses each: there is a violation if and only if both
 * read.  Writes of both, and a reader beside a writer, are none in any order. */
static void who_speaks_first_does_not_matter(void **state)
{
	enum { EACH = 3 };

	(void)state;
	for (uint32_t order = 0; order < 1u << (2 * EACH); order++) {
		if (__builtin_popcount(order) != EACH)
			continue;
		for (uint32_t uses = 0; uses < 1u << (2 * EACH); uses++) {
			uint32_t ways[2] = {uses & 7, uses >> EACH};
			bool both_read = any_reads(ways[0], EACH) && any_reads(ways[1], EACH);

			assert_int_equal(run_order(false, order, 2 * EACH, ways), both_read);
			assert_int_equal(run_order(true, order, 2 * EACH, ways), both_read);
		}
	}
}

static void a_way_of_another_line_keeps_attention(void **state)
{
	struct lineage_process self = {.self = {{2}, 4}};
	const struct lineage_use own = {{2}, 3}, foreign = {{3}, 0}, none = {{0}, 0};

	(void)state;
	assert_true(lineage_ways_are_own(&self, (struct lineage_use[]){own, none}));
	assert_false(lineage_ways_are_own(&self, (struct lineage_use[]){foreign, own}));
	assert_false(lineage_ways_are_own(&self, (struct lineage_use[]){own, foreign}));
}

static void judge_agrees_with_oracle_on_random_histories(void **state)
{
	uint64_t histories = number_from_environment("FORKSAN_HISTORIES", 1000000);
	uint64_t seed = number_from_environment("FORKSAN_SEED", (uint64_t)time(NULL));

	(void)state;
	printf("seed %llu, %llu histories\n", (unsigned long long)seed,
	       (unsigned long long)histories);
	for (uint64_t i = 0; i < histories; i++) {
		random_state = seed * UINT64_C(0x9e3779b97f4a7c15) + i + 1;
		if (!run_history())
			fail_msg("seed %llu, history %llu: judge and oracle disagree",
				 (unsigned long long)seed, (unsigned long long)i);
	}
}

static void ways_agree_with_oracle_on_random_histories(void **state)
{
	uint64_t histories = number_from_environment("FORKSAN_HISTORIES", 1000000);
	uint64_t seed = number_from_environment("FORKSAN_SEED", (uint64_t)time(NULL));

	(void)state;
	for (uint64_t i = 0; i < histories; i++) {
		random_state = seed * UINT64_C(0x9e3779b97f4a7c15) + i + 1;
		if (!run_ways_history())
			fail_msg("seed %llu, history %llu: ways and oracle disagree",
				 (unsigned long long)seed, (unsigned long long)i);
	}
}

static void first_use_is_first(void **state)
{
	struct lineage_process process = {.self = {{7}, 3}};

	(void)state;
	assert_int_equal(lineage_judge(&process, lineage_unpack(0)), LINEAGE_FIRST);
	assert_int_equal(lineage_judge(&process, lineage_unpack(LINEAGE_ATTENTION)), LINEAGE_FIRST);
}

static void parents_use_before_the_fork_is_inherited(void **state)
{
	struct lineage_process parent = {.self = {{1}, 5}};
	struct lineage_process child;

	(void)state;
	lineage_fork(&parent, (struct serial){2}, &child);
	assert_int_equal(lineage_judge(&child, (struct lineage_use){{1}, 5}), LINEAGE_INHERITED);
	assert_int_equal(lineage_judge(&child, (struct lineage_use){{1}, 0}), LINEAGE_INHERITED);
	assert_int_equal(lineage_judge(&child, (struct lineage_use){{1}, 6}), LINEAGE_VIOLATION);
}

static void a_successor_is_no_heir(void **state)
{
	struct lineage_process master = {.self = {{1}, 0}};
	struct lineage_process first;
	struct lineage_process successor;

	(void)state;
	lineage_fork(&master, (struct serial){2}, &first);
	master.self.epoch++;
	lineage_fork(&master, (struct serial){3}, &successor);
	assert_int_equal(lineage_judge(&successor, first.self), LINEAGE_VIOLATION);
}

static void word_survives_packing(void **state)
{
	struct lineage_use use = {{LINEAGE_MAX_SERIAL}, LINEAGE_MAX_EPOCH};
	struct lineage_use back = lineage_unpack(lineage_pack(use) | LINEAGE_ATTENTION);

	(void)state;
	assert_int_equal(back.serial.n, use.serial.n);
	assert_int_equal(back.epoch, use.epoch);
	assert_int_equal(lineage_pack(use) & LINEAGE_ATTENTION, 0);
}

static void epoch_stops_at_its_largest_value(void **state)
{
	(void)state;
	assert_int_equal(lineage_next_epoch(LINEAGE_MAX_EPOCH), LINEAGE_MAX_EPOCH);
	assert_int_equal(lineage_next_epoch(0), 1);
}

static void forgotten_ancestors_leave_it_open(void **state)
{
	struct lineage_process process = {.self = {{1}, 0}};

	(void)state;
	for (uint32_t serial = 2; serial < FORKSAN_MAX_ANCESTORS + 10; serial++)
		lineage_fork(&process, (struct serial){serial}, &process);
	assert_true(process.ancestors_forgotten);
	assert_int_equal(process.ancestor_count, FORKSAN_MAX_ANCESTORS);
	assert_int_equal(lineage_judge(&process, (struct lineage_use){{1}, 0}), LINEAGE_UNKNOWN);
	/* A younger stranger is still one. */
	assert_int_equal(lineage_judge(&process, (struct lineage_use){{5000}, 0}),
			 LINEAGE_VIOLATION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_use_is_first),
		cmocka_unit_test(parents_use_before_the_fork_is_inherited),
		cmocka_unit_test(a_successor_is_no_heir),
		cmocka_unit_test(word_survives_packing),
		cmocka_unit_test(epoch_stops_at_its_largest_value),
		cmocka_unit_test(forgotten_ancestors_leave_it_open),
		cmocka_unit_test(judge_agrees_with_oracle_on_random_histories),
		cmocka_unit_test(a_way_of_another_line_keeps_attention),
		cmocka_unit_test(who_speaks_first_does_not_matter),
		cmocka_unit_test(ways_agree_with_oracle_on_random_histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
