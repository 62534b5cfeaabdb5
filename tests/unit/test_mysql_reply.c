/* SPDX-License-Identifier: MIT */
/*
 * What a packet of a MySQL reply is: every packet that mysql_judge_packet() knows, alone, with the
 * bytes behind the kept ones spoilt, so that a look too far shows.  Whole conversations are in
 * test_wire_parse.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/mysql_reply.h"

#define KNOWN MYSQL_PARSER_EOF_KNOWN
#define USED (MYSQL_PARSER_EOF_KNOWN | MYSQL_PARSER_EOF_USED)
#define SAME 0xffff

struct packet {
	const char *what;
	uint8_t phase; /* before */
	uint8_t kind;
	uint16_t flags;
	uint64_t definitions;
	const char *bytes;
	size_t len;
	uint64_t more; /* bytes of the packet behind those */
	uint8_t next;
	uint16_t flags_after; /* SAME: unchanged */
	uint64_t definitions_after;
};

#define P(s) (s), sizeof(s) - 1

/* The bytes that the packet's reader keeps. */
static void keep(struct wire_stream *s, const struct packet *p)
{
	memset(s, 0, sizeof *s);
	memset(s->kept, 0xfb, sizeof s->kept);
	s->phase = p->phase;
	s->definitions = p->definitions;
	s->columns = 2;
	s->skip = p->len + p->more;
	for (;;) {
		size_t want = mysql_wanted_bytes(s, p->kind);

		if (want <= s->have)
			return;
		assert_in_range(want, 1, sizeof s->kept);
		if (want > p->len)
			fail_msg("%s: wants %zu bytes", p->what, want);
		memcpy(s->kept, p->bytes, want);
		s->have = (uint8_t)want;
		s->skip = p->len + p->more - want;
	}
}

static void check(const struct packet *p)
{
	struct wire_parser parser = {.flags = p->flags};
	struct wire_stream s;
	uint8_t next;

	keep(&s, p);
	next = mysql_judge_packet(&parser, &s, p->kind);
	if (next != p->next)
		fail_msg("%s: phase %u, not %u", p->what, next, p->next);
	if (parser.flags != (p->flags_after == SAME ? p->flags : p->flags_after))
		fail_msg("%s: flags %x", p->what, parser.flags);
	if (s.definitions != p->definitions_after)
		fail_msg("%s: %llu definitions", p->what, (unsigned long long)s.definitions);
}

#define FIRST MYSQL_PHASE_FIRST, MYSQL_KIND_RESULT, 0, 0
#define ROWS MYSQL_PHASE_ROWS, MYSQL_KIND_RESULT, KNOWN, 0
#define DONE(kind) MYSQL_PHASE_COLUMNS_DONE, (kind), 0, 0
#define PREPARE MYSQL_PHASE_FIRST, MYSQL_KIND_PREPARE, 0, 0
#define TO(phase) MYSQL_PHASE_##phase, SAME, 0

