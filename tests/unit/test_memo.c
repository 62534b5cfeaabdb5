/* SPDX-License-Identifier: MIT */
/*
 * The memo of a process that alone uses a connection, held against the records that it stands for:
 * a parent does part of an exchange, and then its child comes.
 */
#include "evidence_script.h"
#include "evidence_stage.h"
#include "judge/memo.h"

#include <stdio.h>
#include <stdlib.h>

#define CHUNK(text, len_bytes)                                                                     \
	{                                                                                          \
		(void *)(uintptr_t)(text), (len_bytes)                                             \
	}
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct stage recorded, noted;
static const struct iovec ping = CHUNK("PING\r\n", 6);
static struct evidence_memo memo;

static void begin(struct stage *s, enum protocol protocol)
{
	start(s, protocol);
	s->process[PARENT].self.epoch = 2; /* after its forks */
}

static void note(enum wire_direction direction, const struct iovec *chunks, size_t count,
		 size_t len)
{
	const struct evidence_operation operation = {
		.direction = direction,
		.time_ns = noted.now_ns,
		.chunks = chunks,
		.chunk_count = count,
		.len_bytes = len,
	};

	evidence_memo_note(&noted.evidence, noted.process[PARENT].self, &operation, 77, 3);
	noted.now_ns += 1000000;
}

static void parent(enum wire_direction direction, const char *bytes, size_t len)
{
	struct iovec chunk = {(void *)(uintptr_t)bytes, len};

	act(&recorded, PARENT, direction, bytes, len);
	note(direction, &chunk, 1, len);
}

static void start_both(enum protocol protocol)
{
	begin(&recorded, protocol);
	begin(&noted, protocol);
	evidence_memo_start(&noted.evidence, protocol, noted.process[PARENT].self);
}

static void replay(enum protocol protocol)
{
	evidence_memo_replay(&noted.evidence, protocol, true, &memo, &noted.facts);
}

static void both(int who, enum wire_direction direction, const char *bytes, size_t len)
{
	act(&recorded, who, direction, bytes, len);
	act(&noted, who, direction, bytes, len);
}

static void assert_same(void)
{
	assert_int_equal(noted.facts.crossing, recorded.facts.crossing);
	assert_int_equal(noted.facts.certainty, recorded.facts.certainty);
	assert_int_equal(noted.facts.other.serial.n, recorded.facts.other.serial.n);
	assert_int_equal(noted.facts.other_code, recorded.facts.other_code);
	assert_int_equal(noted.facts.replies_crossed, recorded.facts.replies_crossed);
}

/* What rests on the memo may be less certain, and is never more than what was recorded. */
static void assert_no_more(void)
{
	if (noted.facts.crossing == EVIDENCE_NOT_CROSSED ||
	    noted.facts.certainty == EVIDENCE_LIKELY)
		return;
	assert_int_equal(recorded.facts.crossing, noted.facts.crossing);
	assert_int_equal(recorded.facts.certainty, EVIDENCE_PROVEN);
	assert_int_equal(recorded.facts.other.serial.n, noted.facts.other.serial.n);
}

/* --- every exchange, broken off everywhere ---------------------------------------------------- */

struct step {
	enum wire_direction direction;
	struct script_bytes bytes;
};

static size_t steps_of(const struct script_request *request, struct step steps[16])
{
	size_t count = 0;

	for (size_t part = 0; part < SCRIPT_PARTS && request->part[part].bytes; part++) {
		steps[count++] = (struct step){WIRE_CLIENT, request->part[part]};
		for (size_t i = 0; i < SCRIPT_PIECES && request->reply[part][i].bytes; i++)
			steps[count++] = (struct step){WIRE_SERVER, request->reply[part][i]};
	}
	return count;
}

static bool has_one_part(const struct script_request *request)
{
	return request->part[1].bytes == NULL;
}

/* The parent makes whole exchanges `before`, then the first `done` steps of one more; its child
 * takes the next bytes, or asks. */
