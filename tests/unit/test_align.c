/* SPDX-License-Identifier: MIT */
/*
 * Where a message begins: what the first write after a fork, and the first write after a loss, must
 * be for its bytes to be followed.
 */
#include "evidence_stage.h"
#include "judge/record.h"

#define QUERY "\x09\x00\x00\x00\x03select 1"

static struct stage stage, *s = &stage;

#define FIRST_WRITE(protocol, text) first_write((protocol), text, sizeof(text) - 1)
#define AFTER_LOSS(protocol, text) after_loss((protocol), text, sizeof(text) - 1)

static enum evidence_state first_write(enum protocol protocol, const char *text, size_t len)
{
	start(s, protocol);
	act(s, LEFT, WIRE_CLIENT, text, len);
	return (enum evidence_state)s->evidence.state;
}

static enum evidence_state after_loss(enum protocol protocol, const char *text, size_t len)
{
	start(s, protocol);
	act(s, LEFT, WIRE_CLIENT, "\0\xff\xff no message\0\0\0\0\0\0", 20);
	assert_int_equal(s->evidence.state, EVIDENCE_LOST);
	act(s, LEFT, WIRE_CLIENT, text, len);
	return (enum evidence_state)s->evidence.state;
}

static void the_first_write_may_be_longer_than_its_call(void **state)
{
	(void)state;
	assert_int_equal(FIRST_WRITE(PROTOCOL_MYSQL, QUERY), EVIDENCE_PARSING);
	assert_int_equal(FIRST_WRITE(PROTOCOL_MYSQL, "\x09\x00\x00\x00\x03sel"), EVIDENCE_PARSING);
	assert_int_equal(FIRST_WRITE(PROTOCOL_MYSQL, "\x09\x00"), EVIDENCE_PARSING);
	assert_int_equal(s->evidence.parser.mode, WIRE_MODE_EXCHANGES);
	/* A packet that joins a request of which nothing was seen. */
	assert_int_equal(FIRST_WRITE(PROTOCOL_MYSQL, "\x04\x00\x00\x02"
						     "1\n2\n"),
			 EVIDENCE_LOST);
	assert_int_equal(FIRST_WRITE(PROTOCOL_MYSQL, "\xff\xff\xff\xff\xff\xff\xff\xff"),
			 EVIDENCE_LOST);
}

static void a_request_in_several_packets_is_whole(void **state)
{
	(void)state;
	assert_int_equal(FIRST_WRITE(PROTOCOL_MYSQL, "\x05\x00\x00\x00\x03load"
						     "\x03\x00\x00\x02"
						     "1\n2"),
			 EVIDENCE_PARSING);
	assert_int_equal(AFTER_LOSS(PROTOCOL_MYSQL, "\x05\x00\x00\x00\x03load"
						    "\x03\x00\x00\x02"
						    "1\n2"),
			 EVIDENCE_PROBATION);
}

static void after_a_loss_a_write_must_be_whole(void **state)
{
	(void)state;
	assert_int_equal(AFTER_LOSS(PROTOCOL_MYSQL, QUERY), EVIDENCE_PROBATION);
	assert_int_equal(AFTER_LOSS(PROTOCOL_MYSQL, QUERY QUERY), EVIDENCE_PROBATION);
	assert_int_equal(AFTER_LOSS(PROTOCOL_MYSQL, QUERY "\x09"), EVIDENCE_LOST);
	assert_int_equal(AFTER_LOSS(PROTOCOL_MYSQL, "\x09\x00\x00\x00\x03sel"), EVIDENCE_LOST);
	assert_int_equal(AFTER_LOSS(PROTOCOL_MYSQL, "\x09"), EVIDENCE_LOST);
}

