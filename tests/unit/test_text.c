/* SPDX-License-Identifier: MIT */
/*
 * shim/base/text.c: numbers, times and foreign bytes; nothing past the end of the buffer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/text.h"

static char bytes[256];
static struct text text;

static int begin(void **state)
{
	(void)state;
	memset(bytes, '#', sizeof(bytes));
	text_init(&text, bytes, sizeof(bytes));
	return 0;
}

static void appends_numbers(void **state)
{
	const uint8_t id[] = {0x00, 0x0a, 0xff};

	(void)state;
	text_put_uint(&text, 0);
	text_put_char(&text, ' ');
	text_put_uint(&text, UINT64_MAX);
	text_put_char(&text, ' ');
	text_put_int(&text, INT64_MIN);
	text_put_char(&text, ' ');
	text_put_int(&text, 42);
	text_put_char(&text, ' ');
	text_put_hex(&text, 0x2a41);
	text_put_char(&text, ' ');
	text_put_hex_fixed(&text, 0x2a41);
	text_put_char(&text, ' ');
	text_put_hex_bytes(&text, id, sizeof(id));
	assert_string_equal(bytes, "0 18446744073709551615 -9223372036854775808 42 2a41 "
				   "0000000000002a41 000aff");
	assert_false(text.truncated);
}

static void keeps_what_fits_and_remembers(void **state)
{
	char small[5] = "....";
	struct text little;

	(void)state;
	text_init(&little, small, 4);
	text_put_string(&little, "abcdef");
	assert_string_equal(small, "abc");
	assert_int_equal(little.len, 3);
	assert_true(little.truncated);
	text_put_uint(&little, 7);
	assert_string_equal(small, "abc");
	assert_int_equal(small[4], '\0'); /* the byte behind the buffer */
	text_init(&little, small, 1);
	text_put_char(&little, 'x');
	assert_string_equal(small, "");
}

/* Against libc's calendar, over every day of 400 years and odd times of day. */
static void writes_utc_times_as_gmtime_does(void **state)
{
	(void)state;
	for (int64_t day = 0; day < 146097; day++) {
		time_t seconds = (time_t)(day * 86400 + day * 7919 % 86400);
		char expected[64];
		struct tm tm;

		gmtime_r(&seconds, &tm);
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000000042Z", &tm);
		text_init(&text, bytes, sizeof(bytes));
		text_put_time(&text, (uint64_t)seconds * 1000000000 + 42);
		assert_string_equal(bytes, expected);
	}
}

static void pads_to_a_column(void **state)
{
	(void)state;
	text_put_string(&text, "ab");
	text_pad_to(&text, 0, 4);
	text_put_string(&text, "cdef");
	text_pad_to(&text, 0, 4);
	text_put_char(&text, '|');
	assert_string_equal(bytes, "ab  cdef |");
}

static void tells_utf8(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
		{"a", 1},
		{"\xc3\xa9", 2},
		{"\xe2\x82\xac", 3},
		{"\xf0\x9f\x90\x98", 4},
		{"\xf4\x8f\xbf\xbf", 4},
		{"\x80", 0},		 /* continuation first */
		{"\xc3", 0},		 /* cut */
		{"\xe2\x82", 0},	 /* cut */
		{"\xc0\xaf", 0},	 /* overlong */
		{"\xe0\x80\xaf", 0},	 /* overlong */
		{"\xf0\x80\x80\xaf", 0}, /* overlong */
		{"\xed\xa0\x80", 0},	 /* surrogate */
		{"\xf4\x90\x80\x80", 0}, /* above U+10FFFF */
		{"\xff", 0},
		{"\xe2\x28\xa1", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(text_utf8_len(cases[i].bytes, strlen(cases[i].bytes)),
				 cases[i].len);
}

static void shows_foreign_bytes_without_controls(void **state)
{
	static const char foreign[] = "a\x1b[31m\n\xff\xc3\xa9\xc2\x9b\x7f\xf0\x9f\x90\x98";

	(void)state;
	text_put_escaped(&text, foreign, sizeof(foreign) - 1);
	assert_string_equal(bytes, "a?[31m??\xc3\xa9??\xf0\x9f\x90\x98");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(appends_numbers, begin),
		cmocka_unit_test_setup(keeps_what_fits_and_remembers, begin),
		cmocka_unit_test_setup(writes_utc_times_as_gmtime_does, begin),
		cmocka_unit_test_setup(pads_to_a_column, begin),
		cmocka_unit_test_setup(tells_utf8, begin),
		cmocka_unit_test_setup(shows_foreign_bytes_without_controls, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
