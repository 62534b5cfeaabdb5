/* SPDX-License-Identifier: MIT */
/*
 * shim/registry/liveness.c: whom it takes for alive.  Whoever is dead and taken for alive holds
 * connections for ever: hazards and goodbyes would be told that are none, and nobody would write
 * the summary.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "own_registry.h"
#include "registry/registry.h"

#define SECOND_NS UINT64_C(1000000000)

static pid_t other; /* a child that sleeps, started before `born_ns` */
static uint64_t born_ns;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static int begin(void **state)
{
	(void)state;
	if (!own_registry_map())
		return -1;
	other = fork();
	if (other == 0) {
		pause();
		_exit(0);
	}
	born_ns = now_ns();
	return other > 0 ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	if (other > 0) {
		kill(other, SIGKILL);
		waitpid(other, NULL, 0);
	}
	own_registry_unmap();
	return 0;
}

static bool lives(uint32_t state_word, uint64_t born)
{
	struct registry_process *process = &registry_mapping->processes[5];

	store_relaxed(&process->serial, 5);
	store_relaxed(&process->pid, (state_word & 0xff) == PROCESS_LIVE ? other : 0);
	registry_note_pid(process, load_relaxed(&process->pid));
	process->born_boottime_ns = born;
	store_relaxed(&process->state, state_word);
	return registry_process_alive(process);
}

static uint32_t announced_by(pid_t pid)
{
	return (uint32_t)pid << 8 | PROCESS_BUSY;
}

static void one_that_is_there_lives(void **state)
{
	(void)state;
	assert_true(lives(PROCESS_LIVE, born_ns));
	assert_true(lives(announced_by(other), born_ns));
	assert_false(lives(PROCESS_EXITED, born_ns));
	assert_false(lives(PROCESS_FREE, born_ns));
}

/* A child whose parent was killed while it forked, and another process has the parent's pid. */
static void a_pid_that_came_round_is_another(void **state)
{
	uint64_t long_ago = born_ns - 3 * SECOND_NS;

	(void)state;
	assert_false(lives(PROCESS_LIVE, long_ago));
	assert_false(lives(announced_by(other), long_ago));
}

/* The slot of one that ends may be the next one's before the end is done. */
static void an_end_leaves_the_pid_of_the_next(void **state)
{
	struct registry_process *process = &registry_mapping->processes[5];

	(void)state;
	assert_true(lives(PROCESS_LIVE, born_ns));
	assert_true(registry_retire_process(process));
	assert_int_equal(load_relaxed(&registry_mapping->process_pid[5]), 0);
	assert_true(lives(PROCESS_LIVE, born_ns));
	registry_note_pid(process, other + 1);
	assert_true(registry_retire_process(process));
	assert_int_equal(load_relaxed(&registry_mapping->process_pid[5]), other + 1);
	registry_note_pid(process, 0);
}

static void a_killed_one_is_dead_also_before_it_is_waited_for(void **state)
{
	siginfo_t info;

	(void)state;
	kill(other, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)other, &info, WEXITED | WNOWAIT), 0);
	assert_false(lives(PROCESS_LIVE, born_ns));
	assert_false(lives(announced_by(other), born_ns));
	assert_int_equal(waitpid(other, NULL, 0), other);
	assert_false(lives(PROCESS_LIVE, born_ns));
	assert_false(lives(announced_by(other), born_ns));
	other = 0;
}

static void one_of_another_namespace_lives_until_it_says_goodbye(void **state)
{
	struct registry_process *process = &registry_mapping->processes[5];

	(void)state;
	registry_pid_namespace = 1001;
	store_relaxed(&process->pid_namespace, 1002);
	assert_true(lives(PROCESS_LIVE, 0));
	assert_true(lives(announced_by(other), 0));
	assert_false(lives(PROCESS_EXITED, 0));
	registry_pid_namespace = 0;
}

/* In another namespace the same number is another process. */
static void a_pid_is_found_in_its_namespace_only(void **state)
{
	struct registry_process *process = &registry_mapping->processes[5];

	(void)state;
	store_relaxed(&registry_mapping->header.process_high, 6);
	registry_pid_namespace = 1001;
	store_relaxed(&process->pid_namespace, 1001);
	assert_true(lives(PROCESS_LIVE, born_ns));
	assert_ptr_equal(registry_find_pid(other), process);
	store_relaxed(&process->pid_namespace, 1002);
	assert_null(registry_find_pid(other));
	/* Not known, as without /proc. */
	store_relaxed(&process->pid_namespace, 0);
	assert_ptr_equal(registry_find_pid(other), process);
	registry_pid_namespace = 0;
}

static void a_pid_is_forgotten_with_its_process(void **state)
{
	struct serial serial;
	struct registry_process *process = registry_claim_process(&serial, getpid());
	const _Atomic int32_t *noted = &registry_mapping->process_pid[serial.n];

	(void)state;
	assert_non_null(process);
	assert_int_equal(load_relaxed(noted), 0);
	registry_publish_process(process, other);
	assert_int_equal(load_relaxed(noted), other);
	registry_retire_process(process);
	assert_int_equal(load_relaxed(noted), 0);
	/* The other of the two that publish comes after the end. */
	registry_publish_process(process, other);
	assert_int_equal(load_relaxed(noted), 0);
}

/* The lineage word has 31 bits for a serial, and its last value stands for a process unwatched. */
static void the_last_serial_is_never_given_out(void **state)
{
	struct serial serial;

	(void)state;
	store_relaxed(&registry_mapping->header.next_serial, INT32_MAX - 2);
	assert_non_null(registry_claim_process(&serial, getpid()));
	assert_int_equal(serial.n, INT32_MAX - 1);
	assert_null(registry_claim_process(&serial, getpid()));
}

