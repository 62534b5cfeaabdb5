/* SPDX-License-Identifier: MIT */
/*
 * tls_hello_take(): the ALPN name and the server's are found in a ClientHello however its bytes,
 * its records and its extensions are cut and ordered; and what is no ClientHello is answered, not
 * waited for.  tls_hello_take_answer(): so is the choice in a ServerHello.
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

/* OpenSSL 3.0's answers to "h2" and "http/1.1": by TLS 1.2, with h2, and by TLS 1.3. */
static const char answer_12[] =
	"\x16\x03\x03\x00\x4a\x02\x00\x00\x46\x03\x03\x76\x48\xfc\xd3\x29\x96\xfa\x49\x96"
	"\xfd\xe9\x2e\x3a\xa6\xa7\x7b\x70\x3a\x68\xec\xc6\xa0\x6c\xc7\x44\x4f\x57\x4e\x47"
	"\x52\x44\x01\x00\xc0\x30\x00\x00\x1e\xff\x01\x00\x01\x00\x00\x0b\x00\x04\x03\x00"
	"\x01\x02\x00\x23\x00\x00\x00\x10\x00\x05\x00\x03\x02\x68\x32\x00\x17\x00\x00";
static const char answer_13[] =
	"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03\x33\xc3\xd4\xdf\x0b\xd2\xbe\x12\xc1"
	"\x1f\x0e\xed\x59\xab\x46\x7b\xa0\xa5\xf8\x81\x53\xe5\xdc\x9c\xc3\x18\x60\x28\x73"
	"\x92\xa1\x71\x20\x4c\x4c\xf7\xe9\x49\x57\x5c\x35\xef\x9f\x69\xd6\x39\x16\x08\xbd"
	"\x64\x3d\x28\x74\x79\x94\xb7\xd0\x89\x41\x68\x5e\xd0\xd2\x72\xb7\x13\x02\x00\x00"
	"\x2e\x00\x2b\x00\x02\x03\x04\x00\x33\x00\x24\x00\x1d\x00\x20\x7a\xd3\xce\x54\x40"
	"\x79\x43\x79\x7c\xff\xb1\x63\x25\xe0\x3a\x19\x31\xb3\x9d\xa3\x5c\xd4\xb2\xca\x6c"
	"\x20\x5f\x98\x91\x68\x2a\x6d";

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

/* What build() puts into a hello. */
struct form {
	const char *alpn; /* names, each with its length before it; NULL: no such extension */
	const char *host; /* NULL: no such extension */
	size_t session;	  /* bytes */
	size_t record;	  /* bytes of the message in each */
	bool late_host;	  /* after ALPN */
	uint8_t host_type;
};

static void put_host(struct hello *list, const struct form *form)
{
	size_t len;

	if (form->host == NULL)
		return;
	len = strlen(form->host);
	put_number(list, 0x0000, 2);
	put_number(list, len + 5, 2);
	put_number(list, len + 3, 2);
	put_number(list, form->host_type, 1);
	put_number(list, len, 2);
	put(list, form->host, len);
}

static void build(struct hello *out, const struct form *form)
{
	static struct hello message, body, list;
	static const uint8_t zeros[256];

	out->len = message.len = body.len = list.len = 0;
	put_number(&body, 0x0303, 2);
	put(&body, zeros, 32);
	put_number(&body, form->session, 1);
	put(&body, zeros, form->session);
	put_number(&body, 4, 2);
	put_number(&body, 0x13011302, 4);
	put_number(&body, 1, 1);
	put_number(&body, 0, 1);
	if (!form->late_host)
		put_host(&list, form);
	put_extension(&list, 0x0017, NULL, 0);
	if (form->alpn != NULL) {
		put_number(&list, 0x0010, 2);
		put_number(&list, strlen(form->alpn) + 2, 2);
		put_number(&list, strlen(form->alpn), 2);
		put(&list, form->alpn, strlen(form->alpn));
	}
	if (form->late_host)
		put_host(&list, form);
	put_extension(&list, 0x002b, "\x02\x03\x04", 3);
	put_number(&body, list.len, 2);
	put(&body, list.bytes, list.len);
	put_number(&message, 0x01, 1);
	put_number(&message, body.len, 3);
	put(&message, body.bytes, body.len);
	for (size_t at = 0; at < message.len; at += form->record) {
		size_t left = message.len - at, len = left < form->record ? left : form->record;

		put_number(out, 0x160301, 3);
		put_number(out, len, 2);
		put(out, message.bytes + at, len);
	}
}

