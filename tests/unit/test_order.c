/* SPDX-License-Identifier: MIT */
/*
 * Which calls overlapped a record's: every way in which another call can be inside, or can have
 * been recorded since the call was entered; and the ways in which it cannot.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "judge/order.h"

#define SELF 7
#define OTHER 9
#define THIRD 11
#define ENTERED 100 /* the ticket's sequence */

static struct evidence evidence;
static struct lineage_process self;
static struct evidence_operation operation;
static struct evidence_context c;

static void start(enum wire_direction direction)
{
	memset(&evidence, 0, sizeof evidence);
	self = (struct lineage_process){.self = {{SELF}, 0}};
	operation = (struct evidence_operation){
		.direction = direction,
		.ticket = {.sequence = ENTERED, .slot = 2, .direction = (uint8_t)direction},
	};
	store_relaxed(&evidence.inside[direction][2], SELF);
	c = (struct evidence_context){
		.evidence = &evidence, .self = &self, .operation = &operation};
}

static void assert_order(const char *expected, uint32_t overlapper)
{
	char order[8] = "";

	evidence_find_order(&c);
	if (c.overlaps)
		strcat(order, "s"); /* the same direction, by another process */
	if (c.overlaps_other)
		strcat(order, "o"); /* the other direction */
	if (c.disordered)
		strcat(order, "d");
	if (c.writing)
		strcat(order, "w");
	if (c.finished_meanwhile)
		strcat(order, "f");
	assert_string_equal(order, expected);
	assert_int_equal(c.overlapper.n, overlapper);
}

static void alone(void **state)
{
	(void)state;
	start(WIRE_SERVER);
	assert_order("", 0);
	start(WIRE_CLIENT);
	assert_order("w", 0); /* the write itself */
}

static void another_is_inside(void **state)
{
	(void)state;
	for (int place = 0; place < EVIDENCE_INSIDE; place++) {
		if (place == 2)
			continue;
		start(WIRE_SERVER);
		store_relaxed(&evidence.inside[WIRE_SERVER][place], OTHER);
		assert_order("sd", OTHER);
	}
	for (int place = 0; place < EVIDENCE_INSIDE; place++) {
		start(WIRE_SERVER);
		store_relaxed(&evidence.inside[WIRE_CLIENT][place], OTHER);
		assert_order("ow", OTHER);
	}
	start(WIRE_CLIENT);
	store_relaxed(&evidence.inside[WIRE_SERVER][0], OTHER);
	assert_order("ow", OTHER);
	/* Of two the one in the same direction is named. */
	start(WIRE_SERVER);
	store_relaxed(&evidence.inside[WIRE_SERVER][1], OTHER);
	store_relaxed(&evidence.inside[WIRE_CLIENT][0], THIRD);
	assert_order("sodw", OTHER);
}

static void one_without_a_place_is_inside(void **state)
{
	(void)state;
	start(WIRE_SERVER);
	store_relaxed(&evidence.uncounted[WIRE_SERVER], 1);
	assert_order("sd", 0);
	start(WIRE_SERVER);
	store_relaxed(&evidence.uncounted[WIRE_CLIENT], 1);
	assert_order("ow", 0);
	/* ... and another that has one, in the other direction. */
	start(WIRE_SERVER);
	store_relaxed(&evidence.uncounted[WIRE_SERVER], 1);
	store_relaxed(&evidence.inside[WIRE_CLIENT][0], OTHER);
	assert_order("sodw", OTHER);
}

