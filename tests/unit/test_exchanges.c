/* SPDX-License-Identifier: MIT */
/*
 * Exchanges that overlap: what is known of a connection's order afterwards (the flags of record.h),
 * and what is reported meanwhile.
 */
#include "evidence_stage.h"
#include "judge/record.h"
#include "wire/mysql.h"

#define QUERY "\x09\x00\x00\x00\x03select 1"
#define PING "\x01\x00\x00\x00\x0e"
#define OK "\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"

static struct stage stage, *s = &stage;

#define FINISH(who, ticket, text) finish(s, who, ticket, text, sizeof(text) - 1)

static bool has(uint8_t flags)
{
	return (s->evidence.flags & flags) == flags;
}

/* RIGHT's query is recorded while LEFT is inside a write; RIGHT reads a reply. */
static struct evidence_ticket answered_during_a_write(void)
{
	struct evidence_ticket left, right;

	start(s, PROTOCOL_MYSQL);
	left = enter(s, LEFT, WIRE_CLIENT);
	right = enter(s, RIGHT, WIRE_CLIENT);
	FINISH(RIGHT, right, QUERY);
	assert_crossed(s, EVIDENCE_WROTE, EVIDENCE_LIKELY, EVIDENCE_MESSAGES, LEFT);
	assert_int_equal(s->evidence.queue[0].flags, EVIDENCE_UNSURE);
	READS(RIGHT, OK);
	assert_int_equal(s->facts.crossing, EVIDENCE_READ);
	assert_int_equal(s->facts.certainty, EVIDENCE_LIKELY);
	assert_int_equal(s->facts.replies_crossed, 1);
	assert_true(has(EVIDENCE_ORDER_UNKNOWN | EVIDENCE_ORDER_ACROSS_PROCESSES |
			EVIDENCE_REPLY_MAY_BE_UNSENT));
	assert_false(has(EVIDENCE_UNPROVABLE));
	assert_int_equal(s->evidence.unsent_kind, MYSQL_KIND_RESULT);
	return left;
}

static void a_write_of_the_same_kind_keeps_the_pairing(void **state)
{
	struct evidence_ticket left;

	(void)state;
	left = answered_during_a_write();
	FINISH(LEFT, left, QUERY);
	assert_false(has(EVIDENCE_UNPROVABLE));
	READS(LEFT, OK);
	/* Nothing is outstanding and nobody inside: the order is known again. */
	assert_int_equal(s->evidence.flags & ~EVIDENCE_JOINS_LAST, EVIDENCE_MODE_KNOWN);
	WRITES(LEFT, QUERY);
	READS(RIGHT, OK);
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_PROVEN, EVIDENCE_MESSAGES, LEFT);
}

static void a_write_of_another_kind_ends_all_proofs(void **state)
{
	struct evidence_ticket left;

	(void)state;
	left = answered_during_a_write();
	FINISH(LEFT, left, PING);
	assert_true(has(EVIDENCE_UNPROVABLE));
	READS(LEFT, OK);
	assert_true(has(EVIDENCE_UNPROVABLE | EVIDENCE_PAIRING_SUSPECT));
	assert_false(has(EVIDENCE_ORDER_UNKNOWN));
	assert_false(has(EVIDENCE_ORDER_ACROSS_PROCESSES));
	assert_false(has(EVIDENCE_REPLY_MAY_BE_UNSENT));
	/* Pairs may be off by one from here on: what one of two does is likely a crossing. */
	WRITES(RIGHT, QUERY);
	assert_int_equal(s->facts.crossing, EVIDENCE_WROTE);
	assert_int_equal(s->facts.certainty, EVIDENCE_LIKELY);
}

/* A reply in two parts whose owner is uncertain counts once. */
static void an_uncertain_reply_counts_once(void **state)
{
	struct evidence_ticket left, right;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	left = enter(s, LEFT, WIRE_CLIENT);
	right = enter(s, RIGHT, WIRE_CLIENT);
	FINISH(RIGHT, right, QUERY);
	FINISH(LEFT, left, QUERY);
	READS(RIGHT, "\x07\x00\x00\x01\x00\x00");
	assert_int_equal(s->facts.replies_crossed, 1);
	READS(RIGHT, "\x00\x02\x00\x00\x00");
	assert_int_equal(s->facts.replies_crossed, 0);
	assert_int_equal(s->evidence.queued, 1);
	/* The same of a reply that is another's: taken in parts, by two processes. */
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, QUERY);
	READS(RIGHT, "\x07\x00\x00\x01\x00\x00");
	assert_int_equal(s->facts.replies_crossed, 1);
	READS(PARENT, "\x00\x02\x00\x00\x00");
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_PROVEN, EVIDENCE_MESSAGES, LEFT);
	assert_int_equal(s->facts.replies_crossed, 0);
}

