/* SPDX-License-Identifier: MIT */
/*
 * Evidence, one behaviour at a time: what the facts say, modes found after a fork, goodbyes,
 * alternation, claims, and what is no finding.  The random histories are in test_evidence_oracle.c.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "judge/evidence.h"
#include "judge/record.h"
#include "evidence_stage.h"

/* MySQL */
#define QUERY "\x09\x00\x00\x00\x03select 1"
#define OK "\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"
#define QUIT "\x01\x00\x00\x00\x01"
#define CLOSE "\x05\x00\x00\x00\x19\x01\x00\x00\x00"

/* --- crossed replies ---------------------------------------------------------------------------
 */

static void a_reply_in_the_wrong_hands_is_proven_and_named(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, QUERY);
	assert_clean(s);
	assert_string_equal(message(s), "COM_QUERY");
	READS(RIGHT, OK);
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_PROVEN, EVIDENCE_MESSAGES, LEFT);
	assert_string_equal(wire_message_name(PROTOCOL_MYSQL, WIRE_CLIENT, s->facts.other_code),
			    "COM_QUERY");
	assert_int_equal(s->facts.other_age_ns, 1000000);
	assert_int_equal(s->facts.replies_crossed, 1);
	/* Whose turn it was is served next, and all is well again. */
	WRITES(LEFT, QUERY);
	READS(LEFT, OK);
	assert_clean(s);
}

/* --- ages -------------------------------------------------------------------------------------
 */

#define MINUTE_NS UINT64_C(60000000000)
#define DAY_NS (1440 * MINUTE_NS)

/* LEFT asks; RIGHT takes the reply with a clock that shows `later_ns` more, or less. */
static uint64_t age_after(int64_t later_ns)
{
	struct stage stage, *s = &stage;

	start(s, PROTOCOL_REDIS);
	s->now_ns = 30 * DAY_NS;
	WRITES(LEFT, "PING\r\n");
	s->now_ns = 30 * DAY_NS + (uint64_t)later_ns;
	READS(RIGHT, "+PONG\r\n");
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_PROVEN, EVIDENCE_MESSAGES, LEFT);
	return s->facts.other_age_ns;
}

static void an_age_is_never_negative(void **state)
{
	(void)state;
	assert_int_equal(age_after(0), 0);
	assert_int_equal(age_after(-1), 0);
	assert_int_equal(age_after(-100000), 0);
	assert_int_equal(age_after(1000), 1000);
}

static void an_age_of_days_is_right(void **state)
{
	(void)state;
	assert_true(age_after(72 * (int64_t)MINUTE_NS) == 72 * MINUTE_NS);
	assert_true(age_after(20 * (int64_t)DAY_NS) == 20 * DAY_NS);
}

/* A request that comes when another has waited for long: both ages are right, the later one to the
 * millisecond. */
static void an_age_behind_an_old_request_is_right(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_REDIS);
	WRITES(LEFT, "BLPOP k 0\r\n");
	for (int round = 0; round < 2; round++) {
		uint64_t sent_ns = s->now_ns += (round == 0 ? 35 : 4000) * MINUTE_NS + 123456;

		WRITES(LEFT, "GET k\r\n");
		s->now_ns = sent_ns + 5 * MINUTE_NS;
		READS(LEFT, "$-1\r\n");
		READS(RIGHT, "$-1\r\n");
		assert_crossed(s, EVIDENCE_READ, EVIDENCE_PROVEN, EVIDENCE_MESSAGES, LEFT);
		assert_in_range(s->facts.other_age_ns, 5 * MINUTE_NS, 5 * MINUTE_NS + 2000000);
		WRITES(LEFT, "BLPOP k 0\r\n");
	}
}

/* Times past what 32 bits hold count as the last: an age is too long then, and never wraps. */
static void packed_times_keep_their_order(void **state)
{
	struct evidence evidence = {.base_ns = DAY_NS};
	uint64_t step_ns = 7 * MINUTE_NS;
	uint32_t last = 0;

	(void)state;
	assert_int_equal(evidence_pack_time(&evidence, 0), 0);
	for (uint64_t time_ns = DAY_NS; time_ns < 30 * DAY_NS; time_ns += step_ns) {
		uint32_t packed = evidence_pack_time(&evidence, time_ns);
		uint64_t back_ns = evidence_unpack_time_ns(&evidence, packed);

		assert_true(packed >= last && back_ns <= time_ns);
		if (time_ns < 25 * DAY_NS)
			assert_true(time_ns - back_ns < 1000000);
		last = packed;
	}
	assert_int_equal(evidence_pack_time(&evidence, UINT64_MAX), UINT32_MAX);
	/* Where the unit changes, and where the last time is. */
	for (uint64_t unit_ns = 1000; unit_ns <= 1000000; unit_ns *= 1000) {
		uint64_t edge_ns = DAY_NS + (UINT64_C(1) << 31) * unit_ns;
		uint64_t back_ns =
			evidence_unpack_time_ns(&evidence, evidence_pack_time(&evidence, edge_ns));

		assert_true(edge_ns - back_ns <= 1000000);
	}
}