static void another_thread_of_the_process(void **state)
{
	(void)state;
	for (int place = 0; place < EVIDENCE_INSIDE; place++) {
		if (place == 2)
			continue;
		start(WIRE_SERVER);
		store_relaxed(&evidence.inside[WIRE_SERVER][place], SELF);
		assert_order("d", 0);
	}
	/* In the other direction a thread of the process's own disturbs nothing. */
	start(WIRE_SERVER);
	store_relaxed(&evidence.inside[WIRE_CLIENT][0], SELF);
	assert_order("w", 0);
	/* Recorded since. */
	start(WIRE_SERVER);
	evidence_note(evidence.seen[WIRE_SERVER], (struct serial){SELF}, ENTERED + 1);
	assert_order("d", 0);
	start(WIRE_SERVER);
	evidence_note(evidence.seen[WIRE_SERVER], (struct serial){SELF}, ENTERED);
	assert_order("", 0);
	start(WIRE_SERVER);
	evidence_note(evidence.seen[WIRE_CLIENT], (struct serial){SELF}, ENTERED + 1);
	assert_order("", 0);
}

static void recorded_since_the_call_was_entered(void **state)
{
	(void)state;
	start(WIRE_SERVER);
	evidence_note(evidence.seen[WIRE_SERVER], (struct serial){OTHER}, ENTERED);
	assert_order("", 0);
	evidence_note(evidence.seen[WIRE_SERVER], (struct serial){OTHER}, ENTERED + 1);
	assert_order("sd", OTHER);
	/* A later record of the process's own does not hide it. */
	evidence_note(evidence.seen[WIRE_SERVER], (struct serial){SELF}, ENTERED + 2);
	assert_order("sd", OTHER);
	start(WIRE_SERVER);
	evidence_note(evidence.seen[WIRE_CLIENT], (struct serial){OTHER}, ENTERED + 1);
	assert_order("o", OTHER);
	/* Sequences wrap. */
	start(WIRE_SERVER);
	operation.ticket.sequence = UINT32_MAX;
	evidence_note(evidence.seen[WIRE_SERVER], (struct serial){OTHER}, 3);
	assert_order("sd", OTHER);
	operation.ticket.sequence = 3;
	evidence_note(evidence.seen[WIRE_SERVER], (struct serial){OTHER}, UINT32_MAX);
	assert_order("", 0);
}

static void an_exchange_was_finished_meanwhile(void **state)
{
	(void)state;
	start(WIRE_SERVER);
	evidence_note(evidence.finished, (struct serial){OTHER}, ENTERED);
	assert_order("", 0);
	evidence_note(evidence.finished, (struct serial){OTHER}, ENTERED + 1);
	assert_order("f", 0);
	start(WIRE_SERVER);
	evidence_note(evidence.finished, (struct serial){SELF}, ENTERED + 1);
	assert_order("", 0);
}

static void a_call_that_was_not_entered_overlaps_all(void **state)
{
	(void)state;
	start(WIRE_SERVER);
	operation.ticket.slot = EVIDENCE_NOT_ENTERED;
	assert_order("sodwf", 0);
	/* One without a place was entered. */
	start(WIRE_SERVER);
	store_relaxed(&evidence.inside[WIRE_SERVER][2], 0);
	operation.ticket.slot = EVIDENCE_UNCOUNTED;
	assert_order("", 0);
}

static void the_two_latest_processes_are_kept(void **state)
{
	struct evidence_seen seen[2] = {{{0}, 0}, {{0}, 0}};

	(void)state;
	evidence_note(seen, (struct serial){1}, 10);
	evidence_note(seen, (struct serial){2}, 11);
	evidence_note(seen, (struct serial){2}, 12);
	assert_int_equal(seen[0].serial.n, 2);
	assert_int_equal(seen[0].sequence, 12);
	assert_int_equal(seen[1].serial.n, 1);
	assert_int_equal(seen[1].sequence, 10);
	evidence_note(seen, (struct serial){3}, 13);
	assert_int_equal(seen[1].serial.n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alone),
		cmocka_unit_test(another_is_inside),
		cmocka_unit_test(one_without_a_place_is_inside),
		cmocka_unit_test(another_thread_of_the_process),
		cmocka_unit_test(recorded_since_the_call_was_entered),
		cmocka_unit_test(an_exchange_was_finished_meanwhile),
		cmocka_unit_test(a_call_that_was_not_entered_overlaps_all),
		cmocka_unit_test(the_two_latest_processes_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