/* Another process waits in a read meanwhile: a second request of one's own is none of its business,
 * but one that both inherited it may be answering just now. */
static void a_waiting_reader_matters_to_inherited_requests_only(void **state)
{
	struct evidence_ticket waiting;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, QUERY);
	waiting = enter(s, RIGHT, WIRE_SERVER);
	WRITES(LEFT, QUERY);
	assert_clean(s);
	evidence_leave(&s->evidence, waiting, serial(s, RIGHT));
	start(s, PROTOCOL_MYSQL);
	s->process[PARENT].self.epoch = 0; /* before it forked LEFT */
	WRITES(PARENT, QUERY);
	waiting = enter(s, RIGHT, WIRE_SERVER);
	WRITES(LEFT, QUERY);
	assert_int_equal(s->facts.crossing, EVIDENCE_WROTE);
	assert_int_equal(s->facts.certainty, EVIDENCE_LIKELY);
	evidence_leave(&s->evidence, waiting, serial(s, RIGHT));
}

/* Whole replies that look alike and are marked keep their place beside a reader of another process;
 * a text may be a part of another text. */
static void whole_replies_keep_the_order_where_they_are_marked(void **state)
{
	static const struct {
		enum protocol protocol;
		const char *request;
		size_t request_len;
		const char *reply;
		size_t reply_len;
		bool known;
	} cases[] = {
		{PROTOCOL_MYSQL, QUERY, sizeof QUERY - 1, OK, sizeof OK - 1, true},
		{PROTOCOL_REDIS, "GET k\r\n", 7, "$-1\r\n", 5, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct evidence_ticket waiting;

		start(s, cases[i].protocol);
		for (int k = 0; k < 2; k++)
			act(s, LEFT, WIRE_CLIENT, cases[i].request, cases[i].request_len);
		waiting = enter(s, RIGHT, WIRE_SERVER);
		act(s, LEFT, WIRE_SERVER, cases[i].reply, cases[i].reply_len);
		assert_int_equal(has(EVIDENCE_ORDER_UNKNOWN), !cases[i].known);
		assert_int_equal(has(EVIDENCE_UNPROVABLE), !cases[i].known);
		assert_int_equal(has(EVIDENCE_ORDER_ACROSS_PROCESSES), !cases[i].known);
		evidence_leave(&s->evidence, waiting, serial(s, RIGHT));
	}
	/* A part of a reply keeps it nowhere; nor do replies of two kinds. */
	for (int unlike = 0; unlike < 2; unlike++) {
		struct evidence_ticket waiting;

		start(s, PROTOCOL_MYSQL);
		WRITES(LEFT, QUERY);
		if (unlike)
			WRITES(LEFT, PING);
		else
			WRITES(LEFT, QUERY);
		waiting = enter(s, RIGHT, WIRE_SERVER);
		act(s, LEFT, WIRE_SERVER, OK, unlike ? sizeof OK - 1 : 6);
		assert_true(has(EVIDENCE_ORDER_UNKNOWN | EVIDENCE_UNPROVABLE));
		evidence_leave(&s->evidence, waiting, serial(s, RIGHT));
	}
}

/* Another thread of the process makes the order unknown, but not across processes: it is not
 * reported. */
static void a_thread_disturbs_its_own_process_only(void **state)
{
	struct evidence_ticket thread;

	(void)state;
	start(s, PROTOCOL_REDIS);
	WRITES(LEFT, "GET k\r\n");
	thread = enter(s, LEFT, WIRE_SERVER);
	READS(LEFT, "$1\r\n");
	assert_clean(s);
	assert_true(has(EVIDENCE_ORDER_UNKNOWN | EVIDENCE_UNPROVABLE));
	assert_false(has(EVIDENCE_ORDER_ACROSS_PROCESSES));
	FINISH(LEFT, thread, "k\r\n");
	assert_clean(s);
	assert_true(has(EVIDENCE_ORDER_UNKNOWN));
	WRITES(LEFT, "GET k\r\n");
	READS(LEFT, "$-1\r\n");
	assert_false(has(EVIDENCE_ORDER_UNKNOWN));
}

/* Bytes too few to say whether they answer the request that may stay unanswered. */
static void bytes_that_cannot_be_identified_are_likely(void **state)
{
	(void)state;
	start(s, PROTOCOL_MEMCACHED);
	WRITES(LEFT, "mg k v q\r\nmn\r\n");
	READS(RIGHT, "M");
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_LIKELY, EVIDENCE_MESSAGES, LEFT);
	READS(RIGHT, "N\r\n");
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_PROVEN, EVIDENCE_MESSAGES, LEFT);
	/* One's own are nobody's business. */
	start(s, PROTOCOL_MEMCACHED);
	WRITES(LEFT, "mg k v q\r\nmn\r\n");
	READS(LEFT, "M");
	assert_clean(s);
}