/* --- a full table --------------------------------------------------------------------------------
 */

/* Every slot is taken by this process's pid, but `dead_slot` by `dead`'s. */
static void fill_table(uint32_t dead_slot, pid_t dead)
{
	for (uint32_t i = 0; i < FORKSAN_MAX_PROCESSES; i++) {
		struct registry_process *process = &registry_mapping->processes[i];

		store_relaxed(&process->pid, i == dead_slot ? dead : getpid());
		registry_note_pid(process, load_relaxed(&process->pid));
		process->born_boottime_ns = UINT64_MAX;
		store_relaxed(&process->state, PROCESS_LIVE);
	}
	store_relaxed(&registry_mapping->header.process_high, FORKSAN_MAX_PROCESSES);
}

static void fill_with_the_living(void)
{
	fill_table(UINT32_MAX, 0);
}

/* Nobody is asked about for a slot whose process has said goodbye, wherever it is. */
static void a_slot_that_is_over_is_found(void **state)
{
	struct serial serial;

	(void)state;
	fill_with_the_living();
	store_relaxed(&registry_mapping->processes[17].state, PROCESS_EXITED);
	store_relaxed(&registry_mapping->header.next_serial, 2000);
	assert_ptr_equal(registry_claim_process(&serial, getpid()),
			 &registry_mapping->processes[17]);
	assert_int_equal(serial.n, FORKSAN_MAX_PROCESSES + 17);
	assert_int_equal(load_relaxed(&registry_mapping->header.next_serial), serial.n);
}

static void a_claim_in_vain_gives_out_no_serial(void **state)
{
	struct serial serial;

	(void)state;
	fill_with_the_living();
	for (int i = 0; i < 10; i++)
		assert_null(registry_claim_process(&serial, getpid()));
	assert_int_equal(load_relaxed(&registry_mapping->header.next_serial), 0);
}

/* All 4096 were asked about each time: 40 ms.  Now one lot of 64, and then nobody for a while. */
static void a_claim_in_vain_is_cheap(void **state)
{
	struct timespec before, after;
	struct serial serial;
	int64_t ns;

	(void)state;
	fill_with_the_living();
	registry_claim_process(&serial, getpid());
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	for (int i = 0; i < 10; i++)
		assert_null(registry_claim_process(&serial, getpid()));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	ns = (after.tv_sec - before.tv_sec) * (int64_t)SECOND_NS + after.tv_nsec - before.tv_nsec;
	assert_true(ns < 50000000); /* 5 ms each; it takes 0.1 */
}

static void a_killed_process_makes_room(void **state)
{
	struct registry_process *claimed = NULL;
	struct serial serial;
	uint64_t end_ns;

	(void)state;
	kill(other, SIGKILL);
	assert_int_equal(waitpid(other, NULL, 0), other);
	fill_table(300, other);
	other = 0;
	/* Lots of 64, 50 ms apart. */
	end_ns = now_ns() + 30 * SECOND_NS;
	while (!claimed && now_ns() < end_ns)
		claimed = registry_claim_process(&serial, getpid());
	assert_ptr_equal(claimed, &registry_mapping->processes[300]);
	assert_int_equal(serial.n % FORKSAN_MAX_PROCESSES, 300);
}

/* --- sockets by their cookies ---------------------------------------------------------------- */

static void put_socket(uint32_t slot, enum registry_socket_state state, uint64_t cookie)
{
	registry_name_socket((struct socket_slot){slot}, cookie);
	store_relaxed(&registry_mapping->socket_state[slot], 1u << 8 | state);
}

static void a_live_socket_is_found_by_its_cookie(void **state)
{
	static const uint32_t places[] = {0, 255, 256, 257, 511, 700};
	struct socket_slot slot;

	(void)state;
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		put_socket(places[i], SOCKET_LIVE, 1000 + i);
	put_socket(300, SOCKET_FREE, 2000);
	put_socket(301, SOCKET_BUSY, 2001);
	store_relaxed(&registry_mapping->header.socket_high, 701);
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		assert_true(registry_find_socket(1000 + i, &slot));
		assert_int_equal(slot.n, places[i]);
	}
	assert_false(registry_find_socket(2000, &slot));
	assert_false(registry_find_socket(2001, &slot));
	store_relaxed(&registry_mapping->header.socket_high, 700);
	assert_false(registry_find_socket(1005, &slot));
	store_relaxed(&registry_mapping->header.socket_high, UINT32_MAX); /* spoilt */
	assert_true(registry_find_socket(1005, &slot));
	assert_false(registry_find_socket(3000, &slot));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_live_socket_is_found_by_its_cookie),
		TEST(a_slot_that_is_over_is_found),
		TEST(a_claim_in_vain_gives_out_no_serial),
		TEST(a_claim_in_vain_is_cheap),
		TEST(a_killed_process_makes_room),
		TEST(one_that_is_there_lives),
		TEST(a_pid_is_forgotten_with_its_process),
		TEST(the_last_serial_is_never_given_out),
		TEST(a_pid_that_came_round_is_another),
		TEST(an_end_leaves_the_pid_of_the_next),
		TEST(a_killed_one_is_dead_also_before_it_is_waited_for),
		TEST(one_of_another_namespace_lives_until_it_says_goodbye),
		TEST(a_pid_is_found_in_its_namespace_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
