/* SPDX-License-Identifier: MIT */
/*
 * shim/base/json.c: valid JSON whatever the bytes and however small the buffer.  A full parser
 * judges reports in tests/report/; here a small one checks the grammar for every buffer size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/text.h"

static char bytes[1024];
static struct json json;

static int begin(void **state)
{
	(void)state;
	memset(bytes, '#', sizeof(bytes));
	json_init(&json, bytes, sizeof(bytes));
	return 0;
}

static void assert_json(const char *expected)
{
	assert_int_equal(json.len, strlen(expected));
	assert_memory_equal(bytes, expected, json.len);
}

static void writes_every_kind_of_value(void **state)
{
	(void)state;
	json_begin_object(&json, NULL);
	json_put_null(&json, "n");
	json_put_bool(&json, "t", true);
	json_put_bool(&json, "f", false);
	json_put_int(&json, "i", INT64_MIN);
	json_put_uint(&json, "u", UINT64_MAX);
	json_put_string(&json, "s", "x");
	json_put_string(&json, "absent", NULL);
	json_begin_array(&json, "a");
	json_begin_object(&json, NULL);
	json_end_object(&json);
	json_put_uint(&json, NULL, 1);
	json_begin_array(&json, NULL);
	json_end_array(&json);
	json_end_array(&json);
	json_put_uint(&json, "last", 2);
	json_end_object(&json);
	assert_json("{\"n\":null,\"t\":true,\"f\":false,\"i\":-9223372036854775808,"
		    "\"u\":18446744073709551615,\"s\":\"x\",\"absent\":null,"
		    "\"a\":[{},1,[]],\"last\":2}");
	assert_int_equal(json.left_out, 0);
}

static void escapes_and_repairs_strings(void **state)
{
	static const char foreign[] = "\"\\/\n\x01\x1f\x7f\xc3\xa9\xff\xe2\x82\0z";

	(void)state;
	json_put_bytes(&json, NULL, foreign, sizeof(foreign) - 1);
	assert_json("\"\\\"\\\\/\\u000a\\u0001\\u001f\x7f\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf"
		    "\xbd\\u0000z\"");
}

/* --- a parser: each returns the position after what it read, or NULL ---------------------------
 */

static const char *parse_value(const char *at, const char *end);

static const char *parse_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\')
			at++;
		else if ((unsigned char)*at < 0x20)
			return NULL;
	return at < end ? at + 1 : NULL;
}

static const char *parse_container(const char *at, const char *end, bool object)
{
	char close = object ? '}' : ']';

	at++;
	if (at < end && *at == close)
		return at + 1;
	while (at != NULL && at < end) {
		if (object) {
			if (*at != '"' || (at = parse_string(at, end)) == NULL || at == end ||
			    *at++ != ':')
				return NULL;
		}
		at = parse_value(at, end);
		if (at == NULL || at == end)
			return NULL;
		if (*at == close)
			return at + 1;
		if (*at++ != ',')
			return NULL;
	}
	return NULL;
}

static const char *parse_value(const char *at, const char *end)
{
	static const char *const words[] = {"null", "true", "false"};

	if (at == end)
		return NULL;
	if (*at == '"')
		return parse_string(at, end);
	if (*at == '{' || *at == '[')
		return parse_container(at, end, *at == '{');
	for (size_t i = 0; i < 3; i++) {
		size_t len = strlen(words[i]);

		if ((size_t)(end - at) >= len && memcmp(at, words[i], len) == 0)
			return at + len;
	}
	if (*at == '-')
		at++;
	if (at == end || *at < '0' || *at > '9')
		return NULL;
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

static bool is_utf8(const char *at, const char *end)
{
	while (at < end) {
		size_t len = text_utf8_len(at, (size_t)(end - at));

		if (len == 0)
			return false;
		at += len;
	}
	return true;
}

static void put_sample(void)
{
	json_begin_object(&json, NULL);
	json_put_uint(&json, "pid", 4194304);
	json_begin_array(&json, "frames");
	for (unsigned i = 0; i < 12; i++) {
		struct json_mark mark = json_mark(&json);

		json_begin_object(&json, NULL);
		json_put_string(&json, "function", "\xc3\xa9\"\\\n\xff");
		json_begin_array(&json, "deep");
		json_put_bool(&json, NULL, true);
		json_put_null(&json, NULL);
		json_end_array(&json);
		json_end_object(&json);
		if (!json_complete_or_rewind(&json, mark))
			break;
	}
	json_end_array(&json);
	json_put_int(&json, "last", -1);
	json_end_object(&json);
}

static void is_valid_in_a_buffer_of_any_size(void **state)
{
	size_t whole;

	(void)state;
	put_sample();
	assert_int_equal(json.left_out, 0);
	whole = json.len;
	for (size_t size = 2; size <= whole; size++) {
		memset(bytes, '#', sizeof(bytes));
		json_init(&json, bytes, size);
		put_sample();
		assert_int_equal(json.left_out == 0, size == whole);
		assert_true(json.len <= size);
		assert_int_equal(bytes[size], '#');
		assert_ptr_equal(parse_value(bytes, bytes + json.len), bytes + json.len);
		assert_true(is_utf8(bytes, bytes + json.len));
	}
}

static void a_reserve_keeps_room_for_what_follows(void **state)
{
	(void)state;
	json_init(&json, bytes, 32);
	json_begin_object(&json, NULL);
	json_reserve(&json, 12);
	json_put_string(&json, "a", "0123456789abcdef");
	json_put_string(&json, "b", "01");
	json_reserve(&json, 0);
	json_put_bool(&json, "cut", true);
	json_end_object(&json);
	assert_json("{\"b\":\"01\",\"cut\":true}");
	assert_int_equal(json.left_out, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(writes_every_kind_of_value, begin),
		cmocka_unit_test_setup(escapes_and_repairs_strings, begin),
		cmocka_unit_test_setup(is_valid_in_a_buffer_of_any_size, begin),
		cmocka_unit_test_setup(a_reserve_keeps_room_for_what_follows, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