/* The first write after a fork shows TLS: from then on turns are taken. */
static void a_conversation_that_turns_out_encrypted_takes_turns(void **state)
{
	(void)state;
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, "\x17\x03\x03\x00\x02zz");
	READS(RIGHT, "\x17\x03\x03\x00\x02zz");
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_LIKELY, EVIDENCE_ALTERNATION, LEFT);
}

/* After a loss any use of one among several is likely a crossing, of one alone it is none. */
static void after_a_loss_several_cross(void **state)
{
	(void)state;
	start(s, PROTOCOL_REDIS);
	WRITES(LEFT, "*1\r\nno bulk\r\n");
	assert_clean(s);
	READS(LEFT, "-ERR\r\n");
	assert_clean(s);
	assert_int_equal(s->evidence.state, EVIDENCE_LOST);
	READS(RIGHT, "x");
	assert_crossed(s, EVIDENCE_READ, EVIDENCE_LIKELY, EVIDENCE_ALTERNATION, LEFT);
	assert_int_equal(s->facts.replies_crossed, 1);
	assert_int_equal(s->facts.other_age_ns, 0);
	WRITES(LEFT, "x");
	assert_crossed(s, EVIDENCE_WROTE, EVIDENCE_LIKELY, EVIDENCE_ALTERNATION, RIGHT);
	assert_int_equal(s->facts.replies_crossed, 0);
}

/* An exchange on probation must stay one process's alone. */
static void probation_ends_when_another_speaks(void **state)
{
	(void)state;
	for (int other = 0; other < 2; other++) {
		start(s, PROTOCOL_REDIS);
		WRITES(LEFT, "*1\r\nno bulk\r\n");
		WRITES(LEFT, "PING\r\n");
		assert_int_equal(s->evidence.state, EVIDENCE_PROBATION);
		if (other) {
			READS(RIGHT, "+PONG\r\n");
			assert_int_equal(s->evidence.state, EVIDENCE_LOST);
			continue;
		}
		READS(LEFT, "+PO");
		assert_int_equal(s->evidence.state, EVIDENCE_PROBATION);
		READS(LEFT, "NG\r\n");
		assert_int_equal(s->evidence.state, EVIDENCE_PARSING);
		assert_false(has(EVIDENCE_PAIRING_SUSPECT));
	}
}

/* The reply is over before the rest of the request is recorded, which is under way. */
static void a_reply_before_the_end_of_its_request_loses_track(void **state)
{
	struct evidence_ticket rest;

	(void)state;
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, "\x09\x00\x00\x00\x03sel");
	rest = enter(s, LEFT, WIRE_CLIENT);
	READS(LEFT, OK);
	assert_int_equal(s->evidence.state, EVIDENCE_LOST);
	FINISH(LEFT, rest, "ect 1");
	/* Not so without a write under way: the request was cut by an error. */
	start(s, PROTOCOL_MYSQL);
	WRITES(LEFT, "\x09\x00\x00\x00\x03sel");
	READS(LEFT, OK);
	assert_int_equal(s->evidence.state, EVIDENCE_PARSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_write_of_the_same_kind_keeps_the_pairing),
		cmocka_unit_test(a_write_of_another_kind_ends_all_proofs),
		cmocka_unit_test(an_uncertain_reply_counts_once),
		cmocka_unit_test(a_waiting_reader_matters_to_inherited_requests_only),
		cmocka_unit_test(whole_replies_keep_the_order_where_they_are_marked),
		cmocka_unit_test(a_thread_disturbs_its_own_process_only),
		cmocka_unit_test(bytes_that_cannot_be_identified_are_likely),
		cmocka_unit_test(a_conversation_that_turns_out_encrypted_takes_turns),
		cmocka_unit_test(after_a_loss_several_cross),
		cmocka_unit_test(probation_ends_when_another_speaks),
		cmocka_unit_test(a_reply_before_the_end_of_its_request_loses_track),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
