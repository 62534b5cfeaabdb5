/* SPDX-License-Identifier: MIT */
/*
 * A parent and two children of it, on one connection whose evidence is recorded: who writes and
 * reads what, and what the latest record answered.
 */
#ifndef FORKSAN_TESTS_EVIDENCE_STAGE_H
#define FORKSAN_TESTS_EVIDENCE_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "judge/evidence.h"

enum { PARENT, LEFT, RIGHT, PROCESSES };

struct stage {
	struct evidence evidence;
	struct lineage_process process[PROCESSES];
	uint64_t now_ns;
	struct evidence_facts facts; /* of the latest operation */
};

static inline void start(struct stage *s, enum protocol protocol)
{
	memset(s, 0, sizeof *s);
	s->now_ns = 1000000000;
	s->process[PARENT].self = (struct lineage_use){{1}, 0};
	for (int child = LEFT; child < PROCESSES; child++) {
		lineage_fork(&s->process[PARENT], (struct serial){(uint32_t)child + 1},
			     &s->process[child]);
		s->process[PARENT].self.epoch++;
	}
	evidence_resume(&s->evidence, protocol);
}

static inline struct serial serial(const struct stage *s, int who)
{
	return s->process[who].self.serial;
}

static inline struct evidence_ticket enter(struct stage *s, int who, enum wire_direction direction)
{
	return evidence_enter(&s->evidence, serial(s, who), direction);
}

static inline void finish(struct stage *s, int who, struct evidence_ticket ticket,
			  const void *bytes, size_t len)
{
	struct iovec chunk = {(void *)(uintptr_t)bytes, len};
	struct evidence_operation operation = {
		.direction = (enum wire_direction)ticket.direction,
		.ticket = ticket,
		.time_ns = s->now_ns,
		.chunks = &chunk,
		.chunk_count = 1,
		.len_bytes = len,
	};

	evidence_record(&s->evidence, &s->process[who], &operation, &s->facts);
	evidence_leave(&s->evidence, ticket, serial(s, who));
	s->now_ns += 1000000;
}

static inline void act(struct stage *s, int who, enum wire_direction direction, const void *bytes,
		       size_t len)
{
	finish(s, who, enter(s, who, direction), bytes, len);
}

#define WRITES(who, text) act(s, who, WIRE_CLIENT, text, sizeof(text) - 1)
#define READS(who, text) act(s, who, WIRE_SERVER, text, sizeof(text) - 1)

static inline void assert_crossed(const struct stage *s, enum evidence_crossing crossing,
				  enum evidence_certainty certainty, enum evidence_basis basis,
				  int other)
{
	assert_int_equal(s->facts.crossing, crossing);
	assert_int_equal(s->facts.certainty, certainty);
	assert_int_equal(s->facts.basis, basis);
	assert_int_equal(s->facts.other.serial.n, serial(s, other).n);
}

static inline void assert_clean(const struct stage *s)
{
	assert_int_equal(s->facts.crossing, EVIDENCE_NOT_CROSSED);
	assert_int_equal(s->facts.replies_crossed, 0);
}

static inline const char *message(const struct stage *s)
{
	const char *name = wire_message_name(s->facts.protocol, WIRE_CLIENT, s->facts.code);

	return name != NULL ? name : "none";
}

#endif