static void break_off(const struct script_request *request, size_t before, size_t done, bool asks)
{
	struct step steps[16];
	size_t count = steps_of(request, steps);

	start_both(request->protocol);
	for (size_t i = 0; i < before * count; i++)
		parent(steps[i % count].direction, steps[i % count].bytes.bytes,
		       steps[i % count].bytes.len);
	for (size_t i = 0; i < done; i++)
		parent(steps[i].direction, steps[i].bytes.bytes, steps[i].bytes.len);
	replay(request->protocol);
	if (asks)
		both(LEFT, WIRE_CLIENT, request->part[0].bytes, request->part[0].len);
	else if (done < count && steps[done].direction == WIRE_SERVER)
		both(LEFT, WIRE_SERVER, steps[done].bytes.bytes, steps[done].bytes.len);
	else
		return;
	assert_no_more();
	/* Right after a request, and between two exchanges, nothing is less certain; requests
	 * without replies are one long write, and less is kept of them. */
	if (has_one_part(request) && (done == 1 || done == 0 || done == count) &&
	    (count > 1 || before == 0))
		assert_same();
	both(PARENT, WIRE_CLIENT, request->part[0].bytes, request->part[0].len);
	assert_no_more();
	both(LEFT, WIRE_SERVER, steps[1 % count].bytes.bytes, steps[1 % count].bytes.len);
	assert_no_more();
}

static void every_exchange_broken_off_everywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(script_requests); i++) {
		struct step steps[16];
		size_t count = steps_of(&script_requests[i], steps);

		for (size_t n = 0; n < 2 * 3 * (count + 1); n++)
			break_off(&script_requests[i], n / 2 % 3, n / 6, n % 2);
	}
}

/* --- what does not fit ------------------------------------------------------------------------ */

#define OK "\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"

/* A request whose value is longer than what is kept: its length says where it ends. */
static void a_long_request(void **state)
{
	char request[4000] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3900\r\n";
	size_t head = strlen(request), len = head + 3900 + 2;

	(void)state;
	memset(request + head, 'x', 3900);
	memcpy(request + len - 2, "\r\n", 2);
	start_both(PROTOCOL_REDIS);
	parent(WIRE_CLIENT, request, len);
	replay(PROTOCOL_REDIS);
	both(LEFT, WIRE_SERVER, "+OK\r\n", 5);
	assert_same();
	assert_crossed(&noted, EVIDENCE_READ, EVIDENCE_PROVEN, EVIDENCE_MESSAGES, PARENT);
}

/* An answer whose middle was not kept: its end says that it is over. */
static void a_long_answer(void **state)
{
	static const char row[] = "D\x00\x00\x00\x09\x00\x01"
				  "abc";
	static const char query[] = "Q\x00\x00\x00\x0dSELECT 1\x00";
	static const char end[] = "C\x00\x00\x00\x08SEL\x00Z\x00\x00\x00\x05I";

	(void)state;
	for (int whole = 0; whole < 2; whole++) {
		start_both(PROTOCOL_POSTGRESQL);
		parent(WIRE_CLIENT, query, sizeof query - 1);
		parent(WIRE_SERVER, "T\x00\x00\x00\x06\x00\x00", 7);
		for (int i = 0; i < 100; i++)
			parent(WIRE_SERVER, row, sizeof row - 1);
		if (whole)
			parent(WIRE_SERVER, end, sizeof end - 1);
		replay(PROTOCOL_POSTGRESQL);
		both(LEFT, WIRE_CLIENT, query, sizeof query - 1);
		if (whole)
			assert_same();
		else
			assert_no_more();
		both(PARENT, WIRE_SERVER, end, sizeof end - 1);
		if (whole)
			assert_same();
		else
			assert_no_more();
	}
}

