/* SPDX-License-Identifier: MIT */
/*
 * shim/common/liveness.c: the rule by which shim and tool take a process for alive.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/liveness.h"

#define SECOND_NS UINT64_C(1000000000)
#define TICK_NS (SECOND_NS / 100)

static bool agrees(const char *stat, uint64_t born_ns)
{
	struct liveness_claim claim = {.pid = 7, .born_boottime_ns = born_ns};

	return liveness_stat_agrees(&claim, 0, stat, strlen(stat));
}

/* Started 5000 ticks, 50 s, after boot. */
#define STAT(name, state)                                                                          \
	"7 (" name ") " state " 1 7 7 0 -1 4194304 10 0 0 0 0 0 0 0 20 0 1 0 5000 2400 170 "       \
	"18446744073709551615\n"

static void the_start_may_be_a_second_after_the_birth(void **state)
{
	(void)state;
	assert_true(agrees(STAT("cat", "S"), 60 * SECOND_NS));
	assert_true(agrees(STAT("cat", "S"), 50 * SECOND_NS));
	assert_true(agrees(STAT("cat", "S"), 49 * SECOND_NS));
	assert_false(agrees(STAT("cat", "S"), 49 * SECOND_NS - TICK_NS));
	assert_true(agrees(STAT("cat", "S"), UINT64_MAX));
	assert_false(agrees(STAT("cat", "S"), 0));
}

static bool agrees_over_clocks(uint64_t boot_ns, uint64_t own_boot_ns, const char *stat)
{
	struct liveness_claim claim = {.pid = 7, .boot_realtime_ns = boot_ns};

	return liveness_stat_agrees(&claim, own_boot_ns, stat, strlen(stat));
}

static void births_by_different_clocks_are_not_compared(void **state)
{
	const uint64_t boot_ns = 1700000000 * SECOND_NS;

	(void)state;
	assert_false(agrees_over_clocks(boot_ns, boot_ns, STAT("cat", "S")));
	assert_false(agrees_over_clocks(boot_ns, boot_ns + SECOND_NS, STAT("cat", "S")));
	assert_false(agrees_over_clocks(boot_ns, 0, STAT("cat", "S")));
	assert_true(agrees_over_clocks(boot_ns, boot_ns + 2 * SECOND_NS, STAT("cat", "S")));
	assert_true(agrees_over_clocks(boot_ns, boot_ns - 2 * SECOND_NS, STAT("cat", "S")));
	assert_false(agrees_over_clocks(boot_ns, 2 * boot_ns, STAT("cat", "Z")));
}

static void a_zombie_is_over(void **state)
{
	(void)state;
	assert_false(agrees(STAT("cat", "Z"), 60 * SECOND_NS));
	assert_false(agrees(STAT("cat", "X"), 60 * SECOND_NS));
	assert_true(agrees(STAT("cat", "D"), 60 * SECOND_NS));
}

static void a_name_may_look_like_fields(void **state)
{
	(void)state;
	assert_true(agrees(STAT(") Z 1 (", "S"), 60 * SECOND_NS));
	assert_false(agrees(STAT(") S 1 (", "Z"), 60 * SECOND_NS));
}

static void what_cannot_be_read_says_nothing(void **state)
{
	static const char whole[] = STAT("cat", "S");
	struct liveness_claim claim = {.pid = 7, .born_boottime_ns = 0};

	(void)state;
	assert_true(agrees("", 0));
	assert_true(agrees(")", 0));
	assert_true(agrees(") ", 0));
	assert_true(agrees("7 (cat S 1 7", 0));
	assert_true(agrees("7 (cat) S 1 7 7 0 -1 4194304 10 0 0 0 0 0 0 0 20 0 1 0 x", 0));
	/* Cut anywhere before its 22nd field, and without a NUL behind it. */
	for (size_t len = 0; len < strlen(STAT("cat", "S")); len++) {
		char *cut = malloc(len + 1);

		assert_non_null(cut);
		memcpy(cut + 1, whole, len);
		liveness_stat_agrees(&claim, 0, cut + 1, len);
		free(cut);
	}
}

static void a_slot_names_its_process_or_its_parent_or_nobody(void **state)
{
	struct registry_process process = {.pid = 7};

	(void)state;
	store_relaxed(&process.state, PROCESS_LIVE);
	assert_int_equal(liveness_claim(&process).pid, 7);
	store_relaxed(&process.pid, -1);
	assert_int_equal(liveness_claim(&process).pid, 0);
	store_relaxed(&process.state, PROCESS_EXITED);
	assert_int_equal(liveness_claim(&process).pid, 0);
	store_relaxed(&process.state, 9u << 8 | PROCESS_BUSY);
	assert_int_equal(liveness_claim(&process).pid, 0);
	store_relaxed(&process.serial, 3);
	assert_int_equal(liveness_claim(&process).pid, 9);
	store_relaxed(&process.state, 9u << 8 | PROCESS_LIVE);
	assert_int_equal(liveness_claim(&process).pid, 0);
}

