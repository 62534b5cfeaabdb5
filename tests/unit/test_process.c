/* SPDX-License-Identifier: MIT */
/*
 * Who a process is, and how a new one is noticed: real processes in a session of their own.
 *
 * Each test runs in a process that test() forks and that begins a session, so none has a memory of
 * another.  Forks are made as the wrappers make them (fork_announced()), or by a raw clone().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "process/fdtable.h"
#include "process/process.h"

/* Ends this process as failed. */
#define require(condition) ((condition) ? (void)0 : require_failed(__LINE__, #condition))

__attribute__((noreturn)) static void require_failed(int line, const char *condition)
{
	fprintf(stderr, "test_process.c:%d: %s (pid %d)\n", line, condition, (int)getpid());
	_exit(1);
}

static void wait_for(pid_t pid)
{
	int status;

	require(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

static void test(void **state)
{
	void (*body)(void) = *(void (**)(void)) * state;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		bool created;

		signal(SIGSEGV, SIG_DFL); /* cmocka's handler would go on with the other tests */
		process_start();
		require(process_join("", REGISTRY_FIND_OR_BEGIN, &created) == 0 && created);
		registry_map_rest();
		registry_unlink();
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static pid_t fork_announced(void)
{
	struct process_fork under_way;
	pid_t pid;

	process_before_fork(&under_way);
	pid = fork();
	process_after_fork(&under_way, pid);
	require(pid >= 0);
	return pid;
}

static pid_t raw_clone(void)
{
	return (pid_t)sys_call(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
}

static uint64_t counter(enum registry_counter which)
{
	return load_relaxed(&registry_mapping->header.counters[which]);
}

/* Slots that the others take for alive. */
static unsigned alive(void)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < load_relaxed(&registry_mapping->header.process_high); i++)
		n += registry_process_alive(&registry_mapping->processes[i]);
	return n;
}

static bool has_entered_as_child_of(struct serial parent, uint32_t epoch)
{
	const struct lineage_process *self = &process.lineage;

	return process_mine() == lineage_pack(self->self) && process.pid == getpid() &&
	       serial_is(self->ancestors[0].serial, parent) && self->ancestors[0].epoch == epoch &&
	       registry_find_pid(getpid()) == process.shared;
}

/* --- the first process -------------------------------------------------------------------------
 */

static void the_first_has_no_ancestors(void)
{
	require(process.lineage.ancestor_count == 0 && !process.lineage.ancestors_forgotten);
	require(process_mine() == lineage_pack(process.lineage.self));
	require(process_is_settled() && !process_has_violated() && !process_is_vfork_child());
	require(!process_parent_is_here());
	require(process_enter());
	require(counter(COUNT_PROCESSES) == 1 && alive() == 1);
	process_leave();
	require(alive() == 0);
}

/* --- forks ---------------------------------------------------------------------------------------
 */

static void a_fork_begins_an_epoch(void)
{
	struct serial parent = process.lineage.self.serial;
	uint64_t before = process_mine();
	pid_t pid = fork_announced();

	if (pid == 0) {
		require(process_mine() == 0 && process.pid != getpid());
		require(process_parent_is_here());
		require(process_enter());
		require(has_entered_as_child_of(parent, 0) && process.lineage.self.epoch == 0);
		require(process_parent_is_here());
		_exit(0);
	}
	require(process_mine() == before + 1 && load_relaxed(&process.shared->epoch) == 1);
	wait_for(pid);
	require(counter(COUNT_PROCESSES) == 2 && counter(COUNT_FORKS) == 1);
	require(alive() == 1);
}

static void a_fork_that_fails_leaves_nothing(void)
{
	struct process_fork under_way;
	uint64_t before = process_mine();

	errno = ENOTNAM;
	process_before_fork(&under_way);
	require(alive() == 2 && under_way.child.n != 0);
	process_after_fork(&under_way, -1);
	require(errno == ENOTNAM);
	require(alive() == 1 && process_mine() == before && counter(COUNT_FORKS) == 0);
}

static void a_child_is_known_before_it_enters(void)
{
	pid_t pid = fork_announced();

	if (pid == 0) {
		struct registry_process *self;

		/* The parent says so as soon as it runs again. */
		while ((self = registry_find_pid(getpid())) == NULL)
			sched_yield();
		require(process_mine() == 0);
		require(serial_is(self->parent_serial, process.lineage.self.serial));
		_exit(0);
	}
	wait_for(pid);
}

static void grandchildren_know_their_line(void)
{
	struct serial first = process.lineage.self.serial;
	pid_t pid = fork_announced();

	if (pid == 0) {
		pid_t grandchild = fork_announced();

		if (grandchild == 0) {
			require(process_enter() && process.lineage.ancestor_count == 2);
			require(serial_is(process.lineage.ancestors[1].serial, first));
			_exit(0);
		}
		wait_for(grandchild);
		_exit(0);
	}
	wait_for(pid);
	require(counter(COUNT_PROCESSES) == 3 && counter(COUNT_FORKS) == 2);
}

static void what_was_true_of_the_parent_is_not_of_the_child(void)
{
	pid_t pid;

	process_note_violation();
	fdtable_set(100, (struct socket_slot){1}, 1);
	pid = fork_announced();
	if (pid == 0) {
		require(!process_has_violated() && !process_is_settled());
		require(process_enter() && !process_is_settled());
		process_settle();
		require(process_is_settled());
		_exit(0);
	}
	wait_for(pid);
	require(process_has_violated() && process_is_settled());
}

static void a_child_that_holds_nothing_is_settled(void)
{
	pid_t pid = fork_announced();

	if (pid == 0) {
		require(process_enter() && process_is_settled());
		_exit(0);
	}
	wait_for(pid);
}

static void the_threads_number_is_its_own(void)
{
	pid_t pid;

	require(process_tid() == getpid() && process_tid() == getpid());
	pid = fork_announced();
	if (pid == 0) {
		require(process_tid() == getpid());
		_exit(0);
	}
	wait_for(pid);
	pid = raw_clone();
	require(pid >= 0);
	if (pid == 0) {
		require(process_tid() == getpid());
		require(process_enter() && process_tid() == getpid());
		_exit(0);
	}
	wait_for(pid);
}

static void a_raw_clone_enters_by_itself(void)
{
	struct serial parent = process.lineage.self.serial;
	pid_t pid = raw_clone();

	require(pid >= 0);
	if (pid == 0) {
		require(process_mine() == 0 && process_enter());
		require(has_entered_as_child_of(parent, 0));
		_exit(0);
	}
	wait_for(pid);
	require(counter(COUNT_PROCESSES) == 2 && counter(COUNT_FORKS) == 1);
}

/* As on a kernel that does not wipe: the words of the parent are in the page. */
static void a_page_that_was_not_wiped_is_cleared(void)
{
	struct wiped copy = wiped;
	pid_t pid = fork_announced();

	if (pid == 0) {
		wiped = copy;
		process_note_violation();
		process_atfork_child();
		require(process_mine() == 0 && !process_has_violated());
		require(process_enter());
		_exit(0);
	}
	wait_for(pid);
}

/* --- memory that is shared ------------------------------------------------------------------- */

static int look_from_shared_memory(void *entered)
{
	return *(bool *)entered == process_enter() && process_is_vfork_child() ? 0 : 1;
}

static void run_in_shared_memory(bool entered)
{
	static char stack[65536] __attribute__((aligned(16)));
	uint64_t before = process_mine();
	pid_t pid = clone(look_from_shared_memory, stack + sizeof stack,
			  CLONE_VM | CLONE_VFORK | SIGCHLD, &entered);

	wait_for(pid);
	require(process_mine() == before && !process_is_vfork_child());
}

static void a_vfork_child_is_not_its_parent(void)
{
	pid_t pid;

	run_in_shared_memory(true);
	pid = fork_announced();
	if (pid == 0) {
		run_in_shared_memory(false);
		require(process_mine() == 0 && process_enter());
		run_in_shared_memory(true);
		_exit(0);
	}
	wait_for(pid);
	require(counter(COUNT_PROCESSES) == 2);
}

static int enter_from_shared_memory(void *unused)
{
	(void)unused;
	return process_enter() ? 1 : 0;
}

static void a_vfork_child_of_a_raw_clone_is_not_its_parent(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	struct serial parent = process.lineage.self.serial;
	pid_t pid = raw_clone();

	require(pid >= 0);
	if (pid == 0) {
		wait_for(clone(enter_from_shared_memory, stack + sizeof stack,
			       CLONE_VM | CLONE_VFORK | SIGCHLD, NULL));
		require(process_mine() == 0 && process_enter());
		require(has_entered_as_child_of(parent, 0));
		_exit(0);
	}
	wait_for(pid);
}

/* --- a fork within a fork ------------------------------------------------------------------- */

/* What a signal handler does between process_before_fork() and the fork that it interrupts. */
static void a_fork_in_a_fork_loses_no_announcement(void)
{
	struct process_fork under_way;
	pid_t pid, inner;

	process_before_fork(&under_way);
	inner = fork_announced();
	if (inner == 0)
		_exit(0);
	wait_for(inner);
	pid = fork();
	process_after_fork(&under_way, pid);
	require(pid >= 0);
	if (pid == 0) {
		require(process_enter());
		require(serial_is(process.lineage.self.serial, under_way.child));
		_exit(0);
	}
	wait_for(pid);
	require(counter(COUNT_PROCESSES) == 3 && counter(COUNT_FORKS) == 2 && alive() == 1);
}

static void the_inner_child_goes_on_as_itself(void)
{
	struct process_fork under_way;
	struct serial first = process.lineage.self.serial;
	pid_t pid, inner;

	process_before_fork(&under_way);
	inner = fork_announced();
	pid = fork();
	process_after_fork(&under_way, pid);
	require(pid >= 0);
	if (pid == 0) {
		require(process_enter());
		require(serial_is(process.lineage.ancestors[0].serial, first) == (inner != 0));
		require(process.lineage.ancestor_count == (inner != 0 ? 1 : 2));
		_exit(0);
	}
	wait_for(pid);
	if (inner == 0)
		_exit(0);
	wait_for(inner);
	require(counter(COUNT_PROCESSES) == 4 && counter(COUNT_FORKS) == 3 && alive() == 1);
}

/* --- no place ------------------------------------------------------------------------------- */

static void a_sandboxed_process_and_its_children_are_not_watched(void)
{
	pid_t pid;

	process_enter_sandbox();
	require(!process_enter() && counter(LOST_SANDBOXED) == 1);
	process_enter_sandbox();
	require(counter(LOST_SANDBOXED) == 1);
	pid = fork_announced();
	if (pid == 0) {
		require(!process_enter() && process_mine() == PROCESS_UNWATCHED);
		require(process_is_settled());
		_exit(0);
	}
	wait_for(pid);
}

static void daemonize(void)
{
	pid_t pid = fork_announced();

	if (pid == 0) {
		process_daemonized();
		require(alive() == 1 && registry_find_pid(getpid()) == process.shared);
		_exit(0);
	}
	wait_for(pid);
}

#define TEST(name)                                                                                 \
	{                                                                                          \
#name, test, NULL, NULL, &(void (*)(void))                                         \
		{                                                                                  \
			name                                                                       \
		}                                                                                  \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_has_no_ancestors),
		TEST(a_fork_begins_an_epoch),
		TEST(a_fork_that_fails_leaves_nothing),
		TEST(a_child_is_known_before_it_enters),
		TEST(grandchildren_know_their_line),
		TEST(what_was_true_of_the_parent_is_not_of_the_child),
		TEST(a_child_that_holds_nothing_is_settled),
		TEST(the_threads_number_is_its_own),
		TEST(a_raw_clone_enters_by_itself),
		TEST(a_page_that_was_not_wiped_is_cleared),
		TEST(a_vfork_child_is_not_its_parent),
		TEST(a_vfork_child_of_a_raw_clone_is_not_its_parent),
		TEST(a_fork_in_a_fork_loses_no_announcement),
		TEST(the_inner_child_goes_on_as_itself),
		TEST(a_sandboxed_process_and_its_children_are_not_watched),
		TEST(daemonize),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