static void a_write_into_anothers_exchange_is_proven(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, QUERY);
	WRITES(RIGHT, CLOSE); /* a finalizer's, which gets no reply */
	assert_crossed(s, EVIDENCE_WROTE, EVIDENCE_PROVEN, EVIDENCE_MESSAGES, LEFT);
	assert_string_equal(message(s), "COM_STMT_CLOSE");
	READS(LEFT, OK);
	assert_clean(s);
}

static void a_write_into_anothers_message_is_proven(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	act(s, LEFT, WIRE_CLIENT, QUERY, 2); /* not even the header */
	WRITES(RIGHT, QUERY);
	assert_crossed(s, EVIDENCE_WROTE, EVIDENCE_PROVEN, EVIDENCE_MESSAGES, LEFT);
}

static void pieces_of_a_reply_count_once(void **state)
{
	struct stage stage, *s = &stage;
	uint32_t crossed = 0;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, QUERY);
	for (size_t i = 0; i < sizeof OK - 1; i++) {
		act(s, RIGHT, WIRE_SERVER, &OK[i], 1);
		assert_crossed(s, EVIDENCE_READ, EVIDENCE_PROVEN, EVIDENCE_MESSAGES, LEFT);
		crossed += s->facts.replies_crossed;
	}
	assert_int_equal(crossed, 1);
	WRITES(LEFT, QUERY QUERY QUERY);
	READS(RIGHT, OK OK OK);
	assert_int_equal(s->facts.replies_crossed, 3);
}

static void taking_turns_is_no_crossing(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	for (int round = 0; round < 5; round++) {
		WRITES(round % 2 ? LEFT : RIGHT, QUERY);
		assert_clean(s);
		READS(round % 2 ? LEFT : RIGHT, OK);
		assert_clean(s);
	}
}

/* --- heirs -------------------------------------------------------------------------------------
 */

static void an_heir_reads_its_parents_reply(void **state)
{
	struct stage stage, *s = &stage;
	struct lineage_process child;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	WRITES(PARENT, QUERY);
	lineage_fork(&s->process[PARENT], (struct serial){9}, &child);
	s->process[PARENT].self.epoch++;
	s->process[RIGHT] = child;
	READS(RIGHT, "\x07\x00\x00\x01\x00");
	assert_clean(s);
	/* The heir has taken it over; to the parent it is another's now. */
	READS(PARENT, "\x00\x00\x02\x00\x00\x00");
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_PROVEN, EVIDENCE_MESSAGES, RIGHT);
}

static void what_the_parent_asks_after_the_fork_is_its_own(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	WRITES(PARENT, QUERY);
	READS(LEFT, OK);
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_PROVEN, EVIDENCE_MESSAGES, PARENT);
}

/* --- overlapping calls -------------------------------------------------------------------------
 */

static void blocked_readers_make_it_likely(void **state)
{
	struct stage stage, *s = &stage;
	struct evidence_ticket left, right;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, QUERY);
	left = enter(s, LEFT, WIRE_SERVER);
	WRITES(RIGHT, QUERY);
	assert_crossed(s, EVIDENCE_WROTE, EVIDENCE_LIKELY, EVIDENCE_MESSAGES, LEFT);
	right = enter(s, RIGHT, WIRE_SERVER);
	finish(s, RIGHT, right, OK, sizeof OK - 1);
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_LIKELY, EVIDENCE_MESSAGES, LEFT);
	finish(s, LEFT, left, OK, sizeof OK - 1);
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_LIKELY, EVIDENCE_MESSAGES, RIGHT);
	/* Over and done: what follows is sure again. */
	WRITES(LEFT, QUERY);
	assert_clean(s);
	READS(RIGHT, OK);
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_PROVEN, EVIDENCE_MESSAGES, LEFT);
}

static void a_reader_that_waits_for_nothing_disturbs_no_one(void **state)
{
	struct stage stage, *s = &stage;
	struct evidence_ticket idle;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	idle = enter(s, RIGHT, WIRE_SERVER);
	WRITES(LEFT, QUERY);
	assert_clean(s);
	READS(LEFT, OK);
	assert_clean(s);
	evidence_leave(&s->evidence, idle, serial(s, RIGHT));
}

static void a_call_that_was_not_entered_proves_nothing(void **state)
{
	struct stage stage, *s = &stage;
	struct evidence_ticket none = {.slot = EVIDENCE_NOT_ENTERED, .direction = WIRE_SERVER};

	(void)state;
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, QUERY);
	finish(s, RIGHT, none, OK, sizeof OK - 1);
	assert_int_equal(s->facts.crossing, EVIDENCE_READ);
	assert_int_equal(s->facts.certainty, EVIDENCE_LIKELY);
}

