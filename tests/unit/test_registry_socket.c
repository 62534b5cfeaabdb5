/* SPDX-License-Identifier: MIT */
/*
 * shim/registry/socket.c: the slots of processes that ended without closing are given out again,
 * and no other.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "registry/registry.h"

#define OLD 2	  /* serials: of an opener before the programs below */
#define YOUNG 100 /* of one after them */

static const struct process_slot self = {3};
static const struct process_slot program = {4};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static struct registry_process *enter(struct process_slot slot, pid_t pid)
{
	struct registry_process *process = registry_process(slot);

	store_relaxed(&process->serial, slot.n);
	store_relaxed(&process->pid, pid);
	process->born_boottime_ns = now_ns();
	store_release(&process->state, PROCESS_LIVE);
	return process;
}

/* Shared, since children have their part in it. */
static int begin(void **state)
{
	(void)state;
	registry_mapping = mmap(NULL, sizeof(struct registry), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (registry_mapping == MAP_FAILED)
		return -1;
	store_relaxed(&registry_mapping->header.process_high, 16);
	enter(self, getpid());
	return 0;
}

static int end(void **state)
{
	(void)state;
	munmap(registry_mapping, sizeof(struct registry));
	registry_mapping = NULL;
	return 0;
}

static uint32_t open_one(uint32_t opener, const struct process_slot *holder)
{
	struct socket_slot slot;

	assert_true(registry_claim_socket(&slot));
	registry_name_socket(slot, slot.n + 1);
	registry_mapping->sockets[slot.n].opener_serial = (struct serial){opener};
	if (holder)
		assert_true(registry_hold(*holder, slot));
	registry_publish_socket(slot);
	return slot.n;
}

static void open_a_lot(uint32_t opener, const struct process_slot *holder)
{
	for (uint32_t i = 0; i < FORKSAN_SOCKET_LOT; i++)
		assert_int_equal(open_one(opener, holder), i);
}

static pid_t a_dead_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

static void slots_that_nobody_holds_are_given_out_again(void **state)
{
	(void)state;
	open_a_lot(YOUNG, NULL);
	for (uint32_t i = 0; i < FORKSAN_SOCKET_LOT; i++)
		assert_int_equal(open_one(YOUNG, NULL), i);
	assert_int_equal(load_relaxed(&registry_mapping->header.socket_high), FORKSAN_SOCKET_LOT);
	/* Within the period after a try the table grows. */
	assert_int_equal(open_one(YOUNG, NULL), FORKSAN_SOCKET_LOT);
}

static void a_dead_holder_is_none(void **state)
{
	(void)state;
	enter(program, a_dead_pid());
	open_a_lot(YOUNG, &program);
	assert_int_equal(open_one(YOUNG, NULL), 0);
}

static void what_a_process_holds_is_its_own(void **state)
{
	(void)state;
	open_a_lot(YOUNG, &self);
	registry_let_go(self, (struct socket_slot){700});
	assert_int_equal(open_one(YOUNG, NULL), 700);
	assert_int_equal(open_one(YOUNG, NULL), FORKSAN_SOCKET_LOT);
	for (uint32_t i = 0; i < FORKSAN_SOCKET_LOT; i++)
		assert_int_equal(registry_socket_generation((struct socket_slot){i}),
				 i == 700 ? 3 : 1);
}

static void what_is_in_a_message_waits(void **state)
{
	(void)state;
	open_a_lot(YOUNG, NULL);
	store_relaxed(&registry_mapping->sockets[0].flags, SOCKET_IN_MESSAGE);
	assert_int_equal(open_one(YOUNG, NULL), 1);
	assert_true(registry_socket_is((struct socket_slot){0}, 1));
}

/* A program that was started and has not joined: its holds are not known, but what was opened by a
 * process that was born later is none of them. */
static void what_may_come_through_exec_waits(void **state)
{
	static const enum registry_through ways[] = {THROUGH_PERHAPS, THROUGH_SURELY,
						     THROUGH_UNASKED, THROUGH_NOTHING};

	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		struct registry_process *process = enter(program, getppid());

		store_relaxed(&process->through, ways[i]);
		open_a_lot(OLD, NULL);
		registry_mapping->sockets[5].opener_serial = (struct serial){YOUNG};
		assert_int_equal(open_one(YOUNG, NULL), 5);
		assert_int_equal(open_one(YOUNG, NULL), FORKSAN_SOCKET_LOT);
		end(state);
		assert_int_equal(begin(state), 0);
	}
}