typedef enum protocol taker(struct tls_hello *hello, const uint8_t *bytes, size_t len);

static enum protocol take_by(taker *reader, struct tls_hello *h, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	enum protocol answer;

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, bytes, len);
	answer = reader(h, copy, len);
	free(copy);
	return answer;
}

static enum protocol take(struct tls_hello *h, const uint8_t *bytes, size_t len)
{
	return take_by(tls_hello_take, h, bytes, len);
}

static enum protocol take_answer(struct tls_hello *h, const uint8_t *bytes, size_t len)
{
	return take_by(tls_hello_take_answer, h, bytes, len);
}

static void check_name(const struct tls_hello *h, const char *meant)
{
	char name[FORKSAN_SERVER_NAME_BYTES];

	assert_int_equal(tls_hello_server_name(h, name), meant[0] != '\0');
	assert_string_equal(name, meant);
}

/* `host`: "" for none. */
static void check(const uint8_t *bytes, size_t len, enum protocol meant, const char *host)
{
	for (size_t cut = 0; cut <= len; cut++) {
		struct tls_hello h = {0};
		enum protocol first = take(&h, bytes, cut);

		assert_true(first == PROTOCOL_UNKNOWN || first == meant);
		assert_int_equal(take(&h, bytes + cut, len - cut), meant);
		assert_int_equal(take(&h, bytes, len), meant);
		check_name(&h, host);
	}
	for (size_t piece = 1; piece < 8; piece++) {
		struct tls_hello h = {0};
		enum protocol answer = PROTOCOL_UNKNOWN;

		for (size_t at = 0; at < len; at += piece)
			answer = take(&h, bytes + at, len - at < piece ? len - at : piece);
		assert_int_equal(answer, meant);
		check_name(&h, host);
	}
}

static void a_recorded_hello_is_read(void **state)
{
	(void)state;
	check((const uint8_t *)recorded, sizeof recorded - 1, PROTOCOL_POSTGRESQL,
	      "db.example.org");
}

static void alpn_names_are_found(void **state)
{
	static const struct {
		const char *alpn;
		enum protocol protocol;
	} cases[] = {
		{"\x0apostgresql", PROTOCOL_POSTGRESQL},
		{"\x02h2\x08http/1.1", PROTOCOL_HTTPS},
		{"\x08http/1.1\x02h2\x08http/1.1", PROTOCOL_HTTPS},
		{"\x08http/1.1\x08http/1.0", PROTOCOL_HTTP},
		{"\x02h2\x02h2", PROTOCOL_HTTP2},
		{"\x02h2\x04mqtt", PROTOCOL_TLS},
		{"\x02h2\x04mqtt\x02h2", PROTOCOL_TLS},
		{"\x08http/1.1", PROTOCOL_HTTP},
		{"\003foo\x07tds/8.0", PROTOCOL_TDS},
		{"\x04mqtt", PROTOCOL_MQTT},
		{"\017a-very-long-one\002h2", PROTOCOL_HTTP2},
		{"\x0bpostgresqlx", PROTOCOL_TLS},
		{"\x09postgresq", PROTOCOL_TLS},
		{"\x0dpostgresql-xx", PROTOCOL_TLS},
		{"\003foo", PROTOCOL_TLS},
		{"\x7f"
		 "h2",
		 PROTOCOL_TLS},
		{"", PROTOCOL_TLS},
		{NULL, PROTOCOL_TLS},
	};
	static struct hello h;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct form form = {cases[i].alpn, "h2.sample", 32, 16384, false, 0};

		build(&h, &form);
		check(h.bytes, h.len, cases[i].protocol, "h2.sample");
		form.late_host = true;
		build(&h, &form);
		check(h.bytes, h.len, cases[i].protocol, "h2.sample");
		form.session = 0;
		form.record = 7;
		build(&h, &form);
		check(h.bytes, h.len, cases[i].protocol, "h2.sample");
	}
}

