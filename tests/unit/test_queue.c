/* SPDX-License-Identifier: MIT */
/*
 * The queue of unanswered requests, entry by entry: what shares an entry, what is split off one,
 * and whose it is then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "judge/queue.h"

#define USE(serial, epoch) ((struct lineage_use){{(serial)}, (epoch)})
#define REQUEST(code, kind) ((struct wire_request){(code), (kind), 0})

static struct evidence queue;

static void start(void)
{
	memset(&queue, 0, sizeof queue);
}

static bool push(uint32_t owner, uint16_t code, uint8_t kind)
{
	return evidence_push(&queue, USE(owner, 0), 1000, REQUEST(code, kind), 0);
}

/* Serials and codes of all entries, each with its count: "1:5 2:6x3". */
static void assert_queue(const char *expected)
{
	char text[400] = "";
	size_t len = 0;

	for (size_t i = 0; i < queue.queued; i++) {
		const struct evidence_entry *e = &queue.queue[i];

		len += (size_t)snprintf(text + len, sizeof text - len, "%s%u:%u", i ? " " : "",
					e->owner.serial.n, e->request.code);
		if (e->count != 1)
			len += (size_t)snprintf(text + len, sizeof text - len, "x%u", e->count);
	}
	assert_string_equal(text, expected);
}

static void equal_neighbours_share_an_entry(void **state)
{
	(void)state;
	start();
	assert_null(evidence_head(&queue));
	assert_true(push(1, 5, 0) && push(1, 5, 0) && push(1, 5, 0));
	assert_queue("1:5x3");
	assert_true(push(1, 6, 0));
	assert_true(push(2, 6, 0));
	assert_true(evidence_push(&queue, USE(2, 1), 0, REQUEST(6, 0), 0)); /* after a fork */
	assert_true(evidence_push(&queue, USE(2, 1), 0, REQUEST(6, 1), 0)); /* another reply */
	assert_true(evidence_push(&queue, USE(2, 1), 0, (struct wire_request){6, 1, 1}, 0));
	assert_true(evidence_push(&queue, USE(2, 1), 0, (struct wire_request){6, 1, 1},
				  EVIDENCE_UNSURE));
	assert_true(evidence_push(&queue, USE(2, 1), 0, (struct wire_request){6, 1, 1},
				  EVIDENCE_UNSURE));
	assert_queue("1:5x3 1:6 2:6 2:6 2:6 2:6 2:6x2");
	assert_int_equal(evidence_head(&queue)->code, 5);
	assert_int_equal(queue.queue[6].flags, EVIDENCE_UNSURE);
	/* A counter that is full is not stepped over. */
	queue.queue[6].count = UINT16_MAX - 1;
	for (int i = 0; i < 2; i++)
		assert_true(evidence_push(&queue, USE(2, 1), 0, (struct wire_request){6, 1, 1},
					  EVIDENCE_UNSURE));
	assert_queue("1:5x3 1:6 2:6 2:6 2:6 2:6 2:6x65535 2:6");
}

static void an_entry_remembers_when_and_under_which_record(void **state)
{
	(void)state;
	start();
	store_relaxed(&queue.sequence, 0x1fe);
	assert_true(evidence_push(&queue, USE(1, 0), 5000000, REQUEST(1, 0), 0));
	assert_int_equal(queue.base_ns, 5000000);
	store_relaxed(&queue.sequence, 0x1ff);
	assert_true(evidence_push(&queue, USE(1, 0), 6000000, REQUEST(1, 0), 0));
	assert_true(evidence_push(&queue, USE(2, 0), 7000000, REQUEST(1, 0), 0));
	assert_int_equal(queue.base_ns, 5000000);
	assert_int_equal(queue.queue[0].sequence, 0xff);
	assert_int_equal(queue.queue[0].time, 0);
	assert_int_equal(queue.queue[1].time, 2000);
	evidence_remove(&queue, 0);
	evidence_remove(&queue, 0);
	assert_true(evidence_push(&queue, USE(1, 0), 8000000, REQUEST(1, 0), 0));
	assert_int_equal(queue.base_ns, 8000000);
}

/* Ten entries that none can share, by their codes; owner of the i-th is i + 1. */
static void fill(void)
{
	start();
	for (uint32_t i = 0; i < EVIDENCE_QUEUE; i++)
		assert_true(push(i + 1, (uint16_t)(10 + i), 0));
}