static void more_callers_than_places_prove_nothing_until_they_leave(void **state)
{
	struct stage stage, *s = &stage;
	struct evidence_ticket tickets[EVIDENCE_INSIDE + 2];
	const int count = EVIDENCE_INSIDE + 2;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	for (int i = 0; i < count; i++)
		tickets[i] = evidence_enter(&s->evidence, (struct serial){100 + (uint32_t)i},
					    WIRE_SERVER);
	assert_int_equal(tickets[count - 1].slot, EVIDENCE_UNCOUNTED);
	for (int i = 0; i < EVIDENCE_INSIDE; i++)
		evidence_leave(&s->evidence, tickets[i], (struct serial){100 + (uint32_t)i});
	WRITES(LEFT, QUERY);
	READS(RIGHT, OK);
	assert_int_equal(s->facts.certainty, EVIDENCE_LIKELY);
	for (int i = EVIDENCE_INSIDE; i < count; i++)
		evidence_leave(&s->evidence, tickets[i], (struct serial){100 + (uint32_t)i});
	WRITES(LEFT, QUERY);
	READS(RIGHT, OK);
	assert_int_equal(s->facts.certainty, EVIDENCE_PROVEN);
}

static void the_dead_are_forgotten(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	evidence_enter(&s->evidence, (struct serial){77}, WIRE_CLIENT); /* killed in the call */
	WRITES(LEFT, QUERY);
	assert_int_equal(s->facts.crossing, EVIDENCE_WROTE);
	evidence_forget(&s->evidence, (struct serial){77});
	READS(LEFT, OK);
	WRITES(LEFT, QUERY);
	assert_clean(s);
}

/* --- what is no finding ------------------------------------------------------------------------
 */

static void notices_belong_to_nobody(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_POSTGRESQL);
	READS(RIGHT, "A\x00\x00\x00\x0c\x00\x00\x00\x01"
		     "c\x00p\x00");
	assert_clean(s);
	WRITES(LEFT, "Q\x00\x00\x00\x06;\x00");
	READS(RIGHT, "N\x00\x00\x00\x05\x00S\x00\x00\x00\x08"
		     "a\x00"
		     "b\x00");
	assert_clean(s);
	READS(LEFT, "I\x00\x00\x00\x04Z\x00\x00\x00\x05I");
	assert_clean(s);
	READS(RIGHT, "A\x00\x00\x00\x0c\x00\x00\x00\x01"
		     "c\x00p\x00");
	assert_clean(s);
}

static void pushes_of_redis_belong_to_nobody(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_REDIS);
	WRITES(LEFT, "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n");
	READS(LEFT, "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
	assert_clean(s);
	READS(RIGHT, "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n");
	assert_clean(s);
}

static void a_deep_pipeline_of_one_process_is_parsed(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_REDIS);
	for (int i = 0; i < 50000; i++) {
		WRITES(LEFT,
		       "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n");
		assert_clean(s);
	}
	for (int i = 0; i < 50000; i++) {
		READS(LEFT, "$1\r\nv\r\n+OK\r\n");
		assert_clean(s);
	}
	WRITES(LEFT, "*1\r\n$4\r\nPING\r\n");
	READS(RIGHT, "+PONG\r\n");
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_PROVEN, EVIDENCE_MESSAGES, LEFT);
}

static void a_queue_that_overflows_loses_track_and_says_so_only_among_several(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_MEMCACHED);
	for (int i = 0; i < 20; i++) {
		WRITES(LEFT, "get a\r\n");
		WRITES(LEFT, "incr a 1\r\n");
		assert_clean(s);
	}
	assert_int_not_equal(s->evidence.state, EVIDENCE_PARSING);
	READS(LEFT, "END\r\n");
	assert_clean(s);
	READS(RIGHT, "1\r\n");
	assert_int_equal(s->facts.crossing, EVIDENCE_READ);
	assert_int_equal(s->facts.certainty, EVIDENCE_LIKELY);
}

static void track_is_found_again_by_a_clean_exchange(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, QUERY);
	READS(LEFT, "\x01\x00\x00\x09\x00"); /* no first packet of a reply */
	assert_int_equal(s->evidence.state, EVIDENCE_LOST);
	READS(LEFT, "rest");
	assert_int_equal(s->evidence.state, EVIDENCE_LOST);
	act(s, LEFT, WIRE_CLIENT, QUERY, 6); /* not whole */
	assert_int_equal(s->evidence.state, EVIDENCE_LOST);
	WRITES(LEFT, QUERY);
	assert_int_equal(s->evidence.state, EVIDENCE_PROBATION);
	READS(LEFT, OK);
	assert_int_equal(s->evidence.state, EVIDENCE_PARSING);
	assert_clean(s);
	/* Followed, but no longer proven. */
	WRITES(LEFT, QUERY);
	READS(RIGHT, OK);
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_LIKELY, EVIDENCE_MESSAGES, LEFT);
}

/* --- chunks ------------------------------------------------------------------------------------
 */

