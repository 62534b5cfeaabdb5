/* SPDX-License-Identifier: MIT */
/*
 * The descriptor table, against a registry of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/wiped.h"
#include "own_registry.h"
#include "process/fdtable.h"

static const struct process_slot self = {3};
static const struct process_slot child = {4};

/* Slots in different words of the bitmap. */
static const struct socket_slot near = {5};
static const struct socket_slot far = {200};

static void make_live(struct socket_slot slot, uint32_t generation)
{
	store_release(&registry_mapping->socket_state[slot.n], generation << 8 | SOCKET_LIVE);
}

static int begin(void **state)
{
	(void)state;
	if (!own_registry_map())
		return -1;
	store_relaxed(&registry_mapping->header.process_high, 8);
	store_release(&registry_mapping->processes[self.n].state, PROCESS_LIVE);
	make_live(near, 1);
	make_live(far, 7);
	fdtable_hold_for(self);
	return 0;
}

static int end(void **state)
{
	(void)state;
	fdtable_hold_for_nobody();
	fdtable_clear_range(0, ~0u);
	own_registry_unmap();
	return 0;
}

static bool registry_says_held(struct process_slot process, struct socket_slot slot)
{
	return socket_slot_word(slot) <
		       load_relaxed(&registry_mapping->processes[process.n].hold_words) &&
	       (load_relaxed(registry_hold_word(process, socket_slot_word(slot))) &
		socket_slot_bit(slot)) != 0;
}

static bool is_live(struct socket_slot slot)
{
	return (load_relaxed(&registry_mapping->socket_state[slot.n]) & 0xff) == SOCKET_LIVE;
}

static void a_reference_is_its_slot(void **state)
{
	const struct socket_slot last = {FORKSAN_MAX_SOCKETS - 1};

	(void)state;
	assert_int_equal(socket_ref_slot(socket_ref_of(near)).n, near.n);
	assert_int_equal(socket_ref_slot(socket_ref_of(last)).n, last.n);
	assert_int_not_equal(socket_ref_of((struct socket_slot){0}).n, 0);
	assert_ptr_equal((char *)registry_mapping + socket_ref_of(far).n,
			 &registry_mapping->sockets[far.n]);
}

static void a_descriptor_holds_until_it_is_cleared(void **state)
{
	(void)state;
	assert_true(fdtable_is_empty());
	assert_true(fdtable_set(20, near, 1));
	assert_false(fdtable_is_empty());
	assert_int_equal(fdtable_lookup(20).n, socket_ref_of(near).n);
	assert_int_equal(fdtable_generation(near), 1);
	assert_int_equal(fdtable_find(near), 20);
	assert_true(fdtable_high() > 20);
	assert_true(registry_says_held(self, near));
	fdtable_clear(20);
	assert_int_equal(fdtable_lookup(20).n, 0);
	assert_int_equal(fdtable_find(near), -1);
	assert_true(fdtable_is_empty());
	assert_false(registry_says_held(self, near));
	assert_false(is_live(near));
}

static void the_last_name_lets_go(void **state)
{
	(void)state;
	assert_true(fdtable_set(20, near, 1));
	assert_true(fdtable_set(21, near, 1));
	assert_true(fdtable_set(21, near, 1)); /* again the same */
	fdtable_clear(20);
	assert_true(registry_says_held(self, near) && is_live(near));
	fdtable_clear(21);
	assert_false(registry_says_held(self, near) || is_live(near));
}

static void a_name_that_is_given_anew_lets_go_of_the_old(void **state)
{
	(void)state;
	assert_true(fdtable_set(20, near, 1));
	assert_true(fdtable_set(20, far, 7));
	assert_false(registry_says_held(self, near) || is_live(near));
	assert_true(registry_says_held(self, far));
	assert_int_equal(fdtable_find(far), 20);
}

static void ranges_are_cleared(void **state)
{
	(void)state;
	for (int fd = 10; fd < 20; fd++)
		assert_true(fdtable_set(fd, near, 1));
	fdtable_clear_range(11, 18);
	assert_true(fdtable_lookup(10).n != 0 && fdtable_lookup(19).n != 0);
	for (int fd = 11; fd < 19; fd++)
		assert_int_equal(fdtable_lookup(fd).n, 0);
	fdtable_clear_range(0, ~0u);
	assert_true(fdtable_is_empty());
}