static void server_names_are_kept_whole_or_not_at_all(void **state)
{
	static const char longest[] =
		"db-1.cluster-c9akciq32abc.eu-central-1.rds.amazonaws.example.org";
	static const struct {
		const char *host;
		const char *kept;
	} cases[] = {
		{"a", "a"},
		{"localhost", "localhost"},
		{"XN--d1acufc.example", "XN--d1acufc.example"},
		{"_tls.db_1.example", "_tls.db_1.example"},
		{longest + 1, longest + 1}, /* 63 bytes */
		{longest, ""},
		{"", ""},
		{NULL, ""},
		{"db example", ""},
		{"db\nexample", ""},
		{"db\033[31m", ""},
		{"d\xc3\xbc.example", ""},
		{"a/b", ""},
		{"\"", ""},
	};
	static struct hello h;

	(void)state;
	assert_int_equal(strlen(longest), FORKSAN_SERVER_NAME_BYTES);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct form form = {"\x02h2", cases[i].host, 32, 16384, i % 2, 0};

		build(&h, &form);
		check(h.bytes, h.len, PROTOCOL_HTTP2, cases[i].kept);
		form.host_type = 1;
		build(&h, &form);
		check(h.bytes, h.len, PROTOCOL_HTTP2, "");
	}
}

/* A name is shown once it is there to its last byte. */
static void half_a_name_is_none(void **state)
{
	struct tls_hello h = {0};
	size_t end =
		(size_t)((const char *)memmem(recorded, sizeof recorded, "db.example.org", 14) -
			 recorded) +
		14;

	(void)state;
	take(&h, (const uint8_t *)recorded, end - 1);
	check_name(&h, "");
	take(&h, (const uint8_t *)recorded + end - 1, 1);
	check_name(&h, "db.example.org");
}

/* An extension's bytes as they stand in a hello. */
static void check_broken(const char *extension, size_t len)
{
	static struct hello h, list;
	static const uint8_t zeros[32];

	h.len = list.len = 0;
	put(&list, extension, len);
	put_extension(&list, 0x0010, "\x00\x03\x02h2", 5);
	put_number(&h, 0x160301, 3);
	put_number(&h, 4 + 34 + 1 + 4 + 2 + 2 + list.len, 2);
	put_number(&h, 0x01, 1);
	put_number(&h, 34 + 1 + 4 + 2 + 2 + list.len, 3);
	put_number(&h, 0x0303, 2);
	put(&h, zeros, 32);
	put_number(&h, 0, 1);
	put_number(&h, 2, 2);
	put_number(&h, 0x1301, 2);
	put_number(&h, 0x0100, 2);
	put_number(&h, list.len, 2);
	put(&h, list.bytes, list.len);
	check(h.bytes, h.len, PROTOCOL_HTTP2, "");
}

/* A length that overruns its extension is no name, and what stands behind it is read all the same.
 */
