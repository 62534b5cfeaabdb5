/* SPDX-License-Identifier: MIT */
/*
 * The part of cmocka that tests/unit use, for a machine for which Debian's cmocka cannot be
 * installed beside this one's.  Names and meaning are cmocka's; output is a line for each test that
 * failed.
 */
#ifndef FORKSAN_TESTS_AARCH64_CMOCKA_H
#define FORKSAN_TESTS_AARCH64_CMOCKA_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef void CMUnitTestFunction(void **state);
typedef int CMFixtureFunction(void **state);

struct CMUnitTest {
	const char *name;
	CMUnitTestFunction *test_func;
	CMFixtureFunction *setup_func;
	CMFixtureFunction *teardown_func;
	void *initial_state;
};

enum cm_end { CM_PASSED, CM_FAILED, CM_SKIPPED };

static jmp_buf cm_leave;

__attribute__((unused, noreturn)) static void cm_fail(const char *file, int line, const char *text)
{
	printf("%s:%d: %s\n", file, line, text);
	longjmp(cm_leave, CM_FAILED);
}

__attribute__((unused)) static void cm_compare(int is_as_expected, uintmax_t found, uintmax_t other,
					       const char *text, const char *file, int line)
{
	if (is_as_expected)
		return;
	printf("%s:%d: %s: %#" PRIxMAX ", %#" PRIxMAX "\n", file, line, text, found, other);
	longjmp(cm_leave, CM_FAILED);
}

__attribute__((unused)) static void cm_compare_strings(const char *found, const char *expected,
						       const char *file, int line)
{
	if (strcmp(found, expected) == 0)
		return;
	printf("%s:%d: \"%s\" is not \"%s\"\n", file, line, found, expected);
	longjmp(cm_leave, CM_FAILED);
}

__attribute__((unused)) static enum cm_end cm_run_one(const struct CMUnitTest *test)
{
	void *state = test->initial_state;
	int end;

	if (test->setup_func != NULL && test->setup_func(&state) != 0)
		return CM_FAILED;
	end = setjmp(cm_leave);
	if (end == CM_PASSED)
		test->test_func(&state);
	if (test->teardown_func != NULL && test->teardown_func(&state) != 0)
		return CM_FAILED;
	return (enum cm_end)end;
}

__attribute__((unused)) static int cm_run(const struct CMUnitTest *tests, size_t count,
					  CMFixtureFunction *setup, CMFixtureFunction *teardown)
{
	static const char *const words[] = {"passed", "FAILED", "skipped"};
	int failed = 0;
	void *state = NULL;

	if (setup != NULL && setup(&state) != 0)
		return 1;
	for (size_t i = 0; i < count; i++) {
		enum cm_end end = cm_run_one(&tests[i]);

		if (end != CM_PASSED)
			printf("%s %s\n", words[end], tests[i].name);
		failed += end == CM_FAILED;
		fflush(stdout);
	}
	if (teardown != NULL && teardown(&state) != 0)
		failed++;
	return failed;
}

#define cmocka_unit_test_setup_teardown(test, setup, teardown)                                     \
	(struct CMUnitTest)                                                                        \
	{                                                                                          \
#test, test, setup, teardown, NULL                                                 \
	}
#define cmocka_unit_test(test) cmocka_unit_test_setup_teardown(test, NULL, NULL)
#define cmocka_unit_test_setup(test, setup) cmocka_unit_test_setup_teardown(test, setup, NULL)
#define cmocka_unit_test_teardown(test, end) cmocka_unit_test_setup_teardown(test, NULL, end)
#define cmocka_run_group_tests(tests, setup, teardown)                                             \
	cm_run(tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)
#define cmocka_run_group_tests_name(name, tests, setup, teardown)                                  \
	cmocka_run_group_tests(tests, setup, teardown)

#define cm_check(condition, a, b, text)                                                            \
	cm_compare((condition) != 0, (uintmax_t)(a), (uintmax_t)(b), text, __FILE__, __LINE__)
#define assert_true(c) cm_check(c, 0, 1, #c)
#define assert_false(c) cm_check(!(c), 1, 0, "not " #c)
#define assert_null(p) cm_check((p) == NULL, 1, 0, #p " is NULL")
#define assert_non_null(p) cm_check((p) != NULL, 0, 1, #p " is not NULL")
#define assert_int_equal(a, b)                                                                     \
	do {                                                                                       \
		uintmax_t cm_a = (uintmax_t)(a);                                                   \
		uintmax_t cm_b = (uintmax_t)(b);                                                   \
		cm_check(cm_a == cm_b, cm_a, cm_b, #a " == " #b);                                  \
	} while (0)
#define assert_int_not_equal(a, b)                                                                 \
	do {                                                                                       \
		uintmax_t cm_a = (uintmax_t)(a);                                                   \
		uintmax_t cm_b = (uintmax_t)(b);                                                   \
		cm_check(cm_a != cm_b, cm_a, cm_b, #a " != " #b);                                  \
	} while (0)
#define assert_ptr_equal(a, b) assert_int_equal((uintptr_t)(a), (uintptr_t)(b))
#define assert_ptr_not_equal(a, b) assert_int_not_equal((uintptr_t)(a), (uintptr_t)(b))
#define assert_in_range(value, low, high)                                                          \
	do {                                                                                       \
		uintmax_t cm_value = (uintmax_t)(value);                                           \
		cm_check(cm_value >= (uintmax_t)(low) && cm_value <= (uintmax_t)(high), cm_value,  \
			 low, #value " in range");                                                 \
	} while (0)
#define assert_string_equal(a, b) cm_compare_strings(a, b, __FILE__, __LINE__)
#define assert_memory_equal(a, b, len) cm_check(memcmp(a, b, len) == 0, 0, len, #a " == " #b)
#define fail_msg(...)                                                                              \
	do {                                                                                       \
		printf(__VA_ARGS__);                                                               \
		cm_fail(__FILE__, __LINE__, "");                                                   \
	} while (0)
#define fail() cm_fail(__FILE__, __LINE__, "fail()")
#define skip() longjmp(cm_leave, CM_SKIPPED)
#define print_message(...) printf(__VA_ARGS__)

#endif