static void numbers_without_a_place_are_refused(void **state)
{
	struct socket_ref ref = {1};

	(void)state;
	assert_false(fdtable_set(FORKSAN_MAX_FDS, near, 1));
	assert_false(fdtable_set(-1, near, 1));
	assert_true(fdtable_set(FORKSAN_MAX_FDS - 1, near, 1));
	assert_int_equal(fdtable_lookup(-1).n, 0);
	assert_int_equal(fdtable_lookup(FORKSAN_MAX_FDS).n, 0);
	fdtable_clear(-1);
	fdtable_clear(FORKSAN_MAX_FDS);
	store_relaxed(&fdtable_limit, FORKSAN_MAX_FDS);
	assert_false(fdtable_is_unwatched(-1, &ref));
	assert_int_equal(ref.n, 0);
	assert_false(fdtable_is_unwatched(FORKSAN_MAX_FDS - 1, &ref));
	assert_int_equal(ref.n, socket_ref_of(near).n);
	assert_true(fdtable_is_unwatched(0, &ref));
}

static void each_held_socket_is_found_once(void **state)
{
	struct socket_slot slot;
	int fd = 0;

	(void)state;
	assert_false(fdtable_next_held(&fd, &slot));
	assert_true(fdtable_set(20, far, 7));
	assert_true(fdtable_set(21, near, 1));
	assert_true(fdtable_set(30, far, 7));
	fd = 0;
	assert_true(fdtable_next_held(&fd, &slot));
	assert_true(fd == 20 && slot.n == far.n);
	assert_true(fdtable_next_held(&fd, &slot)); /* from the descriptor on, itself included */
	assert_int_equal(fd, 20);
	fd++;
	assert_true(fdtable_next_held(&fd, &slot));
	assert_true(fd == 21 && slot.n == near.n);
	fd++;
	assert_false(fdtable_next_held(&fd, &slot));
}

static void a_child_is_announced_with_what_its_parent_holds(void **state)
{
	(void)state;
	assert_true(fdtable_copy_holds(child));
	assert_int_equal(load_relaxed(&registry_mapping->processes[child.n].hold_words), 0);
	assert_true(fdtable_set(20, near, 1) && fdtable_set(21, far, 7));
	assert_true(fdtable_copy_holds(child));
	assert_true(registry_says_held(child, near) && registry_says_held(child, far));
}

static void what_was_released_meanwhile_is_not_held(void **state)
{
	(void)state;
	assert_true(fdtable_set(20, near, 1) && fdtable_set(21, far, 7));
	make_live(far, 8);
	fdtable_hold_for(child);
	fdtable_publish_holds();
	assert_true(registry_says_held(child, near));
	assert_false(registry_says_held(child, far));
	assert_int_equal(load_relaxed(&registry_mapping->header.counters[LOST_CONNECTIONS]), 1);
}

static void nobodys_table_tells_nothing(void **state)
{
	(void)state;
	fdtable_hold_for_nobody();
	assert_true(fdtable_set(20, near, 1));
	assert_false(registry_says_held(self, near));
	fdtable_clear(20);
	assert_true(is_live(near));
}

static void a_new_process_lets_go_of_nothing_of_its_parents(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	wiped_start();
	fdtable_hold_for(self);
	assert_true(fdtable_set(20, near, 1));
	pid = fork();
	if (pid == 0) {
		fdtable_clear(20);
		_exit(registry_says_held(self, near) && is_live(near) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reference_is_its_slot),
		TEST(a_descriptor_holds_until_it_is_cleared),
		TEST(the_last_name_lets_go),
		TEST(a_name_that_is_given_anew_lets_go_of_the_old),
		TEST(ranges_are_cleared),
		TEST(numbers_without_a_place_are_refused),
		TEST(each_held_socket_is_found_once),
		TEST(a_child_is_announced_with_what_its_parent_holds),
		TEST(what_was_released_meanwhile_is_not_held),
		TEST(nobodys_table_tells_nothing),
		TEST(a_new_process_lets_go_of_nothing_of_its_parents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