static void broken_extensions_are_passed_over(void **state)
{
	(void)state;
	check_broken("\x00\x00\x00\x00", 4);
	check_broken("\x00\x00\x00\x05\x00\x03\x00\x00\x00", 9);
	check_broken("\x00\x00\x00\x06\x00\x04\x00\x00\x02"
		     "a",
		     10);
	check_broken("\x00\x00\x00\x06\x00\x04\x00\xff\xff"
		     "a",
		     10);
	check_broken("\x00\x00\x00\x03\x00\x01\x00", 7);
	check_broken("\x00\x10\x00\x02\x00\x00", 6);
	check_broken("\x00\x10\x00\x03\x00\x01\x00", 7);
	check_broken("\x00\x10\x00\x01\x00", 5);
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
		check_name(&h, "");
	}
	/* An empty record, a list that overruns its extension. */
	h = (struct tls_hello){0};
	assert_int_equal(take(&h, (const uint8_t *)"\x16\x03\x01\x00\x00", 5), PROTOCOL_TLS);
}

/* --- the server's hello --------------------------------------------------------------------------
 */

static struct tls_hello offer(const char *alpn)
{
	static struct hello client;
	struct form form = {alpn, "h2.sample", 32, 16384, false, 0};
	struct tls_hello h = {0};

	build(&client, &form);
	assert_false(tls_hello_wants_answer(&h));
	take(&h, client.bytes, client.len - 1);
	assert_false(tls_hello_wants_answer(&h));
	take(&h, client.bytes + client.len - 1, 1);
	return h;
}

/* However the answer is cut. */
static void check_answer(const char *alpn, const void *bytes, size_t len, enum protocol meant)
{
	for (size_t cut = 0; cut <= len; cut++) {
		struct tls_hello h = offer(alpn);
		enum protocol first;

		assert_true(tls_hello_wants_answer(&h));
		first = take_answer(&h, bytes, cut);
		assert_true(first == PROTOCOL_UNKNOWN || first == meant);
		assert_int_equal(tls_hello_wants_answer(&h), first == PROTOCOL_UNKNOWN);
		if (first == PROTOCOL_UNKNOWN)
			first = take_answer(&h, (const uint8_t *)bytes + cut, len - cut);
		assert_int_equal(first, meant);
		assert_false(tls_hello_wants_answer(&h));
		assert_int_equal(take_answer(&h, bytes, len), meant);
		assert_int_equal(take(&h, bytes, len), meant);
		check_name(&h, "h2.sample");
	}
}

/* `alpn`: NULL for no such extension. */
static void build_answer(struct hello *out, const char *alpn, size_t session, bool extensions,
			 size_t record)
{
	static struct hello message, body, list;
	static const uint8_t zeros[256];

	out->len = message.len = body.len = list.len = 0;
	put_number(&body, 0x0303, 2);
	put(&body, zeros, 32);
	put_number(&body, session, 1);
	put(&body, zeros, session);
	put_number(&body, 0xc030, 2);
	put_number(&body, 0, 1);
	put_extension(&list, 0xff01, "", 1);
	if (alpn != NULL) {
		put_number(&list, 0x0010, 2);
		put_number(&list, strlen(alpn) + 2, 2);
		put_number(&list, strlen(alpn), 2);
		put(&list, alpn, strlen(alpn));
	}
	put_extension(&list, 0x0017, NULL, 0);
	if (extensions) {
		put_number(&body, list.len, 2);
		put(&body, list.bytes, list.len);
	}
	put_number(&message, 0x02, 1);
	put_number(&message, body.len, 3);
	put(&message, body.bytes, body.len);
	put(&message, "\x0b\x00\x00\x03\x00\x00\x00", 7); /* Certificate, RFC 5246 section 7.4.2 */
	for (size_t at = 0; at < message.len; at += record) {
		size_t left = message.len - at, len = left < record ? left : record;

		put_number(out, 0x160303, 3);
		put_number(out, len, 2);
		put(out, message.bytes + at, len);
	}
}

