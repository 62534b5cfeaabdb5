/* SPDX-License-Identifier: MIT */
/*
 * The fingerprint of a bug is a contract: baselines and suppressions hold it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/fingerprint.h"

static void keeps_its_numbers(void **state)
{
	struct fingerprint_site opened = {"/srv/app/db.py", "connect"};
	struct fingerprint_site forked = {"/usr/lib/python3/dist-packages/gunicorn/arbiter.py",
					  "Arbiter.spawn_worker"};
	struct fingerprint_site unknown = {NULL, NULL};

	(void)state;
	assert_int_equal(fingerprint("MySQL", opened, forked), UINT64_C(0xbfa811834f25316f));
	assert_int_equal(fingerprint("MySQL", unknown, unknown), UINT64_C(0x43f0d2ac41ff6e97));
}

static void takes_no_directory(void **state)
{
	struct fingerprint_site here = {"/srv/app/db.py", "connect"};
	struct fingerprint_site there = {"db.py", "connect"};

	(void)state;
	assert_int_equal(fingerprint("MySQL", here, here), fingerprint("MySQL", there, there));
}

static void tells_its_parts_apart(void **state)
{
	struct fingerprint_site a = {"a", "b"}, b = {"ab", ""}, c = {"a", "c"};

	(void)state;
	assert_int_not_equal(fingerprint("MySQL", a, a), fingerprint("MySQL", b, a));
	assert_int_not_equal(fingerprint("MySQL", a, c), fingerprint("MySQL", c, a));
	assert_int_not_equal(fingerprint("MySQL", a, a), fingerprint("Redis", a, a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_its_numbers),
		cmocka_unit_test(takes_no_directory),
		cmocka_unit_test(tells_its_parts_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
