/* SPDX-License-Identifier: MIT */
/*
 * The judge against a brute-force oracle.
 *
 * The oracle does not know words, epochs or ancestors.  It replays a history and gives every process
 * the set of uses that its memory has seen: a fork copies the parent's set, a use adds itself.  A use
 * is sound if and only if the process's memory has seen every earlier use of that socket.
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

#define MAX_PROCESSES 12
#define MAX_STEPS 40

static uint64_t random_state;

static uint32_t random_below(uint32_t bound)
{
	/* xorshift64* (Marsaglia, "Xorshift RNGs", 2003; Vigna 2014) */
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * UINT64_C(2685821657736338717)) >> 33) % bound;
}

struct world {
	int processes;
	struct lineage_process judge[MAX_PROCESSES];
	uint64_t seen[MAX_PROCESSES]; /* oracle: bit n = use number n is in this memory */
	uint64_t last;		      /* judge: the lineage word */
	int uses;		      /* oracle: uses so far */
	int last_user;		      /* -1 none */
};

static void world_init(struct world *world)
{
	memset(world, 0, sizeof *world);
	world->processes = 1;
	world->judge[0].self.serial = 1;
	world->last_user = -1;
}

static void do_fork(struct world *world, int parent)
{
	int child = world->processes++;

	lineage_fork(&world->judge[parent], (uint32_t)child + 1, &world->judge[child]);
	world->seen[child] = world->seen[parent];
	world->judge[parent].self.epoch = lineage_next_epoch(world->judge[parent].self.epoch);
}

/* False when judge and oracle disagree. */
static int do_use(struct world *world, int user)
{
	uint64_t all = (UINT64_C(1) << world->uses) - 1;
	int oracle_sound = (world->seen[user] & all) == all;
	enum lineage_verdict verdict =
		lineage_judge(&world->judge[user], lineage_unpack(world->last));
	int judge_sound = verdict != LINEAGE_VIOLATION;
	int agree = oracle_sound == judge_sound;

	if (world->uses == 0)
		agree = agree && verdict == LINEAGE_FIRST;
	else if (world->last_user == user)
		agree = agree && verdict == LINEAGE_OWN;
	else if (oracle_sound)
		agree = agree && verdict == LINEAGE_INHERITED;
	world->last = lineage_pack(world->judge[user].self) |
		      (random_below(2) ? LINEAGE_ATTENTION : 0);
	/* After a violation the histories are mended, as a report would have them: what the user's
	 * memory lacks is the earlier use, so judge and oracle go on from "this use is the first". */
	if (!oracle_sound)
		for (int p = 0; p < world->processes; p++)
			world->seen[p] = p == user ? all : world->seen[p];
	world->seen[user] |= UINT64_C(1) << world->uses;
	world->uses++;
	world->last_user = user;
	return agree;
}

static int run_history(void)
{
	struct world world;
	int steps = 1 + (int)random_below(MAX_STEPS);
	uint32_t fork_weight = 1 + random_below(6);

	world_init(&world);
	for (int i = 0; i < steps; i++) {
		int process = (int)random_below((uint32_t)world.processes);

		if (world.processes < MAX_PROCESSES && random_below(8) < fork_weight)
			do_fork(&world, process);
		else if (!do_use(&world, process))
			return 0;
	}
	return 1;
}

static uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
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

static void first_use_is_first(void **state)
{
	struct lineage_process process = {.self = {7, 3}};

	(void)state;
	assert_int_equal(lineage_judge(&process, lineage_unpack(0)), LINEAGE_FIRST);
	assert_int_equal(lineage_judge(&process, lineage_unpack(LINEAGE_ATTENTION)), LINEAGE_FIRST);
}

static void parents_use_before_the_fork_is_inherited(void **state)
{
	struct lineage_process parent = {.self = {1, 5}};
	struct lineage_process child;

	(void)state;
	lineage_fork(&parent, 2, &child);
	assert_int_equal(lineage_judge(&child, (struct lineage_use){1, 5}), LINEAGE_INHERITED);
	assert_int_equal(lineage_judge(&child, (struct lineage_use){1, 0}), LINEAGE_INHERITED);
	assert_int_equal(lineage_judge(&child, (struct lineage_use){1, 6}), LINEAGE_VIOLATION);
}

static void a_successor_is_no_heir(void **state)
{
	struct lineage_process master = {.self = {1, 0}};
	struct lineage_process first;
	struct lineage_process successor;

	(void)state;
	lineage_fork(&master, 2, &first);
	master.self.epoch++;
	lineage_fork(&master, 3, &successor);
	assert_int_equal(lineage_judge(&successor, first.self), LINEAGE_VIOLATION);
}

static void word_survives_packing(void **state)
{
	struct lineage_use use = {LINEAGE_MAX_SERIAL, LINEAGE_MAX_EPOCH};
	struct lineage_use back = lineage_unpack(lineage_pack(use) | LINEAGE_ATTENTION);

	(void)state;
	assert_int_equal(back.serial, use.serial);
	assert_int_equal(back.epoch, use.epoch);
	assert_int_equal(lineage_pack(use) & LINEAGE_ATTENTION, 0);
}

static void epoch_stops_at_its_largest_value(void **state)
{
	(void)state;
	assert_int_equal(lineage_next_epoch(LINEAGE_MAX_EPOCH), LINEAGE_MAX_EPOCH);
	assert_int_equal(lineage_next_epoch(0), 1);
}

static void forgotten_ancestors_give_no_violation(void **state)
{
	struct lineage_process process = {.self = {1, 0}};

	(void)state;
	for (uint32_t serial = 2; serial < FORKSAN_MAX_ANCESTORS + 10; serial++)
		lineage_fork(&process, serial, &process);
	assert_true(process.ancestors_forgotten);
	assert_int_equal(process.ancestor_count, FORKSAN_MAX_ANCESTORS);
	assert_int_equal(lineage_judge(&process, (struct lineage_use){1, 0}), LINEAGE_INHERITED);
	/* A younger stranger is still one. */
	assert_int_equal(lineage_judge(&process, (struct lineage_use){5000, 0}), LINEAGE_VIOLATION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_use_is_first),
		cmocka_unit_test(parents_use_before_the_fork_is_inherited),
		cmocka_unit_test(a_successor_is_no_heir),
		cmocka_unit_test(word_survives_packing),
		cmocka_unit_test(epoch_stops_at_its_largest_value),
		cmocka_unit_test(forgotten_ancestors_give_no_violation),
		cmocka_unit_test(judge_agrees_with_oracle_on_random_histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
