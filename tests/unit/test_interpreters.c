/* SPDX-License-Identifier: MIT */
/* What the tool says of an interpreter's version is what the readers do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/interpreters.h"
#include "stack/python_layout.h"

/* A table as 3.13 and later carry one, with offsets that fit. */
static uint64_t runtime[64];

static bool python_is_read(unsigned minor)
{
	struct python_layout layout;
	struct peek peek;

	memcpy(runtime, "xdebugpy", 8);
	runtime[1] = (uint64_t)(0x0300 | minor) << 16;
	peek_init(&peek);
	return stack_python_layout(&peek, (uint16_t)(0x0300 | minor), (uintptr_t)runtime, &layout);
}

static void test_python_is_read_where_a_layout_is_known(void **state)
{
	(void)state;
	for (unsigned minor = 0; minor < 32; minor++)
		assert_int_equal(interpreter_is_read(LANGUAGE_PYTHON, 3, minor),
				 python_is_read(minor));
	assert_false(interpreter_is_read(LANGUAGE_PYTHON, 2, 7));
}

static void test_others_are_read_as_documented(void **state)
{
	(void)state;
	assert_true(interpreter_is_read(LANGUAGE_RUBY, 2, 7));
	assert_false(interpreter_is_read(LANGUAGE_RUBY, 2, 6));
	assert_true(interpreter_is_read(LANGUAGE_RUBY, 3, 4));
	assert_false(interpreter_is_read(LANGUAGE_RUBY, 3, 5));
	assert_true(interpreter_is_read(LANGUAGE_PERL, 5, 36));
	assert_false(interpreter_is_read(LANGUAGE_PERL, 5, 22));
	assert_true(interpreter_is_read(LANGUAGE_PHP, 8, 4));
	assert_false(interpreter_is_read(LANGUAGE_PHP, 5, 6));
	assert_false(interpreter_is_read(LANGUAGE_NATIVE, 3, 11));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_python_is_read_where_a_layout_is_known),
		cmocka_unit_test(test_others_are_read_as_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