static void a_program_that_has_ended_waits_for_nothing(void **state)
{
	(void)state;
	store_relaxed(&enter(program, a_dead_pid())->through, THROUGH_PERHAPS);
	open_a_lot(OLD, NULL);
	assert_int_equal(open_one(OLD, NULL), 0);
}

/* `forksan attach` knows of holders that are not in its registry. */
static void from_outside_nothing_is_taken_back(void **state)
{
	(void)state;
	store_relaxed(&registry_mapping->header.from_outside, 1);
	open_a_lot(YOUNG, NULL);
	assert_int_equal(open_one(YOUNG, NULL), FORKSAN_SOCKET_LOT);
}

#define CHILDREN 4
#define TURNS 20000
#define KEPT 16

/* Opens, holds and drops, now properly and now as a killed process does, while all others reclaim
 * as often as they can: what the process holds must stay as it is. */
static int storm(struct process_slot process)
{
	struct socket_slot kept[KEPT];
	uint32_t generations[KEPT];
	unsigned seed = process.n;

	enter(process, getpid());
	for (int turn = 0; turn < TURNS; turn++) {
		int at = turn % KEPT;

		if (turn >= KEPT) {
			if (!registry_socket_is(kept[at], generations[at]) ||
			    registry_mapping->sockets[kept[at].n].cookie != process.n)
				return 1;
			registry_let_go(process, kept[at]);
			if (rand_r(&seed) % 2 == 0)
				registry_release_socket(kept[at], generations[at]);
		}
		store_relaxed(&registry_mapping->header.reclaim_after_ns, 0);
		if (!registry_claim_socket(&kept[at]))
			return 2;
		registry_name_socket(kept[at], process.n);
		registry_mapping->sockets[kept[at].n].opener_serial = (struct serial){YOUNG};
		if (!registry_hold(process, kept[at]))
			return 3;
		registry_publish_socket(kept[at]);
		generations[at] = registry_socket_generation(kept[at]);
	}
	return 0;
}

static void nobody_loses_what_it_holds(void **state)
{
	pid_t pids[CHILDREN];

	(void)state;
	for (uint32_t i = 0; i < CHILDREN; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(storm((struct process_slot){8 + i}));
	}
	for (int i = 0; i < CHILDREN; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_true(load_relaxed(&registry_mapping->header.socket_high) < 16 * FORKSAN_SOCKET_LOT);
}

/* A connection that one process hands to another, and that one back, all the time: there is always
 * a holder, but who looks at one process after the other may see neither as one. */
static void a_hold_that_moves_is_seen(void **state)
{
	static const struct process_slot one = {5}, other = {4000};
	static const struct socket_slot moved = {70};
	struct socket_slot slot;
	pid_t mover;

	(void)state;
	store_relaxed(&registry_mapping->header.process_high, FORKSAN_MAX_PROCESSES);
	enter(one, getpid());
	enter(other, getpid());
	open_a_lot(YOUNG, &self);
	registry_hold(one, moved);
	registry_let_go(self, moved);
	mover = fork();
	if (mover == 0)
		for (;;) {
			registry_hold(other, moved);
			registry_let_go(one, moved);
			registry_hold(one, moved);
			registry_let_go(other, moved);
		}
	for (int turn = 0; turn < 4000; turn++) {
		store_relaxed(&registry_mapping->header.reclaim_after_ns, 0);
		store_relaxed(&registry_mapping->header.socket_lot_end, 0);
		assert_true(registry_claim_socket(&slot));
		registry_release_socket(moved, 1);
		if (!registry_socket_is(moved, 1))
			break;
	}
	kill(mover, SIGKILL);
	assert_int_equal(waitpid(mover, NULL, 0), mover);
	assert_true(registry_socket_is(moved, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(slots_that_nobody_holds_are_given_out_again, begin,
						end),
		cmocka_unit_test_setup_teardown(a_dead_holder_is_none, begin, end),
		cmocka_unit_test_setup_teardown(what_a_process_holds_is_its_own, begin, end),
		cmocka_unit_test_setup_teardown(what_is_in_a_message_waits, begin, end),
		cmocka_unit_test_setup_teardown(what_may_come_through_exec_waits, begin, end),
		cmocka_unit_test_setup_teardown(a_program_that_has_ended_waits_for_nothing, begin,
						end),
		cmocka_unit_test_setup_teardown(from_outside_nothing_is_taken_back, begin, end),
		cmocka_unit_test_setup_teardown(nobody_loses_what_it_holds, begin, end),
		cmocka_unit_test_setup_teardown(a_hold_that_moves_is_seen, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