static void bytes_come_in_chunks_of_any_kind(void **state)
{
	struct stage stage, *s = &stage;
	struct iovec chunks[] = {{NULL, 0},
				 {(void *)(uintptr_t)QUERY, 3},
				 {NULL, 0},
				 {(void *)(uintptr_t)&QUERY[3], 500}};
	struct evidence_operation operation = {.direction = WIRE_CLIENT,
					       .chunks = chunks,
					       .chunk_count = 4,
					       .len_bytes = sizeof QUERY - 1};

	(void)state;
	start(s, PROTOCOL_MYSQL);
	operation.ticket = enter(s, LEFT, WIRE_CLIENT);
	evidence_record(&s->evidence, &s->process[LEFT], &operation, &s->facts);
	evidence_leave(&s->evidence, operation.ticket, serial(s, LEFT));
	assert_string_equal(message(s), "COM_QUERY");
	READS(LEFT, OK);
	assert_clean(s);
	assert_int_equal(s->evidence.state, EVIDENCE_PARSING);
}

static void bytes_that_were_not_seen_lose_track(void **state)
{
	struct stage stage, *s = &stage;
	struct evidence_operation operation = {.direction = WIRE_CLIENT, .len_bytes = 4096};

	(void)state;
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, QUERY);
	READS(LEFT, OK);
	operation.ticket = enter(s, LEFT, WIRE_CLIENT);
	evidence_record(&s->evidence, &s->process[LEFT], &operation, &s->facts);
	evidence_leave(&s->evidence, operation.ticket, serial(s, LEFT));
	assert_clean(s);
	assert_int_equal(s->evidence.state, EVIDENCE_LOST);
}

/* --- modes -------------------------------------------------------------------------------------
 */

static void encryption_is_found_by_the_first_write(void **state)
{
	struct stage stage, *s = &stage;
	static const enum protocol protocols[] = {PROTOCOL_MYSQL, PROTOCOL_POSTGRESQL,
						  PROTOCOL_REDIS, PROTOCOL_MEMCACHED,
						  PROTOCOL_AMQP,  PROTOCOL_LDAP};

	(void)state;
	for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
		start(s, protocols[i]);
		WRITES(LEFT, "\x17\x03\x03\x00\x05"
			     "abcde");
		assert_int_equal(s->evidence.parser.mode, WIRE_MODE_TLS);
		assert_clean(s);
		assert_string_equal(message(s), "application_data");
		WRITES(LEFT, "\x17\x03\x03\x00\x13"
			     "0123456789012345678");
		assert_int_equal(s->facts.goodbye, WIRE_GOODBYE_LIKELY);
	}
}

/* A child's Terminate, which TLS hides, and its close_notify, known by its size: the parent's next
 * request and the server's close_notify, which answers the child's, are no crossing. */
static void a_goodbye_inside_tls_is_no_request(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_TLS);
	WRITES(LEFT, "\x17\x03\x03\x00\x16"
		     "0123456789012345678901");
	WRITES(LEFT, "\x17\x03\x03\x00\x13"
		     "0123456789012345678");
	assert_int_equal(s->facts.goodbye, WIRE_GOODBYE_LIKELY);
	assert_clean(s);
	READS(PARENT, "\x17\x03\x03\x00\x13"
		      "0123456789012345678");
	assert_clean(s);
	WRITES(PARENT, "\x17\x03\x03\x00\x05"
		       "abcde");
	assert_clean(s);
	/* What another asked before the goodbye stays asked. */
	WRITES(LEFT, "\x17\x03\x03\x00\x13"
		     "0123456789012345678");
	READS(RIGHT, "\x17\x03\x03\x00\x05"
		     "abcde");
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_LIKELY, EVIDENCE_ALTERNATION, PARENT);
}

/* A turn of which bytes of the answer were read is over when a goodbye comes, not taken back. */
static void a_goodbye_leaves_an_answered_turn(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_TLS);
	WRITES(LEFT, "\x17\x03\x03\x00\x05"
		     "abcde");
	READS(LEFT, "\x17\x03\x03\x00\x05"
		    "abcde");
	WRITES(LEFT, "\x17\x03\x03\x00\x13"
		     "0123456789012345678");
	assert_clean(s);
	assert_int_equal(s->evidence.queued, 1);
}

static void compression_is_found_by_the_first_write(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, "\x0d\x00\x00\x00\x00\x00\x00\x09\x00\x00\x00\x03select 1");
	assert_int_equal(s->evidence.parser.mode, WIRE_MODE_COMPRESSED);
	assert_string_equal(message(s), "COM_QUERY");
	WRITES(LEFT, "\x05\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01");
	assert_int_equal(s->facts.goodbye, WIRE_GOODBYE);
}

static void a_write_longer_than_its_call_is_enough_after_a_fork(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, "\x00\x01\x00\x00\x03select ...");
	assert_int_equal(s->evidence.state, EVIDENCE_PARSING);
	assert_int_equal(s->evidence.parser.mode, WIRE_MODE_EXCHANGES);
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, "\x09\x00\x00\x00");
	assert_int_equal(s->evidence.state, EVIDENCE_PARSING);
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, "what is this?");
	assert_int_equal(s->evidence.state, EVIDENCE_LOST);
	assert_clean(s);
}