static void a_full_queue_joins_neighbours_of_one_owner(void **state)
{
	(void)state;
	fill();
	assert_false(push(11, 20, 0));
	queue.queue[8].owner = USE(10, 0);
	queue.queue[8].count = 2;
	queue.queue[9].flags = EVIDENCE_UNSURE;
	assert_true(push(11, 20, 0));
	assert_queue("1:10 2:11 3:12 4:13 5:14 6:15 7:16 8:17 10:0x3 11:20");
	assert_int_equal(queue.queue[8].flags, EVIDENCE_UNSURE);
	/* The first pair of neighbours is taken. */
	fill();
	queue.queue[1].owner = queue.queue[0].owner;
	queue.queue[5].owner = queue.queue[4].owner;
	assert_true(push(11, 20, 0));
	assert_queue("1:0x2 3:12 4:13 5:14 5:15 7:16 8:17 9:18 10:19 11:20");
}

static void neighbours_that_differ_are_not_joined(void **state)
{
	(void)state;
	for (int difference = 0; difference < 6; difference++) {
		struct evidence_entry *e;

		fill();
		e = &queue.queue[3];
		e[1].owner = e->owner;
		if (difference == 0)
			e[1].owner.epoch = 1;
		if (difference == 1)
			e->request.no_reply = 1;
		if (difference == 2)
			e[1].request.no_reply = 1;
		if (difference == 3)
			e[1].request.reply_kind = 1;
		if (difference == 4) {
			e->count = UINT16_MAX - 1;
			e[1].count = 2;
		}
		assert_int_equal(push(11, 20, 0), difference == 5);
	}
	/* Counts that just fit. */
	fill();
	queue.queue[4].owner = queue.queue[3].owner;
	queue.queue[3].count = UINT16_MAX - 1;
	assert_true(push(11, 20, 0));
	assert_int_equal(queue.queue[3].count, UINT16_MAX);
}

static void entries_go_from_any_place(void **state)
{
	(void)state;
	fill();
	evidence_remove(&queue, 10);
	assert_int_equal(queue.queued, 10);
	evidence_remove(&queue, 9);
	evidence_remove(&queue, 0);
	evidence_remove(&queue, 3);
	assert_queue("2:11 3:12 4:13 6:15 7:16 8:17 9:18");
	evidence_remove(&queue, 7);
	assert_int_equal(queue.queued, 7);
}

static void answers_come_one_by_one(void **state)
{
	(void)state;
	start();
	evidence_pop(&queue);
	push(1, 5, 0);
	push(1, 5, 0);
	push(2, 6, 0);
	queue.queue[0].flags = EVIDENCE_BEGUN | EVIDENCE_STOLEN | EVIDENCE_UNSURE;
	evidence_pop(&queue);
	assert_queue("1:5 2:6");
	assert_int_equal(queue.queue[0].flags, EVIDENCE_UNSURE);
	evidence_pop(&queue);
	assert_queue("2:6");
	evidence_pop(&queue);
	evidence_pop(&queue);
	assert_queue("");
}

static void an_heir_takes_over_one_request(void **state)
{
	(void)state;
	start();
	evidence_take_over(&queue, false, USE(9, 0));
	evidence_take_over(&queue, true, USE(9, 0));
	assert_int_equal(queue.queued, 0);
	/* The first of several: its reply has begun, those of the others have not. */
	for (int i = 0; i < 3; i++)
		push(1, 5, 0);
	queue.queue[0].flags = EVIDENCE_BEGUN | EVIDENCE_STOLEN | EVIDENCE_UNSURE;
	evidence_take_over(&queue, false, USE(9, 0));
	assert_queue("9:5 1:5x2");
	assert_int_equal(queue.queue[0].flags, EVIDENCE_BEGUN | EVIDENCE_STOLEN | EVIDENCE_UNSURE);
	assert_int_equal(queue.queue[1].flags, EVIDENCE_UNSURE);
	/* The last of several. */
	evidence_take_over(&queue, true, USE(8, 0));
	assert_queue("9:5 1:5 8:5");
	/* What is the user's already stays whole. */
	queue.queue[2].flags = 0;
	push(8, 5, 0);
	evidence_take_over(&queue, true, USE(8, 0));
	assert_queue("9:5 1:5 8:5x2");
	evidence_take_over(&queue, true, USE(8, 1));
	assert_queue("9:5 1:5 8:5 8:5");
	evidence_take_over(&queue, false, USE(7, 0));
	assert_queue("7:5 1:5 8:5 8:5");
	/* Nine entries and one free. */
	fill();
	evidence_remove(&queue, 9);
	queue.queue[0].count = 4;
	evidence_take_over(&queue, false, USE(99, 0));
	assert_queue("99:10 1:10x3 2:11 3:12 4:13 5:14 6:15 7:16 8:17 9:18");
}