static const struct packet packets[] = {
	/* an OK and its status, behind two length-encoded integers */
	{"OK", FIRST, P("\x00\x00\x00\x02\x00\x00\x00"), 0, TO(BETWEEN)},
	{"OK, more results", FIRST, P("\x00\x00\x00\x0a\x00\x00\x00"), 0, TO(FIRST)},
	{"OK, 2 byte integers", FIRST, P("\x00\xfc\x01\x01\xfc\x08\x08\x08\x00\x00\x00"), 0,
	 TO(FIRST)},
	{"OK, the 8 is in an integer of 2 bytes", FIRST,
	 P("\x00\xfc\x08\x08\xfc\x08\x08\x02\x00\x00\x00"), 0, TO(BETWEEN)},
	{"OK, 3 byte integers", FIRST, P("\x00\xfd\x01\x01\x01\xfd\x01\x01\x01\x08\x00\x00\x00"), 0,
	 TO(FIRST)},
	{"OK, 8 byte integers", FIRST,
	 P("\x00\xfe\x01\x01\x01\x01\x01\x01\x01\x01\xfe\x01\x01\x01\x01\x01\x01\x01\x01\x08\x00"
	   "\x00\x00"),
	 0, TO(FIRST)},
	{"OK, an integer of 250", FIRST, P("\x00\xfa\xfa\x08\x00\x00\x00"), 0, TO(FIRST)},
	{"OK, NULL in place of an integer", FIRST, P("\x00\xfb\x00\x08\x00\x08\x00"), 0,
	 TO(BETWEEN)},
	{"OK, FF in place of an integer", FIRST, P("\x00\x00\xff\x08\x00\x08\x00"), 0, TO(BETWEEN)},
	{"OK, cut within its status", FIRST, P("\x00\x00\x00\x08"), 0, TO(BETWEEN)},
	{"OK, its status and no more", FIRST, P("\x00\x00\x00\x08\x00"), 0, TO(FIRST)},
	{"OK, cut before its status", FIRST, P("\x00\x00\x00"), 0, TO(BETWEEN)},
	{"OK, cut within an integer", FIRST, P("\x00\x00\xfc\x08"), 0, TO(BETWEEN)},
	{"OK, one byte", FIRST, P("\x00"), 0, TO(BETWEEN)},
	/* the EOF in place of a result: status in its own place */
	{"EOF, more results", FIRST, P("\xfe\xfc\x00\x08\x00"), 0, TO(FIRST)},
	{"EOF, 8 warnings", FIRST, P("\xfe\x08\x08\x02\x00"), 0, TO(BETWEEN)},
	{"FE of six bytes has no status", FIRST, P("\xfe\x00\x00\x08\x00\x08"), 0, TO(BETWEEN)},
	/* errors and progress */
	{"ERR", FIRST, P("\xff\x7a\x04#42S02"), 0, TO(BETWEEN)},
	{"ERR among rows", ROWS, P("\xff\x7a\x04"), 6, TO(BETWEEN)},
	{"progress", FIRST, P("\xff\xff\xff\x01"), 0, TO(FIRST)},
	{"progress of three bytes among rows", ROWS, P("\xff\xff\xff"), 0, TO(ROWS)},
	{"ERR of two bytes", ROWS, P("\xff\xff"), 0, TO(BETWEEN)},
	{"ERR with half the code of progress", ROWS, P("\xff\xff\x04"), 0, TO(BETWEEN)},
	/* the number of columns */
	{"a file is wanted", FIRST, P("\xfb/f"), 0, TO(FILE_SENT)},
	{"one column", FIRST, P("\x01"), 0, MYSQL_PHASE_COLUMNS, SAME, 1},
	{"250 columns", FIRST, P("\xfa"), 0, MYSQL_PHASE_COLUMNS, SAME, 250},
	{"258 columns", FIRST, P("\xfc\x02\x01"), 0, MYSQL_PHASE_COLUMNS, SAME, 258},
	{"65 535 columns in three bytes", FIRST, P("\xfd\xff\xff\x00"), 0, MYSQL_PHASE_COLUMNS,
	 SAME, 65535},
	{"65 536 columns are none", FIRST, P("\xfd\x00\x00\x01"), 0, TO(LAST)},
	{"no columns in two bytes are none", FIRST, P("\xfc\x00\x00"), 0, TO(LAST)},
	{"a number that is cut", FIRST, P("\xfc\x02"), 0, TO(LAST)},
	{"definitions are left out", FIRST, P("\x03\x00"), 0, MYSQL_PHASE_COLUMNS_DONE, SAME, 3},
	{"definitions are not left out", FIRST, P("\x03\x01"), 0, MYSQL_PHASE_COLUMNS, SAME, 3},
	{"two bytes too many to leave them out", FIRST, P("\x03\x00\x00"), 0, MYSQL_PHASE_COLUMNS,
	 SAME, 3},
	{"any packet answers a command of one", MYSQL_PHASE_FIRST, MYSQL_KIND_ONE, 0, 0,
	 P("\x08\x00"), 0, TO(BETWEEN)},
	/* after a file */
	{"a file is taken", MYSQL_PHASE_FILE_SENT, MYSQL_KIND_RESULT, 0, 0,
	 P("\x00\x00\x00\x02\x00\x00\x00"), 0, TO(BETWEEN)},
	{"a file is taken, more results", MYSQL_PHASE_FILE_SENT, MYSQL_KIND_RESULT, 0, 0,
	 P("\x00\x00\x00\x08\x00\x00\x00"), 0, TO(FIRST)},
	{"no OK after a file", MYSQL_PHASE_FILE_SENT, MYSQL_KIND_RESULT, 0, 0, P("\x01"), 0,
	 TO(LAST)},
	/* definitions */
	{"a column of two", MYSQL_PHASE_COLUMNS, MYSQL_KIND_RESULT, 0, 2,
	 P("\x03"
	   "def"),
	 9, MYSQL_PHASE_COLUMNS, SAME, 1},
	{"the last column", MYSQL_PHASE_COLUMNS, MYSQL_KIND_RESULT, 0, 1,
	 P("\x03"
	   "def"),
	 9, TO(COLUMNS_DONE)},
	{"a column that begins as an end does", MYSQL_PHASE_COLUMNS, MYSQL_KIND_RESULT, 0, 2,
	 P("\xfe\x00\x00\x02\x00"), 0, MYSQL_PHASE_COLUMNS, SAME, 1},
	/* the first row, or the EOF before it */
	{"a row shows that no EOF comes", DONE(MYSQL_KIND_RESULT),
	 P("\x01"
	   "a"),
	 0, MYSQL_PHASE_ROWS, KNOWN, 0},
	{"a row shows it also against what was known", MYSQL_PHASE_COLUMNS_DONE, MYSQL_KIND_RESULT,
	 USED, 0,
	 P("\x01"
	   "a"),
	 0, MYSQL_PHASE_ROWS, KNOWN, 0},
	{"EOF before rows", DONE(MYSQL_KIND_RESULT), P("\xfe\x00\x00\x42\x00"), 0, MYSQL_PHASE_ROWS,
	 USED, 0},
	{"EOF with a cursor", DONE(MYSQL_KIND_CURSOR), P("\xfe\x00\x00\x42\x00"), 0,
	 MYSQL_PHASE_BETWEEN, USED, 0},
	{"EOF, no cursor was opened", DONE(MYSQL_KIND_CURSOR), P("\xfe\x00\x00\x02\x00"), 0,
	 MYSQL_PHASE_ROWS, USED, 0},
	{"an OK ends rows of which none came", DONE(MYSQL_KIND_RESULT),
	 P("\xfe\x00\x00\x02\x00\x00\x00"), 0, MYSQL_PHASE_BETWEEN, KNOWN, 0},
	{"an OK ends them, more results", DONE(MYSQL_KIND_RESULT),
	 P("\xfe\x00\x00\x08\x00\x00\x00"), 0, MYSQL_PHASE_FIRST, KNOWN, 0},
	/* rows */
	{"a row", ROWS, P("\x01"), 1, TO(ROWS)},
	{"EOF after rows", ROWS, P("\xfe\x00\x00\x02\x00"), 0, TO(BETWEEN)},
	{"EOF after rows, more results", ROWS, P("\xfe\xfc\x00\x08\x00"), 0, TO(FIRST)},
	{"OK after rows, its status behind integers", ROWS, P("\xfe\xfc\x08\x08\x00\x02\x00"), 0,
	 TO(BETWEEN)},
	{"a field of 16 MiB begins with FE", ROWS, P("\xfe"), MYSQL_FULL_PACKET - 1, TO(ROWS)},
	{"a packet one byte shorter ends the rows", ROWS,
	 P("\xfe\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
	 MYSQL_FULL_PACKET - 22, TO(BETWEEN)},
	/* a prepared statement: columns at 5, parameters at 7, metadata flag at 12 */
	{"prepared, nothing follows", PREPARE, P("\x00\1\0\0\0\0\0\0\0\0\0\0"), 0, TO(BETWEEN)},
	{"prepared, one column", PREPARE, P("\x00\1\0\0\0\1\0\0\0\0\0\0"), 0, MYSQL_PHASE_PREPARED,
	 SAME, 1},
	{"prepared, 258 parameters", PREPARE, P("\x00\1\0\0\0\1\0\2\1\0\0\0"), 0,
	 MYSQL_PHASE_PARAMETERS, SAME, 258},
	{"prepared, definitions declined", PREPARE, P("\x00\1\0\0\0\1\0\1\0\0\0\0\0"), 0,
	 TO(BETWEEN)},
	{"prepared, definitions wanted", PREPARE, P("\x00\1\0\0\0\1\0\1\0\0\0\0\1"), 0,
	 MYSQL_PHASE_PARAMETERS, SAME, 1},
	{"prepared, cut", PREPARE, P("\x00\1\0\0\0\1\0\1\0\0\0"), 0, TO(LAST)},
	{"prepared, no OK", PREPARE, P("\x01\1\0\0\0\1\0\1\0\0\0\0"), 0, TO(LAST)},
	{"a parameter of two", MYSQL_PHASE_PARAMETERS, MYSQL_KIND_PREPARE, 0, 2, P("\x03"), 9,
	 MYSQL_PHASE_PARAMETERS, SAME, 1},
	{"the last parameter, EOF unknown", MYSQL_PHASE_PARAMETERS, MYSQL_KIND_PREPARE, 0, 1,
	 P("\x03"), 9, MYSQL_PHASE_PARAMETERS_DONE, SAME, 2},
	{"the last parameter, EOF used", MYSQL_PHASE_PARAMETERS, MYSQL_KIND_PREPARE, USED, 1,
	 P("\x03"), 9, MYSQL_PHASE_PARAMETERS_DONE, SAME, 2},
	{"the last parameter, no EOF", MYSQL_PHASE_PARAMETERS, MYSQL_KIND_PREPARE, KNOWN, 1,
	 P("\x03"), 9, MYSQL_PHASE_PREPARED, SAME, 2},
	{"EOF after parameters", MYSQL_PHASE_PARAMETERS_DONE, MYSQL_KIND_PREPARE, 0, 2, P("\xfe"),
	 4, MYSQL_PHASE_PREPARED, USED, 2},
	{"a column after parameters", MYSQL_PHASE_PARAMETERS_DONE, MYSQL_KIND_PREPARE, 0, 2,
	 P("\x03"), 4, MYSQL_PHASE_PREPARED, KNOWN, 1},
	{"the only column after parameters", MYSQL_PHASE_PARAMETERS_DONE, MYSQL_KIND_PREPARE, 0, 1,
	 P("\xfe"), 9, MYSQL_PHASE_BETWEEN, KNOWN, 0},
	{"a column of two, prepared", MYSQL_PHASE_PREPARED, MYSQL_KIND_PREPARE, KNOWN, 2, P("\x03"),
	 9, MYSQL_PHASE_PREPARED, SAME, 1},
	{"the last column, no EOF", MYSQL_PHASE_PREPARED, MYSQL_KIND_PREPARE, KNOWN, 1, P("\x03"),
	 9, TO(BETWEEN)},
	{"the last column, EOF used", MYSQL_PHASE_PREPARED, MYSQL_KIND_PREPARE, USED, 1, P("\x03"),
	 9, TO(PREPARED_DONE)},
	{"the last column, EOF unknown", MYSQL_PHASE_PREPARED, MYSQL_KIND_PREPARE, 0, 1, P("\x03"),
	 9, MYSQL_PHASE_BETWEEN, MYSQL_PARSER_EOF_MAYBE, 0},
	{"EOF after columns", MYSQL_PHASE_PREPARED_DONE, MYSQL_KIND_PREPARE, USED, 0, P("\xfe"), 4,
	 TO(BETWEEN)},
	{"no EOF after columns", MYSQL_PHASE_PREPARED_DONE, MYSQL_KIND_PREPARE, USED, 0, P("\x03"),
	 4, TO(LAST)},
	{"FE of six bytes is no EOF", MYSQL_PHASE_PREPARED_DONE, MYSQL_KIND_PREPARE, USED, 0,
	 P("\xfe"), 5, TO(LAST)},
	/* login, and phases in which no packet can come */
	{"login: OK", MYSQL_PHASE_LOGIN, MYSQL_KIND_LOGIN, 0, 0, P("\x00"), 6, TO(BETWEEN)},
	{"login: another plugin", MYSQL_PHASE_LOGIN, MYSQL_KIND_LOGIN, 0, 0, P("\xfe"), 20,
	 TO(LOGIN)},
	{"no phase", MYSQL_PHASE_BETWEEN, MYSQL_KIND_RESULT, 0, 0, P("\x00"), 6, TO(LAST)},
};

static void packets_are_what_they_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++)
		check(&packets[i]);
}

