/* SPDX-License-Identifier: MIT */
/*
 * shim/common/session.c: names of registries.  A name that leads elsewhere would have a file
 * removed that is none of ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/session.h"

static void names_are_sixteen_digits(void **state)
{
	(void)state;
	assert_true(session_is_name("0123456789abcdef"));
	assert_false(session_is_name(""));
	assert_false(session_is_name("0123456789abcde"));
	assert_false(session_is_name("0123456789abcdef0"));
	assert_false(session_is_name("0123456789ABCDEF"));
	assert_false(session_is_name("../3456789abcdef"));
}

static void a_draft_is_two_names(void **state)
{
	char draft[SESSION_DRAFT_BYTES];

	(void)state;
	session_put_draft(draft, "0123456789abcdef", 0xfedcba9876543210);
	assert_string_equal(draft, "0123456789abcdef.fedcba9876543210");
	assert_true(session_is_draft(draft));
	assert_false(session_is_name(draft));
	assert_false(session_is_draft("0123456789abcdef"));
	assert_false(session_is_draft("0123456789abcdef."));
	assert_false(session_is_draft("0123456789abcdef.fedcba987654321"));
	assert_false(session_is_draft("0123456789abcdef/fedcba9876543210"));
	assert_false(session_is_draft(""));
}

static void a_path_is_the_users(void **state)
{
	char path[SESSION_PATH_BYTES];

	(void)state;
	session_put_path(path, 0, "0123456789abcdef");
	assert_string_equal(path, "/dev/shm/forksan-0/0123456789abcdef");
	session_put_path(path, UINT32_MAX, "0123456789abcdef");
	assert_string_equal(path, "/dev/shm/forksan-4294967295/0123456789abcdef");
}

static void a_number_says_who_waits(void **state)
{
	char name[REGISTRY_SESSION_BYTES];

	(void)state;
	session_put_number(name, session_number_for_waiter(UINT64_MAX, 4194304));
	assert_string_equal(name, "ffffffffff400000");
	assert_int_equal(session_waiter(name), 4194304);
	session_put_number(name, session_number_for_waiter(0, 7));
	assert_string_equal(name, "0000000000000007");
	assert_int_equal(session_waiter(name), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_sixteen_digits),
		cmocka_unit_test(a_draft_is_two_names),
		cmocka_unit_test(a_path_is_the_users),
		cmocka_unit_test(a_number_says_who_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
