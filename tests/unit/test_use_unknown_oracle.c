/* SPDX-License-Identifier: MIT */
/*
 * shim/track/use_unknown.c against an oracle, with real processes: random histories of forks,
 * writes, reads and ends on one connection whose protocol nobody knows.
 *
 * The oracle knows times alone: a process that takes bytes breaks the rule unless the latest taking
 * was its own, or an ancestor's from before the fork that leads to it.  Every call must agree.
 *
 * FORKSAN_SEED=N repeats a run; FORKSAN_TREES=N sets how many, each with processes of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include <cmocka.h>

#include "random.h"
#include "track_stage.h"

#define MAX_PROCESSES 5 /* the opener is the first */
#define STEPS 40
#define NOBODY (-1)
/* More than a head, so that it decides. */
#define ASK "ask me something, whatever it may be\n"
#define ANSWER_BYTES 37

enum what { WRITES, READS, FORKS, ENDS };

struct order {
	enum what what;
	int number; /* bytes to read; which process the fork makes */
};

/* What the oracle knows of a process. */
struct member {
	bool alive;
	int parent;
	int forked_at;
	int orders[2], answers[2];
};

static struct member members[MAX_PROCESSES];
static int member_count;
static uint64_t history;

static void obey(struct order order);

static void serve(int index)
{
	struct order order;
	char done = 'd';

	while (read(members[index].orders[0], &order, sizeof order) == (ssize_t)sizeof order) {
		if (order.what == ENDS)
			process_leave();
		else
			obey(order);
		require(write(members[index].answers[1], &done, 1) == 1);
		if (order.what == ENDS)
			_exit(0);
	}
	_exit(0);
}

static void make_process(int index)
{
	if (stage_make_process() == 0) {
		alarm(60); /* a history that fails leaves nobody behind for long */
		serve(index);
	}
}

static void obey(struct order order)
{
	/* As the wrappers: what is fast is not looked at. */
	bool fast = track_is_fast(stage_socket());
	char bytes[ANSWER_BYTES];

	switch (order.what) {
	case WRITES:
		if (fast)
			require(send(stage_fd, ASK, sizeof ASK - 1, MSG_NOSIGNAL) ==
				sizeof ASK - 1);
		else
			GIVE(ASK);
		break;
	case READS:
		require((fast ? recv(stage_fd, bytes, (size_t)order.number, 0)
			      : take_flags((size_t)order.number, 0)) == order.number);
		break;
	case FORKS:
		make_process(order.number);
		break;
	case ENDS:
		break;
	}
}

static void tell(int index, struct order order)
{
	char done;

	if (index == 0) {
		obey(order);
		return;
	}
	require(write(members[index].orders[1], &order, sizeof order) == (ssize_t)sizeof order);
	require(read(members[index].answers[0], &done, 1) == 1);
}

/* True when process `index` has in its memory what process `by` did at `time`. */
static bool knows(int index, int by, int time)
{
	int before = INT32_MAX;

	for (int i = index; i != NOBODY; i = members[i].parent) {
		if (i == by)
			return time < before;
		before = members[i].forked_at;
	}
	return by == NOBODY;
}

static void begin(void)
{
	alarm(60);
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* grandchildren are waited for, too */
	member_count = 1;
	for (int i = 0; i < MAX_PROCESSES; i++) {
		members[i] = (struct member){.parent = NOBODY};
		require(pipe(members[i].orders) == 0 && pipe(members[i].answers) == 0);
	}
	members[0].alive = true;
}

static void run_history(void)
{
	char answer[ANSWER_BYTES] = {0};
	int reader = NOBODY, read_at = 0, there = 0;
	uint64_t violations = 0;

	begin();
	GIVE(ASK);
	for (int time = 1; time <= STEPS; time++) {
		struct order order = {.what = random_below(2) ? READS : WRITES};
		int who = (int)random_below((uint32_t)member_count);

		if (!members[who].alive)
			continue;
		if (random_below(6) == 0 && member_count < MAX_PROCESSES)
			order = (struct order){FORKS, member_count};
		else if (random_below(12) == 0 && who != 0)
			order.what = ENDS;
		if (order.what == READS) {
			if (there == 0) {
				peer_says_bytes(answer, sizeof answer);
				there = ANSWER_BYTES;
			}
			order.number = 1 + (int)random_below((uint32_t)there);
			there -= order.number;
			violations += !knows(who, reader, read_at);
			reader = who;
			read_at = time;
		}
		tell(who, order);
		if (order.what == FORKS)
			members[member_count++] = (struct member){
				.alive = true,
				.parent = who,
				.forked_at = time,
				.orders = {members[order.number].orders[0],
					   members[order.number].orders[1]},
				.answers = {members[order.number].answers[0],
					    members[order.number].answers[1]},
			};
		members[who].alive = order.what != ENDS;
		if (counted(COUNT_USES_VIOLATION) != violations ||
		    counted(COUNT_USES_HAZARD) != 0) {
			fprintf(stderr,
				"FORKSAN_SEED=%llu FORKSAN_TREES=1: step %d: %llu violations, "
				"not %llu\n",
				(unsigned long long)history, time,
				(unsigned long long)counted(COUNT_USES_VIOLATION),
				(unsigned long long)violations);
			_exit(1);
		}
	}
	for (int i = 1; i < member_count; i++)
		if (members[i].alive)
			tell(i, (struct order){.what = ENDS});
	while (wait(NULL) > 0)
		continue;
}

static void every_call_agrees_with_the_oracle(void **state)
{
	uint64_t histories = number_from_environment("FORKSAN_TREES", 200);
	uint64_t seed = number_from_environment("FORKSAN_SEED", (uint64_t)time(NULL));

	(void)state;
	for (uint64_t i = 0; i < histories; i++) {
		history = seed + i;
		random_state = history * UINT64_C(0x9e3779b97f4a7c15) + 1;
		assert_int_equal(stage_run(run_history), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_agrees_with_the_oracle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
