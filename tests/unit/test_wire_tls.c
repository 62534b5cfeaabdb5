/* SPDX-License-Identifier: MIT */
/*
 * tls_hello_take(): the ALPN name is found in a ClientHello however its bytes, its records and its
 * extensions are cut and ordered; and what is no ClientHello is answered, not waited for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/tls_hello.h"

/* OpenSSL 3.0's, for db.example.org and "postgresql". */
static const char recorded[] =
	"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x67\x52\x8d\xab\x1a\xbe\x75\x61\x5c"
	"\x47\xa5\x68\x5a\x7d\x9c\xc0\xb2\xb8\x65\x7b\xc5\xee\xe9\x2c\x27\x3a\xbc\x45\xf3"
	"\xa7\xbe\xb9\x20\xc9\xcd\x3d\x0c\xdb\x1e\xa6\x40\x45\xbf\x8b\x1c\xa0\x99\x33\xda"
	"\x8a\xb8\xc8\xeb\x08\xc9\x4c\x84\xd5\x7f\xa3\x94\xf0\x56\x8d\x2d\x00\x3e\x13\x02"
	"\x13\x03\x13\x01\xc0\x2c\xc0\x30\x00\x9f\xcc\xa9\xcc\xa8\xcc\xaa\xc0\x2b\xc0\x2f"
	"\x00\x9e\xc0\x24\xc0\x28\x00\x6b\xc0\x23\xc0\x27\x00\x67\xc0\x0a\xc0\x14\x00\x39"
	"\xc0\x09\xc0\x13\x00\x33\x00\x9d\x00\x9c\x00\x3d\x00\x3c\x00\x35\x00\x2f\x00\xff"
	"\x01\x00\x01\x75\x00\x00\x00\x13\x00\x11\x00\x00\x0e\x64\x62\x2e\x65\x78\x61\x6d"
	"\x70\x6c\x65\x2e\x6f\x72\x67\x00\x0b\x00\x04\x03\x00\x01\x02\x00\x0a\x00\x16\x00"
	"\x14\x00\x1d\x00\x17\x00\x1e\x00\x19\x00\x18\x01\x00\x01\x01\x01\x02\x01\x03\x01"
	"\x04\x00\x23\x00\x00\x00\x10\x00\x0d\x00\x0b\x0a\x70\x6f\x73\x74\x67\x72\x65\x73"
	"\x71\x6c\x00\x16\x00\x00\x00\x17\x00\x00\x00\x0d\x00\x2a\x00\x28\x04\x03\x05\x03"
	"\x06\x03\x08\x07\x08\x08\x08\x09\x08\x0a\x08\x0b\x08\x04\x08\x05\x08\x06\x04\x01"
	"\x05\x01\x06\x01\x03\x03\x03\x01\x03\x02\x04\x02\x05\x02\x06\x02\x00\x2b\x00\x09"
	"\x08\x03\x04\x03\x03\x03\x02\x03\x01\x00\x2d\x00\x02\x01\x01\x00\x33\x00\x26\x00"
	"\x24\x00\x1d\x00\x20\xdc\xdc\x0d\xc8\x92\xcc\x19\x9d\xf9\x89\xf4\x96\x8c\xaf\xd4"
	"\xee\xd3\x17\xa1\xb8\x95\xfa\xc1\xa7\x0c\x3a\x93\x64\xf8\x83\x8d\x4f\x00\x15\x00"
	"\xb0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";

#define MAX_HELLO 70000

struct hello {
	uint8_t bytes[MAX_HELLO];
	size_t len;
};

static void put(struct hello *h, const void *bytes, size_t len)
{
	assert_true(h->len + len <= sizeof h->bytes);
	if (len > 0)
		memcpy(h->bytes + h->len, bytes, len);
	h->len += len;
}

static void put_number(struct hello *h, size_t value, size_t bytes)
{
	while (bytes-- > 0)
		put(h, &(uint8_t){(uint8_t)(value >> (8 * bytes))}, 1);
}

static void put_extension(struct hello *h, unsigned type, const void *data, size_t len)
{
	put_number(h, type, 2);
	put_number(h, len, 2);
	put(h, data, len);
}

/* `alpn`: names, each with its length before it; NULL for no such extension.  The message is cut
 * into records of `record` bytes. */
