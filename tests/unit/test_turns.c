/* SPDX-License-Identifier: MIT */
/*
 * Turns: who wrote and who read, where nothing can be parsed.
 */
#include "evidence_stage.h"
#include "judge/record.h"

#define RECORD "\x17\x03\x03\x00\x02zz"
#define BYE                                                                                        \
	"\x17\x03\x03\x00\x13"                                                                     \
	"0123456789012345678"

static struct stage stage, *s = &stage;

/* A connection on which the first write has shown TLS. */
static void start_tls(void)
{
	start(s, PROTOCOL_TLS);
	WRITES(PARENT, RECORD);
	READS(PARENT, RECORD);
	assert_clean(s);
}

static void assert_likely(enum evidence_crossing crossing, int other)
{
	assert_crossed(s, crossing, EVIDENCE_LIKELY, EVIDENCE_ALTERNATION, other);
	assert_int_equal(s->facts.replies_crossed, crossing == EVIDENCE_READ);
}

static void a_turn_is_all_that_one_process_writes(void **state)
{
	(void)state;
	start_tls();
	WRITES(LEFT, RECORD);
	WRITES(LEFT, RECORD);
	assert_clean(s);
	assert_int_equal(s->evidence.queued, 1);
	READS(LEFT, RECORD);
	assert_clean(s);
	WRITES(LEFT, RECORD);
	assert_int_equal(s->evidence.queued, 1);
	assert_int_equal(s->evidence.queue[0].flags, 0);
}

static void a_turn_goes_with_its_reader(void **state)
{
	(void)state;
	start_tls();
	WRITES(LEFT, RECORD);
	WRITES(RIGHT, RECORD);
	assert_likely(EVIDENCE_WROTE, LEFT);
	assert_int_equal(s->evidence.queued, 2);
	/* LEFT reads its own; RIGHT's is still there, and that is no crossing. */
	READS(LEFT, RECORD);
	assert_clean(s);
	READS(RIGHT, RECORD);
	assert_clean(s);
}

static void a_thief_is_named_once_a_turn(void **state)
{
	(void)state;
	start_tls();
	WRITES(LEFT, RECORD);
	READS(RIGHT, RECORD);
	assert_likely(EVIDENCE_READ, LEFT);
	READS(RIGHT, RECORD);
	assert_clean(s);
	/* The owner goes on: what was stolen is over. */
	READS(LEFT, RECORD);
	assert_clean(s);
	assert_int_equal(s->evidence.queued, 0);
	WRITES(LEFT, RECORD);
	READS(LEFT, RECORD);
	assert_clean(s);
}

static void a_reader_that_waits_beside_takes_nothing(void **state)
{
	struct evidence_ticket waiting;

	(void)state;
	start_tls();
	WRITES(LEFT, RECORD);
	waiting = enter(s, RIGHT, WIRE_SERVER);
	READS(LEFT, RECORD);
	assert_clean(s);
	/* With a turn of its own it may have taken LEFT's answer. */
	evidence_leave(&s->evidence, waiting, serial(s, RIGHT));
	start_tls();
	WRITES(LEFT, RECORD);
	WRITES(RIGHT, RECORD);
	waiting = enter(s, RIGHT, WIRE_SERVER);
	READS(LEFT, RECORD);
	assert_likely(EVIDENCE_READ, RIGHT);
	evidence_leave(&s->evidence, waiting, serial(s, RIGHT));
}

static void writes_that_overlap_are_likely(void **state)
{
	struct evidence_ticket writing;

	(void)state;
	start_tls();
	writing = enter(s, RIGHT, WIRE_CLIENT);
	WRITES(LEFT, RECORD);
	assert_likely(EVIDENCE_WROTE, RIGHT);
	finish(s, RIGHT, writing, RECORD, sizeof RECORD - 1);
	assert_likely(EVIDENCE_WROTE, LEFT);
}

/* A record that is cut between two writes is still one: the goodbye behind it is seen. */
static void a_record_may_be_cut(void **state)
{
	(void)state;
	start_tls();
	WRITES(LEFT, "\x17\x03\x03\x00");
	assert_string_equal(message(s), "none");
	WRITES(LEFT, "\x02zz" BYE);
	assert_string_equal(message(s), "application_data");
	assert_int_equal(s->facts.goodbye, WIRE_GOODBYE_LIKELY);
}

/* Between two messages that say different things the sure goodbye counts. */
static void the_surest_goodbye_of_a_write_counts(void **state)
{
	(void)state;
	start_tls();
	WRITES(LEFT, "\x15\x03\x03\x00\x02\x01\x00" BYE);
	assert_int_equal(s->facts.goodbye, WIRE_GOODBYE);
	assert_string_equal(message(s), "alert");
}

static void bytes_that_are_no_records_lose_the_names_only(void **state)
{
	(void)state;
	start_tls();
	WRITES(LEFT, "no record");
	assert_int_equal(s->evidence.state, EVIDENCE_LOST);
	READS(RIGHT, RECORD);
	assert_likely(EVIDENCE_READ, LEFT);
	WRITES(LEFT, RECORD);
	assert_int_equal(s->evidence.state, EVIDENCE_PARSING);
	assert_string_equal(message(s), "application_data");
}

static void texts_are_named_by_their_first_word(void **state)
{
	(void)state;
	start(s, PROTOCOL_BEANSTALKD);
	WRITES(LEFT, "reserve\r\n");
	assert_string_equal(message(s), "reserve");
	assert_int_equal(s->evidence.state, EVIDENCE_PARSING);
	READS(RIGHT, "RESERVED 1 1\r\na\r\n");
	assert_likely(EVIDENCE_READ, LEFT);
	assert_string_equal(
		wire_message_name(PROTOCOL_BEANSTALKD, WIRE_CLIENT, s->facts.other_code),
		"reserve");
	WRITES(LEFT, "quit\r\n");
	assert_int_equal(s->facts.goodbye, WIRE_GOODBYE_LIKELY);
}

/* More turns than the queue holds: the oldest is given up. */
static void the_oldest_turn_is_given_up(void **state)
{
	struct lineage_process many[EVIDENCE_QUEUE + 2];

	(void)state;
	start_tls();
	for (uint32_t i = 0; i < EVIDENCE_QUEUE + 2; i++) {
		lineage_fork(&s->process[PARENT], (struct serial){100 + i}, &many[i]);
		s->process[LEFT] = many[i];
		WRITES(LEFT, RECORD);
	}
	assert_int_equal(s->evidence.queued, EVIDENCE_QUEUE);
	assert_int_equal(s->evidence.queue[0].owner.serial.n, 102);
	assert_int_equal(s->evidence.queue[EVIDENCE_QUEUE - 1].owner.serial.n, 111);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_turn_is_all_that_one_process_writes),
		cmocka_unit_test(a_turn_goes_with_its_reader),
		cmocka_unit_test(a_thief_is_named_once_a_turn),
		cmocka_unit_test(a_reader_that_waits_beside_takes_nothing),
		cmocka_unit_test(writes_that_overlap_are_likely),
		cmocka_unit_test(a_record_may_be_cut),
		cmocka_unit_test(the_surest_goodbye_of_a_write_counts),
		cmocka_unit_test(bytes_that_are_no_records_lose_the_names_only),
		cmocka_unit_test(texts_are_named_by_their_first_word),
		cmocka_unit_test(the_oldest_turn_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