static void an_opening_teaches_the_mode(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	evidence_start(&s->evidence, PROTOCOL_MYSQL);
	READS(PARENT, "\x0b\x00\x00\x00\x0a"
		      "5.5.5-10.\x00");
	assert_false(evidence_opened(&s->evidence));
	WRITES(PARENT, "\x20\x00\x00\x01\x25\xa2\x3e\x00"
		       "0123456789012345678901234567");
	assert_false(evidence_opened(&s->evidence));
	READS(PARENT, "\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00");
	assert_true(evidence_opened(&s->evidence));
	assert_clean(s);
	evidence_resume(&s->evidence, PROTOCOL_MYSQL);
	assert_int_equal(s->evidence.parser.mode, WIRE_MODE_COMPRESSED);
	WRITES(LEFT, "\x05\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01");
	assert_int_equal(s->facts.goodbye, WIRE_GOODBYE);
}

static void tls_by_alpn_is_parsed_as_records(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_POSTGRESQL);
	evidence_start(&s->evidence, PROTOCOL_POSTGRESQL);
	evidence_encrypt(&s->evidence, PROTOCOL_POSTGRESQL);
	evidence_resume(&s->evidence, PROTOCOL_POSTGRESQL);
	assert_int_equal(s->evidence.parser.mode, WIRE_MODE_TLS);
}

/* The server's hello names the protocol when half of its record has come. */
static void records_go_on_when_the_protocol_is_named(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_TLS);
	evidence_start(&s->evidence, PROTOCOL_TLS);
	READS(LEFT, "\x16\x03\x03\x00\x04\x02\x00");
	evidence_encrypt(&s->evidence, PROTOCOL_HTTP2);
	READS(LEFT, "\x00\x00");
	WRITES(LEFT, "\x15\x03\x03\x00\x1a"
		     "01234567890123456789012345");
	assert_int_equal(s->facts.goodbye, WIRE_GOODBYE_LIKELY);
	assert_int_equal(s->evidence.parser.stream[WIRE_SERVER].have, 0);
	assert_int_equal(s->evidence.parser.mode, WIRE_MODE_TLS);
}

/* --- goodbyes ----------------------------------------------------------------------------------
 */

static void goodbyes_are_seen(void **state)
{
	static const struct {
		enum protocol protocol;
		const char *bytes;
		size_t len;
		enum wire_goodbye goodbye;
		const char *name;
	} cases[] = {
#define CASE(p, s, g, n) {p, s, sizeof(s) - 1, g, n}
		CASE(PROTOCOL_MYSQL, QUIT, WIRE_GOODBYE, "COM_QUIT"),
		CASE(PROTOCOL_MYSQL, CLOSE QUIT, WIRE_GOODBYE, "COM_STMT_CLOSE"),
		CASE(PROTOCOL_POSTGRESQL, "X\x00\x00\x00\x04", WIRE_GOODBYE, "Terminate"),
		CASE(PROTOCOL_REDIS, "*1\r\n$4\r\nQUIT\r\n", WIRE_GOODBYE, "QUIT"),
		CASE(PROTOCOL_MEMCACHED, "quit\r\n", WIRE_GOODBYE, "quit"),
		CASE(PROTOCOL_AMQP, "\x01\x00\x00\x00\x00\x00\x05\x00\x0a\x00\x32z\xce",
		     WIRE_GOODBYE, "Connection.Close"),
		CASE(PROTOCOL_LDAP, "\x30\x05\x02\x01\x03\x42\x00", WIRE_GOODBYE, "UnbindRequest"),
		CASE(PROTOCOL_MQTT, "\xe0\x00", WIRE_GOODBYE, "DISCONNECT"),
		CASE(PROTOCOL_ZOOKEEPER, "\x00\x00\x00\x08\x00\x00\x00\x02\xff\xff\xff\xf5",
		     WIRE_GOODBYE, "closeSession"),
		CASE(PROTOCOL_STOMP, "DISCONNECT\n\n", WIRE_GOODBYE_LIKELY, "DISCONNECT"),
		CASE(PROTOCOL_BEANSTALKD, "quit\r\n", WIRE_GOODBYE_LIKELY, "quit"),
		CASE(PROTOCOL_TLS, "\x15\x03\x03\x00\x02\x01\x00", WIRE_GOODBYE, "alert"),
		CASE(PROTOCOL_TLS,
		     "\x15\x03\x03\x00\x1a"
		     "01234567890123456789012345",
		     WIRE_GOODBYE_LIKELY, "alert"),
		CASE(PROTOCOL_MYSQL, QUERY, WIRE_NO_GOODBYE, "COM_QUERY"),
		CASE(PROTOCOL_OTHER, "quit\r\n", WIRE_NO_GOODBYE, "none"),
#undef CASE
	};
	struct stage stage, *s = &stage;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct evidence before;
		struct iovec chunk = {(void *)(uintptr_t)cases[i].bytes, cases[i].len};
		struct evidence_operation operation = {.direction = WIRE_CLIENT,
						       .chunks = &chunk,
						       .chunk_count = 1,
						       .len_bytes = cases[i].len};

		start(s, cases[i].protocol);
		operation.ticket = enter(s, RIGHT, WIRE_CLIENT);
		memcpy(&before, &s->evidence, sizeof before);
		evidence_foresee(&s->evidence, &s->process[RIGHT], &operation, &s->facts);
		assert_int_equal(s->facts.goodbye, cases[i].goodbye);
		assert_memory_equal(&before, &s->evidence, sizeof before);
		evidence_record(&s->evidence, &s->process[RIGHT], &operation, &s->facts);
		evidence_leave(&s->evidence, operation.ticket, serial(s, RIGHT));
		assert_int_equal(s->facts.goodbye, cases[i].goodbye);
		assert_string_equal(message(s), cases[i].name);
	}
}