static void build(struct hello *out, const char *alpn, size_t session, bool extensions,
		  size_t record)
{
	static struct hello message, body, list;
	static const uint8_t zeros[34], sni[] = "\x00\x0c\x00\x00\x09h2.sample";

	out->len = message.len = body.len = list.len = 0;
	put_number(&body, 0x0303, 2);
	put(&body, zeros, 32);
	put_number(&body, session, 1);
	put(&body, zeros, session);
	put_number(&body, 4, 2);
	put_number(&body, 0x13011302, 4);
	put_number(&body, 1, 1);
	put_number(&body, 0, 1);
	put_extension(&list, 0x0000, sni, sizeof sni - 1);
	put_extension(&list, 0x0017, NULL, 0);
	if (alpn != NULL) {
		put_number(&list, 0x0010, 2);
		put_number(&list, strlen(alpn) + 2, 2);
		put_number(&list, strlen(alpn), 2);
		put(&list, alpn, strlen(alpn));
	}
	put_extension(&list, 0x002b, "\x02\x03\x04", 3);
	if (extensions) {
		put_number(&body, list.len, 2);
		put(&body, list.bytes, list.len);
	} else {
		put_number(&body, 0, 2);
	}
	put_number(&message, 0x01, 1);
	put_number(&message, body.len, 3);
	put(&message, body.bytes, body.len);
	for (size_t at = 0; at < message.len; at += record) {
		size_t len = message.len - at < record ? message.len - at : record;

		put_number(out, 0x160301, 3);
		put_number(out, len, 2);
		put(out, message.bytes + at, len);
	}
}

static enum protocol take(struct tls_hello *h, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	enum protocol answer;

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, bytes, len);
	answer = tls_hello_take(h, copy, len);
	free(copy);
	return answer;
}

static void check(const uint8_t *bytes, size_t len, enum protocol meant)
{
	for (size_t cut = 0; cut <= len; cut++) {
		struct tls_hello h = {0};
		enum protocol first = take(&h, bytes, cut);

		assert_true(first == PROTOCOL_UNKNOWN || first == meant);
		assert_int_equal(take(&h, bytes + cut, len - cut), meant);
		assert_int_equal(take(&h, bytes, len), meant);
	}
	for (size_t piece = 1; piece < 8; piece++) {
		struct tls_hello h = {0};
		enum protocol answer = PROTOCOL_UNKNOWN;

		for (size_t at = 0; at < len; at += piece)
			answer = take(&h, bytes + at, len - at < piece ? len - at : piece);
		assert_int_equal(answer, meant);
	}
}

static void a_recorded_hello_is_read(void **state)
{
	(void)state;
	check((const uint8_t *)recorded, sizeof recorded - 1, PROTOCOL_POSTGRESQL);
}

static void names_are_found(void **state)
{
	static const struct {
		const char *alpn;
		enum protocol protocol;
	} cases[] = {
		{"\x0apostgresql", PROTOCOL_POSTGRESQL},
		{"\x02h2\x08http/1.1", PROTOCOL_HTTP2},
		{"\x08http/1.1", PROTOCOL_HTTP},
		{"\003foo\x07tds/8.0", PROTOCOL_TDS},
		{"\x04mqtt", PROTOCOL_MQTT},
		{"\017a-very-long-one\002h2", PROTOCOL_HTTP2},
		{"\x0bpostgresqlx", PROTOCOL_TLS},
		{"\x09postgresq", PROTOCOL_TLS},
		{"\x0dpostgresql-xx", PROTOCOL_TLS},
		{"\003foo", PROTOCOL_TLS},
		{"", PROTOCOL_TLS},
		{NULL, PROTOCOL_TLS},
	};
	static struct hello h;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		build(&h, cases[i].alpn, 32, true, 16384);
		check(h.bytes, h.len, cases[i].protocol);
		build(&h, cases[i].alpn, 0, true, 7);
		check(h.bytes, h.len, cases[i].protocol);
	}
	build(&h, NULL, 32, false, 16384);
	check(h.bytes, h.len, PROTOCOL_TLS);
}

static void what_is_no_hello_is_answered(void **state)
{
	static const char *const others[] = {
		"\x17\x03\x03\x00\x05hello",
		"GET / HTTP/1.1",
		"\x16\x03\x01\x00\x04\x02zzz",
		"\x15\x03\x01",
	};
	struct tls_hello h = {0};

	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		size_t len = i == 0 ? 10 : i == 2 ? 9 : i == 3 ? 3 : strlen(others[i]);

		h = (struct tls_hello){0};
		assert_int_equal(take(&h, (const uint8_t *)others[i], len), PROTOCOL_TLS);
	}
	/* An empty record, a list that overruns its extension. */
	h = (struct tls_hello){0};
	assert_int_equal(take(&h, (const uint8_t *)"\x16\x03\x01\x00\x00", 5), PROTOCOL_TLS);
}

/* Random state and bytes: it answers in the end, and reads nothing outside. */
static void corrupt_state_does_no_harm(void **state)
{
	uint64_t seed = 88172645463325252u;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		struct tls_hello h;
		uint8_t bytes[64], raw[sizeof h];

		for (size_t i = 0; i < sizeof raw + sizeof bytes; i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			if (i < sizeof raw)
				raw[i] = (uint8_t)seed;
			else
				bytes[i - sizeof raw] = (uint8_t)seed;
		}
		memcpy(&h, raw, sizeof h);
		take(&h, bytes, sizeof bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recorded_hello_is_read),
		cmocka_unit_test(names_are_found),
		cmocka_unit_test(what_is_no_hello_is_answered),
		cmocka_unit_test(corrupt_state_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
