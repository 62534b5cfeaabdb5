/* SPDX-License-Identifier: MIT */
/*
 * shim/registry/file.c: what a program finds of itself and of its parent when it starts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "own_registry.h"
#include "registry/registry.h"

/* Pids that no process has. */
#define SOMEBODY 0x3ffffff0
#define SOMEBODY_ELSE 0x3ffffff1

/* More slots than one call reads pids of. */
#define FAR 600

static struct registry_process *add(pid_t pid, const struct registry_process *parent)
{
	struct registry_process *process;
	struct serial serial;

	process = registry_claim_process(&serial, getpid());
	assert_non_null(process);
	process->parent_serial = parent ? registry_process_serial(parent) : (struct serial){.n = 0};
	process->parent_pid = parent ? load_relaxed(&parent->pid) : 0;
	store_relaxed(&process->serial, serial.n);
	store_relaxed(&process->through, THROUGH_NOTHING);
	registry_publish_process(process, pid);
	return process;
}

/* Slots are taken one behind the other: the next one is so much farther. */
static void skip_slots(unsigned count)
{
	while (count-- > 0)
		registry_abandon_process(add(SOMEBODY_ELSE, NULL));
}

static void clear(struct registry_process *process)
{
	registry_note_pid(process, 0);
	registry_abandon_process(process);
}

static struct registry_kin find(pid_t pid)
{
	return registry_find_kin("", geteuid(), pid);
}

/* A program with the library that `forksan attach` watches, too, has its own session. */
static void nobody_is_a_member_of_a_session_from_outside(void **state)
{
	struct registry_process *own = add(getpid(), NULL), *parent = add(getppid(), NULL);

	(void)state;
	assert_true(find(getpid()).is_member);
	assert_int_equal(find(SOMEBODY).parent_pid, getppid());
	store_relaxed(&registry_get()->header.from_outside, 1);
	assert_false(find(getpid()).is_member);
	assert_int_equal(find(SOMEBODY).parent_pid, 0);
	store_relaxed(&registry_get()->header.from_outside, 0);
	clear(parent);
	clear(own);
}

static void a_members_parent_is_the_one_of_its_slot(void **state)
{
	static const unsigned distances[] = {0, FAR};

	(void)state;
	for (size_t i = 0; i < sizeof distances / sizeof distances[0]; i++) {
		struct registry_process *parent = add(SOMEBODY, NULL), *own;

		skip_slots(distances[i]);
		own = add(getpid(), parent);
		assert_true(find(getpid()).is_member);
		assert_int_equal(find(getpid()).parent_pid, SOMEBODY);
		clear(own);
		clear(parent);
	}
}

static void a_parent_that_has_ended_is_none(void **state)
{
	struct registry_process *parent = add(SOMEBODY, NULL), *own = add(getpid(), parent);

	(void)state;
	registry_retire_process(parent);
	assert_int_equal(find(getpid()).parent_pid, 0);
	registry_note_pid(parent, SOMEBODY_ELSE); /* the slot's next process */
	assert_int_equal(find(getpid()).parent_pid, 0);
	assert_true(find(getpid()).is_member);
	clear(own);
	clear(parent);
}

static void a_stranger_is_known_by_its_parent(void **state)
{
	struct registry_process *parent = add(getppid(), NULL);
	struct registry_kin kin = find(SOMEBODY);

	(void)state;
	assert_false(kin.is_member);
	assert_false(kin.may_bring);
	assert_int_equal(kin.parent_pid, getppid());
	store_relaxed(&parent->hold_words, 1);
	assert_true(find(SOMEBODY).may_bring);
	store_relaxed(&parent->hold_words, 0);
	clear(parent);
}

/* The kernel gives pids again. */
static void who_has_a_former_members_pid_is_a_stranger(void **state)
{
	struct registry_process *parent = add(getppid(), NULL), *former = add(SOMEBODY, NULL);
	struct registry_kin kin;

	(void)state;
	store_relaxed(&former->state, PROCESS_EXITED);
	kin = find(SOMEBODY);
	assert_false(kin.is_member);
	assert_int_equal(kin.parent_pid, getppid());
	clear(former);
	clear(parent);
}

/* Nobody has cleared the notes of killed processes. */
static void nor_do_many_former_members_hide_the_parent(void **state)
{
	struct registry_process *parent = add(getppid(), NULL), *former[8];
	const size_t count = sizeof former / sizeof former[0];

	(void)state;
	for (size_t i = 0; i < count; i++) {
		former[i] = add(SOMEBODY, NULL);
		store_relaxed(&former[i]->state, PROCESS_EXITED);
	}
	store_relaxed(&parent->hold_words, 1);
	assert_int_equal(find(SOMEBODY).parent_pid, getppid());
	assert_true(find(SOMEBODY).may_bring);
	store_relaxed(&parent->hold_words, 0);
	for (size_t i = 0; i < count; i++)
		clear(former[i]);
	clear(parent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_a_member_of_a_session_from_outside),
		cmocka_unit_test(a_members_parent_is_the_one_of_its_slot),
		cmocka_unit_test(a_parent_that_has_ended_is_none),
		cmocka_unit_test(a_stranger_is_known_by_its_parent),
		cmocka_unit_test(who_has_a_former_members_pid_is_a_stranger),
		cmocka_unit_test(nor_do_many_former_members_hide_the_parent),
	};

	return cmocka_run_group_tests(tests, own_session_begin, own_session_end);
}