/* Bytes that still wait make an answer whose end was seen no whole one. */
static void an_answer_of_which_more_waits(void **state)
{
	(void)state;
	start_both(PROTOCOL_POSTGRESQL);
	parent(WIRE_CLIENT, "Q\x00\x00\x00\x0dSELECT 1\x00", 14);
	for (int i = 0; i < 10; i++)
		parent(WIRE_SERVER, "Z\x00\x00\x00\x05I", 6);
	evidence_memo_replay(&noted.evidence, PROTOCOL_POSTGRESQL, false, &memo, &noted.facts);
	assert_int_equal(noted.evidence.state, EVIDENCE_LOST);
}

static void several_chunks_and_bytes_unseen(void **state)
{
	struct iovec chunks[] = {CHUNK("\x01\x00", 2), CHUNK("", 0), CHUNK("\x00\x00\x0e", 3)};
	struct iovec unseen = {NULL, 5};
	static const char com_ping[] = "\x01\x00\x00\x00\x0e";

	(void)state;
	start_both(PROTOCOL_MYSQL);
	act(&recorded, PARENT, WIRE_CLIENT, com_ping, sizeof com_ping - 1);
	note(WIRE_CLIENT, chunks, 3, 5);
	replay(PROTOCOL_MYSQL);
	both(LEFT, WIRE_SERVER, OK, sizeof OK - 1);
	assert_same();
	assert_int_equal(noted.facts.certainty, EVIDENCE_PROVEN);

	start_both(PROTOCOL_MYSQL);
	act(&recorded, PARENT, WIRE_CLIENT, com_ping, sizeof com_ping - 1);
	note(WIRE_CLIENT, &unseen, 1, 5);
	replay(PROTOCOL_MYSQL);
	both(LEFT, WIRE_SERVER, OK, sizeof OK - 1);
	assert_no_more();
	start_both(PROTOCOL_MYSQL);
	note(WIRE_CLIENT, NULL, 0, 3000000);
	replay(PROTOCOL_MYSQL);
	assert_int_equal(memo.total_bytes[WIRE_CLIENT], 3000000);
}

/* Several calls: the first bytes of the first, the last of the last. */
static void many_calls(void **state)
{
	struct iovec chunks[] = {CHUNK("abcdefgh", 8), CHUNK("ijklmnop", 8),
				 CHUNK("qrstuvwxyz0123456789", 20)};
	struct iovec last = CHUNK("THE END", 7);

	(void)state;
	start_both(PROTOCOL_REDIS);
	note(WIRE_CLIENT, chunks, 3, 36);
	note(WIRE_CLIENT, &last, 1, 7);
	assert_memory_equal(noted.evidence.memo.head[WIRE_CLIENT],
			    "abcdefghijklmnopqrstuvwxyz012345", 32);
	assert_memory_equal(noted.evidence.memo.tail[WIRE_CLIENT], "THE END", 7);
	assert_int_equal(noted.evidence.memo.total_bytes[WIRE_CLIENT], 43);
	note(WIRE_CLIENT, chunks, 3, 36);
	assert_memory_equal(noted.evidence.memo.tail[WIRE_CLIENT],
			    "efghijklmnopqrstuvwxyz0123456789", 32);
	assert_int_equal(noted.evidence.memo.calls, 3);
	assert_int_equal(noted.evidence.memo.tid[WIRE_CLIENT], 77);
	assert_int_equal(noted.evidence.memo.call[WIRE_CLIENT], 3);
}

/* --- names and goodbyes ----------------------------------------------------------------------- */

static void a_goodbye_is_known(void **state)
{
	static const struct {
		enum protocol protocol;
		struct script_bytes bytes;
	} goodbyes[] = {
		{PROTOCOL_MYSQL, B("\x01\x00\x00\x00\x01")},
		{PROTOCOL_POSTGRESQL, B("X\x00\x00\x00\x04")},
		{PROTOCOL_REDIS, B("QUIT\r\n")},
		{PROTOCOL_MEMCACHED, B("quit\r\n")},
		{PROTOCOL_LDAP, B("\x30\x05\x02\x01\x07\x42\x00")},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(goodbyes); i++) {
		enum protocol protocol = goodbyes[i].protocol;
		struct iovec chunk = {(void *)(uintptr_t)goodbyes[i].bytes.bytes,
				      goodbyes[i].bytes.len};

		start_both(protocol);
		note(WIRE_CLIENT, &chunk, 1, chunk.iov_len);
		replay(protocol);
		assert_int_not_equal(noted.facts.goodbye, WIRE_NO_GOODBYE);
		assert_int_equal(memo.owner.serial.n, 1);
	}
}