static void without_room_the_whole_entry_is_taken_over(void **state)
{
	(void)state;
	fill();
	queue.queue[0].count = 3;
	evidence_take_over(&queue, false, USE(99, 0));
	assert_queue("99:10x3 2:11 3:12 4:13 5:14 6:15 7:16 8:17 9:18 10:19");
}

static void marks_reach_what_was_recorded_since(void **state)
{
	(void)state;
	start();
	for (uint32_t i = 0; i < 4; i++) {
		store_relaxed(&queue.sequence, 0xfe + i); /* fe, ff, 00, 01 in the entries */
		push(i + 1, 5, 0);
	}
	assert_false(evidence_is_unsure(&queue));
	evidence_mark_unsure_since(&queue, 0xff);
	assert_int_equal(queue.queue[0].flags, 0);
	assert_int_equal(queue.queue[1].flags, 0);
	assert_int_equal(queue.queue[2].flags, EVIDENCE_UNSURE);
	assert_int_equal(queue.queue[3].flags, EVIDENCE_UNSURE);
	assert_true(evidence_is_unsure(&queue));
	queue.queue[0].flags = EVIDENCE_BEGUN;
	evidence_mark_unsure(&queue);
	assert_int_equal(queue.queue[0].flags, EVIDENCE_BEGUN | EVIDENCE_UNSURE);
	assert_int_equal(queue.queue[1].flags, EVIDENCE_UNSURE);
	queue.queue[3].flags = 0;
	queue.queued = 3;
	evidence_mark_unsure(&queue);
	assert_int_equal(queue.queue[3].flags, 0);
}

static void one_other_kind_makes_the_queue_unlike(void **state)
{
	(void)state;
	start();
	assert_true(evidence_are_alike(&queue));
	push(1, 5, 7);
	assert_true(evidence_are_alike(&queue));
	push(2, 6, 7);
	assert_true(evidence_are_alike(&queue));
	push(2, 6, 8);
	assert_false(evidence_are_alike(&queue));
	queue.queued = 2;
	assert_true(evidence_are_alike(&queue));
}

static void anothers_request_is_found(void **state)
{
	struct lineage_process parent = {.self = USE(1, 3)}, child;

	(void)state;
	lineage_fork(&parent, (struct serial){2}, &child);
	assert_true(evidence_owns(&child, USE(0, 0)));
	assert_true(evidence_owns(&child, USE(2, 0)));
	assert_true(evidence_owns(&child, USE(1, 3)));
	assert_false(evidence_owns(&child, USE(1, 4)));
	assert_false(evidence_owns(&parent, USE(2, 0)));
	start();
	assert_null(evidence_find_other(&queue, &child));
	push(1, 5, 0);
	push(2, 5, 0);
	assert_null(evidence_find_other(&queue, &child));
	push(3, 6, 0);
	queue.queue[2].request.no_reply = 1;
	assert_null(evidence_find_other(&queue, &child));
	push(4, 7, 0);
	assert_ptr_equal(evidence_find_other(&queue, &child), &queue.queue[3]);
	assert_ptr_equal(evidence_find_other(&queue, &parent), &queue.queue[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_neighbours_share_an_entry),
		cmocka_unit_test(an_entry_remembers_when_and_under_which_record),
		cmocka_unit_test(a_full_queue_joins_neighbours_of_one_owner),
		cmocka_unit_test(neighbours_that_differ_are_not_joined),
		cmocka_unit_test(entries_go_from_any_place),
		cmocka_unit_test(answers_come_one_by_one),
		cmocka_unit_test(an_heir_takes_over_one_request),
		cmocka_unit_test(without_room_the_whole_entry_is_taken_over),
		cmocka_unit_test(marks_reach_what_was_recorded_since),
		cmocka_unit_test(one_other_kind_makes_the_queue_unlike),
		cmocka_unit_test(anothers_request_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