static void a_goodbye_is_seen_after_a_loss_too(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, "what is this?");
	WRITES(LEFT, QUIT);
	assert_int_equal(s->facts.goodbye, WIRE_GOODBYE);
	start(s, PROTOCOL_LDAP);
	WRITES(LEFT, "\x30\x05\x02\x01\x03\x63\x00");
	WRITES(LEFT, "\x16\x03\x01\x00\x01\x01"); /* StartTLS has gone through */
	WRITES(LEFT, "\x15\x03\x03\x00\x02\x01\x00");
	assert_int_equal(s->facts.goodbye, WIRE_GOODBYE);
}

/* --- alternation -------------------------------------------------------------------------------
 */

#define RECORD "\x17\x03\x03\x00\x02zz"

static void alternation_is_evidence_under_tls(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_TLS);
	WRITES(LEFT, RECORD);
	READS(LEFT, RECORD);
	READS(LEFT, RECORD);
	assert_clean(s);
	WRITES(RIGHT, RECORD); /* the other is being answered, or was: no evidence */
	assert_clean(s);
	READS(RIGHT, RECORD);
	assert_clean(s);
	WRITES(LEFT, RECORD);
	READS(RIGHT, RECORD);
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_LIKELY, EVIDENCE_ALTERNATION, LEFT);
	READS(RIGHT, RECORD); /* goes on with it */
	assert_clean(s);
	WRITES(RIGHT, RECORD);
	WRITES(LEFT, RECORD);
	assert_crossed(s, EVIDENCE_WROTE, EVIDENCE_LIKELY, EVIDENCE_ALTERNATION, RIGHT);
}

static void two_that_ask_at_once_get_each_others_answers(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_OTHER);
	WRITES(LEFT, "a");
	WRITES(RIGHT, "b");
	assert_crossed(s, EVIDENCE_WROTE, EVIDENCE_LIKELY, EVIDENCE_ALTERNATION, LEFT);
	READS(RIGHT, "A");
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_LIKELY, EVIDENCE_ALTERNATION, LEFT);
	READS(LEFT, "B");
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_LIKELY, EVIDENCE_ALTERNATION, RIGHT);
}

static void an_heirs_turn_is_its_own(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_TLS);
	s->process[PARENT].self.epoch = 0;
	WRITES(PARENT, RECORD);
	READS(LEFT, RECORD);
	assert_clean(s);
}

static void brokers_push(void **state)
{
	static const enum protocol protocols[] = {PROTOCOL_AMQP,      PROTOCOL_MQTT,
						  PROTOCOL_NATS,      PROTOCOL_STOMP,
						  PROTOCOL_ZOOKEEPER, PROTOCOL_HTTP2};
	struct stage stage, *s = &stage;

	(void)state;
	for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
		start(s, protocols[i]);
		WRITES(LEFT, "\xc0\x00");
		READS(RIGHT, "a delivery");
		assert_clean(s);
	}
}

/* --- claims ------------------------------------------------------------------------------------
 */

static void a_claim_that_is_held_is_not_waited_for(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, QUERY);
	s->evidence.claimed_by = 77; /* killed while it recorded */
	READS(RIGHT, OK);
	assert_true(s->facts.missed);
	assert_int_equal(s->facts.claimed_by.n, 77);
	assert_int_equal(s->facts.crossing, EVIDENCE_NOT_CROSSED);
	evidence_forget(&s->evidence, (struct serial){77});
	assert_int_equal(s->evidence.claimed_by, 0);
	READS(RIGHT, OK);
	assert_false(s->facts.missed);
	assert_int_equal(s->facts.crossing, EVIDENCE_READ);
	assert_int_equal(s->facts.certainty, EVIDENCE_LIKELY);
}