static void the_choice_is_found_up_to_tls_1_2(void **state)
{
	static const struct {
		const char *offer, *choice;
		enum protocol protocol;
	} cases[] = {
		{"\x02h2\x08http/1.1", "\x02h2", PROTOCOL_HTTP2},
		{"\x02h2\x08http/1.1", "\x08http/1.1", PROTOCOL_HTTP},
		{"\x02h2\x08http/1.1", NULL, PROTOCOL_HTTP},
		{"\x02h2\x08http/1.1\003foo", "\003foo", PROTOCOL_TLS},
		{"\x02h2\x04mqtt", "\x04mqtt", PROTOCOL_MQTT},
		{"\x02h2\x04mqtt", NULL, PROTOCOL_TLS},
		{"\x0apostgresql\x07tds/8.0", "\x0apostgresql", PROTOCOL_POSTGRESQL},
	};
	static const size_t sessions[] = {0, 32, 255};
	static struct hello h;

	(void)state;
	check_answer("\x02h2\x08http/1.1", answer_12, sizeof answer_12 - 1, PROTOCOL_HTTP2);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t s = 0; s < sizeof sessions / sizeof sessions[0]; s++) {
			build_answer(&h, cases[i].choice, sessions[s], true, 16384);
			check_answer(cases[i].offer, h.bytes, h.len, cases[i].protocol);
			build_answer(&h, cases[i].choice, sessions[s], true, 7);
			check_answer(cases[i].offer, h.bytes, h.len, cases[i].protocol);
			build_answer(&h, NULL, sessions[s], false, 16384);
			check_answer("\x02h2\x08http/1.1", h.bytes, h.len, PROTOCOL_HTTP);
		}
}

static void tls_1_3_hides_the_choice(void **state)
{
	(void)state;
	check_answer("\x02h2\x08http/1.1", answer_13, sizeof answer_13 - 1, PROTOCOL_HTTPS);
	check_answer("\x02h2\x04mqtt", answer_13, sizeof answer_13 - 1, PROTOCOL_TLS);
}

static void what_is_no_answer_leaves_the_offer(void **state)
{
	(void)state;
	check_answer("\x02h2\x08http/1.1", "\x15\x03\x03\x00\x02\x02\x28", 7, PROTOCOL_HTTPS);
	check_answer("\x02h2\x08http/1.1", "\x16\x03\x03\x00\x04\x02\x00\x00\x00", 9,
		     PROTOCOL_HTTPS);
	check_answer("\x02h2\x08http/1.1", "\x16\x03\x03\x00\x04\x01zzz", 9, PROTOCOL_HTTPS);
}

static void one_offer_needs_no_answer(void **state)
{
	static const char *const offers[] = {"\x02h2", "\003foo", "\x0apostgresql", NULL};

	(void)state;
	for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++) {
		struct tls_hello h = offer(offers[i]);

		assert_false(tls_hello_wants_answer(&h));
	}
}

/* Random state and bytes: it answers in the end, and reads nothing outside. */
static void corrupt_state_does_no_harm(void **state)
{
	uint64_t seed = 88172645463325252u;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		struct tls_hello h;
		uint8_t bytes[64], raw[sizeof h];
		char name[FORKSAN_SERVER_NAME_BYTES];

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
		if (tls_hello_wants_answer(&h))
			take_answer(&h, bytes, sizeof bytes);
		take(&h, bytes, sizeof bytes);
		h.server_name_len = raw[0];
		if (tls_hello_server_name(&h, name))
			assert_true(strlen(name) == raw[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recorded_hello_is_read),
		cmocka_unit_test(alpn_names_are_found),
		cmocka_unit_test(server_names_are_kept_whole_or_not_at_all),
		cmocka_unit_test(half_a_name_is_none),
		cmocka_unit_test(broken_extensions_are_passed_over),
		cmocka_unit_test(what_is_no_hello_is_answered),
		cmocka_unit_test(the_choice_is_found_up_to_tls_1_2),
		cmocka_unit_test(tls_1_3_hides_the_choice),
		cmocka_unit_test(what_is_no_answer_leaves_the_offer),
		cmocka_unit_test(one_offer_needs_no_answer),
		cmocka_unit_test(corrupt_state_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