/* A prepared statement without columns: what follows its last parameter. */
static void after_parameters_without_columns(void **state)
{
	static const struct {
		uint16_t flags, after;
		uint8_t next;
	} cases[] = {
		{KNOWN, KNOWN, MYSQL_PHASE_BETWEEN},
		{USED, USED, MYSQL_PHASE_PREPARED_DONE},
		{0, MYSQL_PARSER_EOF_MAYBE, MYSQL_PHASE_BETWEEN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct wire_parser parser = {.flags = cases[i].flags};
		struct wire_stream s = {.phase = MYSQL_PHASE_PARAMETERS,
					.definitions = 1,
					.kept = {3},
					.have = 1,
					.skip = 9};

		assert_int_equal(mysql_judge_packet(&parser, &s, MYSQL_KIND_PREPARE),
				 cases[i].next);
		assert_int_equal(parser.flags, cases[i].after);
	}
}

static size_t wants(uint8_t phase, uint8_t kind, uint8_t flags, const char *kept, size_t have,
		    uint64_t len)
{
	struct wire_stream s = {.phase = phase, .flags = flags, .have = (uint8_t)have};

	memcpy(s.kept, kept, have);
	s.skip = len - have;
	return mysql_wanted_bytes(&s, kind);
}

static void no_more_bytes_are_kept_than_are_needed(void **state)
{
	(void)state;
	assert_int_equal(wants(MYSQL_PHASE_FIRST, MYSQL_KIND_RESULT, 0, "", 0, 100), 21);
	assert_int_equal(wants(MYSQL_PHASE_FIRST, MYSQL_KIND_RESULT, 0, "", 0, 21), 21);
	assert_int_equal(wants(MYSQL_PHASE_FIRST, MYSQL_KIND_RESULT, 0, "", 0, 20), 20);
	assert_int_equal(wants(MYSQL_PHASE_FILE_SENT, MYSQL_KIND_RESULT, 0, "", 0, 100), 21);
	assert_int_equal(wants(MYSQL_PHASE_FIRST, MYSQL_KIND_PREPARE, 0, "", 0, 100), 13);
	assert_int_equal(wants(MYSQL_PHASE_PREPARED, MYSQL_KIND_PREPARE, 0, "", 0, 100), 1);
	assert_int_equal(wants(MYSQL_PHASE_COLUMNS, MYSQL_KIND_RESULT, 0, "\xfe", 1, 5), 1);
	assert_int_equal(wants(MYSQL_PHASE_ROWS, MYSQL_KIND_RESULT, 0, "", 0, 100), 1);
	assert_int_equal(wants(MYSQL_PHASE_ROWS, MYSQL_KIND_RESULT, 0, "\x01", 1, 100), 1);
	assert_int_equal(wants(MYSQL_PHASE_ROWS, MYSQL_KIND_RESULT, 0, "\xfe", 1, 5), 5);
	assert_int_equal(wants(MYSQL_PHASE_ROWS, MYSQL_KIND_RESULT, 0, "\xfe", 1, 100), 21);
	assert_int_equal(wants(MYSQL_PHASE_COLUMNS_DONE, MYSQL_KIND_RESULT, 0, "\xfe", 1, 7), 7);
	assert_int_equal(
		wants(MYSQL_PHASE_ROWS, MYSQL_KIND_RESULT, 0, "\xfe", 1, MYSQL_FULL_PACKET), 1);
	assert_int_equal(wants(MYSQL_PHASE_ROWS, MYSQL_KIND_RESULT, 0, "\xff", 1, 100), 3);
	assert_int_equal(wants(MYSQL_PHASE_ROWS, MYSQL_KIND_RESULT, 0, "\xff", 1, 2), 2);
	assert_int_equal(
		wants(MYSQL_PHASE_ROWS, MYSQL_KIND_RESULT, MYSQL_PACKET_TAIL, "\xfe", 1, 100), 0);
	assert_int_equal(
		wants(MYSQL_PHASE_FIRST, MYSQL_KIND_PREPARE, MYSQL_PACKET_TAIL, "", 0, 100), 0);
}

static void what_is_learned_of_eof_can_change(void **state)
{
	struct wire_parser parser = {.flags = MYSQL_PARSER_LONG};

	(void)state;
	mysql_learn_eof(&parser, true);
	assert_int_equal(parser.flags, MYSQL_PARSER_LONG | USED);
	mysql_learn_eof(&parser, false);
	assert_int_equal(parser.flags, MYSQL_PARSER_LONG | KNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_what_they_are),
		cmocka_unit_test(after_parameters_without_columns),
		cmocka_unit_test(no_more_bytes_are_kept_than_are_needed),
		cmocka_unit_test(what_is_learned_of_eof_can_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
