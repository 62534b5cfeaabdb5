/* SPDX-License-Identifier: MIT */
/*
 * The public header without the library: everything is a no-op.  With it: tests/entry.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "forksan/forksan.h"

static void never_called(void *context, long violations)
{
	(void)context;
	(void)violations;
	fail();
}

static void nothing_happens_without_the_library(void **state)
{
	(void)state;
	errno = 77;
	assert_int_equal(forksan_active(), 0);
	forksan_ignore(0);
	forksan_hand_over(-1);
	forksan_label(0, "orders-db");
	forksan_on_finding(never_called, NULL);
	assert_int_equal(forksan_check(), 0);
	assert_int_equal(forksan_findings(), 0);
	assert_int_equal(errno, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_happens_without_the_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