static void unknown_namespaces_are_taken_for_the_same(void **state)
{
	(void)state;
	assert_true(liveness_same_namespace(5, 5));
	assert_true(liveness_same_namespace(0, 5));
	assert_true(liveness_same_namespace(5, 0));
	assert_false(liveness_same_namespace(5, 6));
}

static void a_pid_is_known_in_its_namespace_and_outside(void **state)
{
	struct registry_process process = {.pid = 7, .pid_namespace = 1002};
	struct liveness_claim claim;

	(void)state;
	store_relaxed(&process.state, PROCESS_LIVE);
	claim = liveness_claim(&process);
	assert_int_equal(liveness_pid_in(&claim, 1002), 7);
	assert_int_equal(liveness_pid_in(&claim, 1001), 0);
	store_relaxed(&process.seen_outside, liveness_pack_outside(1001, 70));
	claim = liveness_claim(&process);
	assert_int_equal(liveness_pid_in(&claim, 1002), 7);
	assert_int_equal(liveness_pid_in(&claim, 1001), 70);
	assert_int_equal(liveness_pid_in(&claim, 1003), 0);
	assert_int_equal(liveness_pack_outside(0, 70), 0);
	assert_int_equal(liveness_pack_outside(1001, 0), 0);
	assert_int_equal(liveness_pack_outside(UINT64_C(1) << 32, 70), 0);
	/* Its namespace ends with the first process. */
	assert_int_equal(liveness_first_pid_in(&claim, 1001), 0);
	store_relaxed(&process.first_seen_outside, liveness_pack_outside(1001, 60));
	claim = liveness_claim(&process);
	assert_int_equal(liveness_first_pid_in(&claim, 1001), 60);
	assert_int_equal(liveness_first_pid_in(&claim, 1002), 0);
	assert_int_equal(liveness_first_pid_in(&claim, 0), 0);
	assert_true(liveness_first_of(&process) == liveness_pack_outside(1001, 60));
	store_relaxed(&process.pid, 1);
	assert_true(liveness_first_of(&process) == liveness_pack_outside(1001, 70));
	store_relaxed(&process.pid, 7);
	/* Any process of the session may have written the word. */
	store_relaxed(&process.seen_outside, UINT64_MAX);
	claim = liveness_claim(&process);
	assert_int_equal(liveness_pid_in(&claim, UINT32_MAX), INT32_MAX);
	/* Of an announced child the word is not the parent's. */
	store_relaxed(&process.serial, 3);
	store_relaxed(&process.state, 9u << 8 | PROCESS_BUSY);
	claim = liveness_claim(&process);
	assert_int_equal(liveness_pid_in(&claim, 1001), 0);
}

static bool is_killed(unsigned flags, unsigned pending)
{
	char stat[LIVENESS_STAT_BYTES];

	snprintf(stat, sizeof(stat),
		 "7 (a) b) S 1 7 7 0 -1 %u 0 0 0 0 0 0 0 0 20 0 1 0 900 0 0 0 1 1 0 0 0 %u 0 0",
		 flags, pending);
	return liveness_stat_is_killed(stat, strlen(stat));
}

static void one_that_is_being_killed_runs_no_more_code(void **state)
{
	const unsigned usual = 0x400100; /* PF_SUPERPRIV, PF_RANDOMIZE */

	(void)state;
	assert_false(is_killed(usual, 0));
	assert_false(is_killed(usual, 1u << (SIGTERM - 1)));
	assert_true(is_killed(usual, 1u << (SIGKILL - 1)));
	assert_true(is_killed(usual | 0x400, 0));
	assert_false(liveness_stat_is_killed("", 0));
	assert_false(liveness_stat_is_killed("7 (a) S 1 7", 11));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_start_may_be_a_second_after_the_birth),
		cmocka_unit_test(births_by_different_clocks_are_not_compared),
		cmocka_unit_test(a_zombie_is_over),
		cmocka_unit_test(a_name_may_look_like_fields),
		cmocka_unit_test(one_that_is_being_killed_runs_no_more_code),
		cmocka_unit_test(what_cannot_be_read_says_nothing),
		cmocka_unit_test(a_slot_names_its_process_or_its_parent_or_nobody),
		cmocka_unit_test(unknown_namespaces_are_taken_for_the_same),
		cmocka_unit_test(a_pid_is_known_in_its_namespace_and_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