/* Any line is a command of Redis: after a loss the first must have a name. */
static void after_a_loss_a_command_must_be_known(void **state)
{
	(void)state;
	assert_int_equal(FIRST_WRITE(PROTOCOL_REDIS, "FOO\r\n"), EVIDENCE_PARSING);
	assert_int_equal(AFTER_LOSS(PROTOCOL_POSTGRESQL, "Q\x00\x00\x00\x06;\x00"),
			 EVIDENCE_PROBATION);
	for (int known = 0; known < 3; known++) {
		static const char *const writes[] = {"FOO\r\n", "GET k\r\n", "GET k\r\nFOO\r\n"};

		start(s, PROTOCOL_REDIS);
		WRITES(LEFT, "*1\r\nno bulk\r\n");
		assert_int_equal(s->evidence.state, EVIDENCE_LOST);
		act(s, LEFT, WIRE_CLIENT, writes[known], strlen(writes[known]));
		assert_int_equal(s->evidence.state, known ? EVIDENCE_PROBATION : EVIDENCE_LOST);
	}
}

static void the_mode_is_the_likeliest_that_fits(void **state)
{
	(void)state;
	/* Compressed, stored as it is; a first byte that could be a plain header's. */
	assert_int_equal(FIRST_WRITE(PROTOCOL_MYSQL, "\x0d\x00\x00\x00\x00\x00\x00" QUERY),
			 EVIDENCE_PARSING);
	assert_int_equal(s->evidence.parser.mode, WIRE_MODE_COMPRESSED);
	assert_true(s->evidence.flags & EVIDENCE_MODE_KNOWN);
	assert_int_equal(FIRST_WRITE(PROTOCOL_REDIS, "\x17\x03\x03\x00\x02zz"), EVIDENCE_PARSING);
	assert_int_equal(s->evidence.parser.mode, WIRE_MODE_TLS);
	/* What is opaque is followed as it is. */
	assert_int_equal(FIRST_WRITE(PROTOCOL_HTTP, "\x17\x03\x03\x00\x02zz"), EVIDENCE_PARSING);
	assert_int_equal(s->evidence.parser.mode, WIRE_MODE_OPAQUE);
}

/* In a known mode a write that goes on after its call counts; another mode must fit exactly. */
static void a_known_mode_is_preferred(void **state)
{
	(void)state;
	FIRST_WRITE(PROTOCOL_REDIS, "\x17\x03\x03\x00\x02zz");
	evidence_resume(&s->evidence, PROTOCOL_REDIS);
	assert_int_equal(s->evidence.state, EVIDENCE_ALIGNING);
	assert_int_equal(s->evidence.parser.mode, WIRE_MODE_TLS);
	WRITES(LEFT, "\x17\x03\x03\x00\x05zz");
	assert_int_equal(s->evidence.parser.mode, WIRE_MODE_TLS);
	evidence_resume(&s->evidence, PROTOCOL_REDIS);
	WRITES(LEFT, "GET k");
	assert_int_equal(s->evidence.state, EVIDENCE_LOST);
	assert_int_equal(s->evidence.parser.mode, WIRE_MODE_TLS);
}

/* A notice that was being read when the write came is read to its end. */
static void the_servers_side_goes_on(void **state)
{
	(void)state;
	start(s, PROTOCOL_POSTGRESQL);
	READS(LEFT, "N\x00\x00\x00\x08");
	assert_clean(s);
	WRITES(LEFT, "Q\x00\x00\x00\x06;\x00");
	assert_int_equal(s->evidence.state, EVIDENCE_PARSING);
	READS(LEFT, "Sxx\x00"
		    "I\x00\x00\x00\x04Z\x00\x00\x00\x05I");
	assert_clean(s);
	assert_int_equal(s->evidence.state, EVIDENCE_PARSING);
	assert_int_equal(s->evidence.queued, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_write_may_be_longer_than_its_call),
		cmocka_unit_test(a_request_in_several_packets_is_whole),
		cmocka_unit_test(after_a_loss_a_write_must_be_whole),
		cmocka_unit_test(after_a_loss_a_command_must_be_known),
		cmocka_unit_test(the_mode_is_the_likeliest_that_fits),
		cmocka_unit_test(a_known_mode_is_preferred),
		cmocka_unit_test(the_servers_side_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
