/* SPDX-License-Identifier: MIT */
/*
 * Names of connections: kept for a connection, not for its slot, and bounded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "own_registry.h"
#include "process/fdtable.h"
#include "process/label.h"

static const struct process_slot self = {3};

static void open_connection(int fd, uint32_t slot, uint32_t generation)
{
	store_release(&registry_mapping->socket_state[slot], generation << 8 | SOCKET_LIVE);
	assert_true(fdtable_set(fd, (struct socket_slot){slot}, generation));
}

static void assert_label(uint32_t slot, const char *expected)
{
	char label[FORKSAN_LABEL_BYTES];

	label_get((struct socket_slot){slot}, label);
	assert_string_equal(label, expected);
}

static int begin(void **state)
{
	(void)state;
	if (!own_registry_map())
		return -1;
	store_relaxed(&registry_mapping->header.process_high, 8);
	store_release(&registry_mapping->processes[self.n].state, PROCESS_LIVE);
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

static void a_name_is_kept_changed_and_taken_away(void **state)
{
	const struct socket_slot slot = {5};

	(void)state;
	open_connection(7, 5, 1);
	assert_label(5, "");
	assert_true(label_set(slot, "orders-db"));
	assert_label(5, "orders-db");
	assert_true(label_set(slot, "stock"));
	assert_label(5, "stock");
	assert_true(label_set(slot, ""));
	assert_label(5, "");
	assert_true(label_set(slot, ""));
}

static void a_long_name_is_cut(void **state)
{
	char name[100];

	(void)state;
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	open_connection(7, 5, 1);
	assert_true(label_set((struct socket_slot){5}, name));
	name[FORKSAN_LABEL_BYTES - 1] = '\0';
	assert_label(5, name);
}

static void the_next_connection_in_the_slot_has_no_name(void **state)
{
	(void)state;
	open_connection(7, 5, 1);
	assert_true(label_set((struct socket_slot){5}, "orders-db"));
	fdtable_clear(7);
	open_connection(7, 5, 2);
	assert_label(5, "");
}

static void places_of_closed_connections_are_used_again(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < FORKSAN_MAX_LABELS; i++) {
		open_connection((int)i, i, 3);
		assert_true(label_set((struct socket_slot){i}, "one of many"));
	}
	open_connection(FORKSAN_MAX_LABELS, FORKSAN_MAX_LABELS, 3);
	assert_false(label_set((struct socket_slot){FORKSAN_MAX_LABELS}, "one too many"));
	assert_true(label_set((struct socket_slot){FORKSAN_MAX_LABELS}, ""));
	fdtable_clear(9);
	store_release(&registry_mapping->socket_state[9], 4u << 8 | SOCKET_FREE);
	assert_true(label_set((struct socket_slot){FORKSAN_MAX_LABELS}, "in its place"));
	assert_label(FORKSAN_MAX_LABELS, "in its place");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_name_is_kept_changed_and_taken_away, begin, end),
		cmocka_unit_test_setup_teardown(a_long_name_is_cut, begin, end),
		cmocka_unit_test_setup_teardown(the_next_connection_in_the_slot_has_no_name, begin,
						end),
		cmocka_unit_test_setup_teardown(places_of_closed_connections_are_used_again, begin,
						end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