/* Where messages are only named, the latest write is looked at, however many came before. */
static void a_goodbye_after_other_writes(void **state)
{
	static const char bind[100] = "\x30\x62";
	struct iovec first = {(void *)(uintptr_t)bind, sizeof bind};
	struct iovec unbind = CHUNK("\x30\x05\x02\x01\x07\x42\x00", 7);

	(void)state;
	start_both(PROTOCOL_LDAP);
	note(WIRE_CLIENT, &first, 1, sizeof bind);
	note(WIRE_CLIENT, &unbind, 1, 7);
	replay(PROTOCOL_LDAP);
	assert_int_not_equal(noted.facts.goodbye, WIRE_NO_GOODBYE);
}

/* Notices that are read before anything was asked are no exchange. */
static void nothing_was_asked(void **state)
{
	(void)state;
	start_both(PROTOCOL_POSTGRESQL);
	parent(WIRE_SERVER, "N\x00\x00\x00\x08Sxx\x00", 9);
	replay(PROTOCOL_POSTGRESQL);
	assert_int_equal(noted.evidence.state, EVIDENCE_ALIGNING);
	both(LEFT, WIRE_CLIENT, "Q\x00\x00\x00\x0dSELECT 1\x00", 14);
	assert_same();
	assert_clean(&noted);
}

/* A call that the parent had entered before the replay overlaps what comes after, and no more. */
static void a_call_that_is_inside(void **state)
{
	struct evidence_ticket inside;

	(void)state;
	start_both(PROTOCOL_REDIS);
	inside = enter(&noted, PARENT, WIRE_SERVER);
	note(WIRE_CLIENT, &ping, 1, 6);
	replay(PROTOCOL_REDIS);
	act(&noted, LEFT, WIRE_SERVER, "+PONG\r\n", 7);
	assert_int_equal(noted.facts.crossing, EVIDENCE_READ);
	assert_int_equal(noted.facts.certainty, EVIDENCE_LIKELY);
	evidence_leave(&noted.evidence, inside, serial(&noted, PARENT));
	assert_int_equal(load_relaxed(&noted.evidence.inside[WIRE_SERVER][0]), 0);
}

/* A slot that somebody has spoilt costs the finding, never more. */
static void a_spoilt_memo_is_bounded(void **state)
{
	(void)state;
	srandom(20261126);
	for (int i = 0; i < 20000; i++) {
		enum protocol protocol = (enum protocol)(random() % PROTOCOL_COUNT);
		uint8_t *bytes = (uint8_t *)&noted.evidence.memo;

		begin(&noted, protocol);
		for (size_t n = 0; n < sizeof noted.evidence.memo; n++)
			bytes[n] = random() % 3 ? (uint8_t)(random() % 4) : (uint8_t)random();
		note(random() % 2 ? WIRE_CLIENT : WIRE_SERVER, &ping, 1, 6);
		replay(protocol);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_exchange_broken_off_everywhere),
		cmocka_unit_test(a_long_request),
		cmocka_unit_test(a_long_answer),
		cmocka_unit_test(an_answer_of_which_more_waits),
		cmocka_unit_test(several_chunks_and_bytes_unseen),
		cmocka_unit_test(many_calls),
		cmocka_unit_test(a_goodbye_is_known),
		cmocka_unit_test(a_goodbye_after_other_writes),
		cmocka_unit_test(nothing_was_asked),
		cmocka_unit_test(a_call_that_is_inside),
		cmocka_unit_test(a_spoilt_memo_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
