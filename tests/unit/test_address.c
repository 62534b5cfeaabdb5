/* SPDX-License-Identifier: MIT */
/*
 * shim/base/address.c against the examples of RFC 5952 and getnameinfo()'s spelling.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/address.h"

static char bytes[ADDRESS_TEXT_BYTES];
static struct text text;

static int begin(void **state)
{
	(void)state;
	text_init(&text, bytes, sizeof(bytes));
	return 0;
}

static void put_in6(const char *written, uint16_t port, uint32_t scope)
{
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = scope};

	assert_int_equal(inet_pton(AF_INET6, written, &in6.sin6_addr), 1);
	text_init(&text, bytes, sizeof(bytes));
	assert_true(address_put(&text, &in6, sizeof(in6)));
}

static void ipv4_is_address_and_port(void **state)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(3306)};

	(void)state;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(address_put(&text, &in, sizeof(in)));
	assert_string_equal(bytes, "127.0.0.1:3306");
}

static void ipv6_is_written_as_rfc_5952_says(void **state)
{
	static const char *const written[] = {
		"::",
		"::1",
		"1::",
		"2001:db8::1",
		"2001:db8:0:1:1:1:1:1", /* one zero group is not shortened */
		"2001:0:0:1::1",	/* the longer run is */
		"2001:db8::1:0:0:1",	/* the first of equal runs is */
		"1:2:3:4:5:6:7:8",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"::ffff:192.0.2.7",
		"1:2:3:4:5:6::",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
		char expected[INET6_ADDRSTRLEN + 16];
		struct text want;

		text_init(&want, expected, sizeof(expected));
		text_put_char(&want, '[');
		text_put_string(&want, written[i]);
		text_put_string(&want, "]:5432");
		put_in6(written[i], 5432, 0);
		assert_string_equal(bytes, expected);
	}
	put_in6("fe80::1", 6379, 2);
	assert_string_equal(bytes, "[fe80::1%2]:6379");
}

static void unix_sockets_are_paths_or_names(void **state)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	socklen_t header = offsetof(struct sockaddr_un, sun_path);

	(void)state;
	strcpy(un.sun_path, "/run/mysqld/mysqld.sock");
	assert_true(address_put(&text, &un, sizeof(un)));
	assert_string_equal(bytes, "/run/mysqld/mysqld.sock");

	text_init(&text, bytes, sizeof(bytes));
	memcpy(un.sun_path, "\0a\0b", 4);
	assert_true(address_put(&text, &un, header + 4));
	assert_string_equal(bytes, "@a@b");

	/* All 108 bytes, no NUL: unix(7) allows it. */
	text_init(&text, bytes, sizeof(bytes));
	memset(un.sun_path, 'x', sizeof(un.sun_path));
	assert_true(address_put(&text, &un, sizeof(un)));
	assert_int_equal(text.len, 108);
	assert_false(text.truncated);
}

static void addresses_that_say_nothing_are_refused(void **state)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(1)};
	struct sockaddr unspecified = {.sa_family = AF_UNSPEC};

	(void)state;
	assert_false(address_put(&text, &un, offsetof(struct sockaddr_un, sun_path)));
	assert_false(address_put(&text, &in, sizeof(in) - 1));
	assert_false(address_put(&text, &in, 1));
	assert_false(address_put(&text, &in, 0));
	assert_false(address_put(&text, &unspecified, sizeof(unspecified)));
	assert_int_equal(text.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ipv4_is_address_and_port, begin),
		cmocka_unit_test_setup(ipv6_is_written_as_rfc_5952_says, begin),
		cmocka_unit_test_setup(unix_sockets_are_paths_or_names, begin),
		cmocka_unit_test_setup(addresses_that_say_nothing_are_refused, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