static void a_claim_that_was_left_by_a_jump_is_given_back(void **state)
{
	struct stage stage, *s = &stage;
	uint32_t holder;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, QUERY);
	assert_true(evidence_claim(&s->evidence, serial(s, LEFT), &holder));
	evidence_jump(serial(s, LEFT));
	assert_int_equal(s->evidence.claimed_by, 0);
	READS(RIGHT, OK);
	assert_false(s->facts.missed);
	/* What was left may have been another request. */
	assert_int_equal(s->facts.certainty, EVIDENCE_LIKELY);
	/* The next jump finds nothing, and no other process's claim is touched. */
	s->evidence.claimed_by = 77;
	evidence_jump((struct serial){77});
	assert_int_equal(s->evidence.claimed_by, 77);
}

/* What the shim asks of evidence without recording: whether a missing record would hurt. */
static void only_messages_that_are_parsed_can_be_missed(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	assert_false(evidence_is_parsing(&s->evidence)); /* ALIGNING */
	WRITES(LEFT, QUERY);
	assert_true(evidence_is_parsing(&s->evidence));
	WRITES(LEFT, "\x01\x00\x00\x00\xee");		 /* no such command */
	assert_false(evidence_is_parsing(&s->evidence)); /* LOST */
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, "\x17\x03\x03\x00\x02zz");
	assert_int_equal(s->evidence.state, EVIDENCE_PARSING);
	assert_false(evidence_is_parsing(&s->evidence)); /* TLS */
}

/* A mode is carried over a resume when it was seen on this connection, outside its opening. */
static void a_mode_is_carried_over_only_when_it_is_known(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	evidence_start(&s->evidence, PROTOCOL_TLS);
	evidence_encrypt(&s->evidence, PROTOCOL_MYSQL);
	evidence_resume(&s->evidence, PROTOCOL_MYSQL);
	assert_int_equal(s->evidence.parser.mode, WIRE_MODE_TLS);
	assert_int_equal(s->evidence.flags, EVIDENCE_MODE_KNOWN);
	/* Resumed again before anything was recorded. */
	evidence_resume(&s->evidence, PROTOCOL_MYSQL);
	assert_int_equal(s->evidence.parser.mode, WIRE_MODE_TLS);
	assert_int_equal(s->evidence.flags, EVIDENCE_MODE_KNOWN);
	/* Another protocol has nothing to carry, nor has an opening under way. */
	evidence_encrypt(&s->evidence, PROTOCOL_MYSQL);
	s->evidence.state = EVIDENCE_PARSING;
	evidence_resume(&s->evidence, PROTOCOL_REDIS);
	assert_int_equal(s->evidence.parser.mode, WIRE_MODE_EXCHANGES);
	assert_int_equal(s->evidence.flags, 0);
	evidence_start(&s->evidence, PROTOCOL_MYSQL);
	evidence_resume(&s->evidence, PROTOCOL_MYSQL);
	assert_int_equal(s->evidence.flags, 0);
	/* A mode that is none, from a spoilt slot. */
	evidence_start(&s->evidence, PROTOCOL_REDIS);
	s->evidence.parser.mode = WIRE_MODE_COUNT;
	evidence_resume(&s->evidence, PROTOCOL_REDIS);
	assert_int_equal(s->evidence.parser.mode, WIRE_MODE_EXCHANGES);
}

/* A spoilt slot may count more entries than there are. */
static void a_spoilt_queue_is_bounded(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_REDIS);
	WRITES(LEFT, "PING\r\n");
	s->evidence.queued = EVIDENCE_QUEUE + 1;
	READS(LEFT, "+PONG\r\n");
	assert_int_equal(s->evidence.queued, EVIDENCE_QUEUE - 1);
}

/* What is foreseen is not recorded; a claim that is held keeps it from being foreseen. */
static void what_is_foreseen_leaves_no_trace(void **state)
{
	struct stage stage, *s = &stage;
	struct iovec chunk = {(void *)(uintptr_t)QUIT, sizeof QUIT - 1};
	struct evidence_operation operation = {
		.direction = WIRE_CLIENT,
		.chunks = &chunk,
		.chunk_count = 1,
		.len_bytes = sizeof QUIT - 1,
	};
	struct evidence before;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, QUERY);
	READS(LEFT, OK);
	operation.ticket = enter(s, RIGHT, WIRE_CLIENT);
	before = s->evidence;
	evidence_foresee(&s->evidence, &s->process[RIGHT], &operation, &s->facts);
	assert_int_equal(s->facts.goodbye, WIRE_GOODBYE);
	assert_false(s->facts.missed);
	assert_memory_equal(&before, &s->evidence, sizeof before);
	s->evidence.claimed_by = 77;
	evidence_foresee(&s->evidence, &s->process[RIGHT], &operation, &s->facts);
	assert_true(s->facts.missed);
	assert_int_equal(s->facts.claimed_by.n, 77);
	assert_int_equal(s->facts.goodbye, WIRE_NO_GOODBYE);
}

static void nothing_is_recorded_before_it_is_asked_for(void **state)
{
	struct stage stage, *s = &stage;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	memset(&s->evidence, 0, sizeof s->evidence);
	WRITES(LEFT, QUERY);
	READS(RIGHT, OK);
	assert_clean(s);
	assert_int_equal(s->evidence.sequence, 0);
}

/* Real processes hammer one struct: no claim stays, no count goes astray. */
static void processes_record_at_once(void **state)
{
	struct stage *s =
		mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[4];

	(void)state;
	assert_ptr_not_equal(s, MAP_FAILED);
	start(s, PROTOCOL_MYSQL);
	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		assert_int_not_equal(pids[i], -1);
		if (pids[i] != 0)
			continue;
		for (int round = 0; round < 20000; round++) {
			struct lineage_process self = {.self = {{(uint32_t)i + 10}, 0}};
			enum wire_direction d = round & 1 ? WIRE_SERVER : WIRE_CLIENT;
			struct iovec chunk = {(void *)(uintptr_t)(d == WIRE_CLIENT ? QUERY : OK),
					      d == WIRE_CLIENT ? sizeof QUERY - 1 : sizeof OK - 1};
			struct evidence_facts facts;
			struct evidence_operation operation = {
				.direction = d,
				.ticket = evidence_enter(&s->evidence, self.self.serial, d),
				.chunks = &chunk,
				.chunk_count = 1,
				.len_bytes = chunk.iov_len};

			evidence_record(&s->evidence, &self, &operation, &facts);
			evidence_leave(&s->evidence, operation.ticket, self.self.serial);
		}
		_exit(0);
	}
	for (int i = 0; i < 4; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(s->evidence.claimed_by, 0);
	for (int d = 0; d < 2; d++) {
		assert_int_equal(s->evidence.uncounted[d], 0);
		for (int i = 0; i < EVIDENCE_INSIDE; i++)
			assert_int_equal(s->evidence.inside[d][i], 0);
	}
	munmap(s, sizeof *s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reply_in_the_wrong_hands_is_proven_and_named),
		cmocka_unit_test(an_age_is_never_negative),
		cmocka_unit_test(an_age_of_days_is_right),
		cmocka_unit_test(an_age_behind_an_old_request_is_right),
		cmocka_unit_test(packed_times_keep_their_order),
		cmocka_unit_test(a_write_into_anothers_exchange_is_proven),
		cmocka_unit_test(a_write_into_anothers_message_is_proven),
		cmocka_unit_test(pieces_of_a_reply_count_once),
		cmocka_unit_test(taking_turns_is_no_crossing),
		cmocka_unit_test(an_heir_reads_its_parents_reply),
		cmocka_unit_test(what_the_parent_asks_after_the_fork_is_its_own),
		cmocka_unit_test(blocked_readers_make_it_likely),
		cmocka_unit_test(a_reader_that_waits_for_nothing_disturbs_no_one),
		cmocka_unit_test(a_call_that_was_not_entered_proves_nothing),
		cmocka_unit_test(more_callers_than_places_prove_nothing_until_they_leave),
		cmocka_unit_test(the_dead_are_forgotten),
		cmocka_unit_test(notices_belong_to_nobody),
		cmocka_unit_test(pushes_of_redis_belong_to_nobody),
		cmocka_unit_test(a_deep_pipeline_of_one_process_is_parsed),
		cmocka_unit_test(a_queue_that_overflows_loses_track_and_says_so_only_among_several),
		cmocka_unit_test(track_is_found_again_by_a_clean_exchange),
		cmocka_unit_test(bytes_come_in_chunks_of_any_kind),
		cmocka_unit_test(bytes_that_were_not_seen_lose_track),
		cmocka_unit_test(encryption_is_found_by_the_first_write),
		cmocka_unit_test(a_goodbye_inside_tls_is_no_request),
		cmocka_unit_test(a_goodbye_leaves_an_answered_turn),
		cmocka_unit_test(compression_is_found_by_the_first_write),
		cmocka_unit_test(a_write_longer_than_its_call_is_enough_after_a_fork),
		cmocka_unit_test(an_opening_teaches_the_mode),
		cmocka_unit_test(tls_by_alpn_is_parsed_as_records),
		cmocka_unit_test(records_go_on_when_the_protocol_is_named),
		cmocka_unit_test(goodbyes_are_seen),
		cmocka_unit_test(a_goodbye_is_seen_after_a_loss_too),
		cmocka_unit_test(alternation_is_evidence_under_tls),
		cmocka_unit_test(two_that_ask_at_once_get_each_others_answers),
		cmocka_unit_test(an_heirs_turn_is_its_own),
		cmocka_unit_test(brokers_push),
		cmocka_unit_test(a_claim_that_is_held_is_not_waited_for),
		cmocka_unit_test(a_claim_that_was_left_by_a_jump_is_given_back),
		cmocka_unit_test(only_messages_that_are_parsed_can_be_missed),
		cmocka_unit_test(a_mode_is_carried_over_only_when_it_is_known),
		cmocka_unit_test(a_spoilt_queue_is_bounded),
		cmocka_unit_test(what_is_foreseen_leaves_no_trace),
		cmocka_unit_test(nothing_is_recorded_before_it_is_asked_for),
		cmocka_unit_test(processes_record_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
