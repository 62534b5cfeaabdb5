/* SPDX-License-Identifier: MIT */
/*
 * Evidence: calls under way, the claim, and the way of a record through the parts:
 *
 *   record.h     one record under way; the flags of a connection, as a table
 *   order.c      which calls overlapped this one
 *   queue.c      requests that are not answered, and their owners
 *   align.c      finding the parser's mode and the boundary between two messages
 *   turns.c      bytes that cannot be parsed: who wrote, who read
 *   exchanges.c  bytes that can be parsed: PARSING, LOST, PROBATION
 *
 * The claim is tried, never waited for: a process has the claim for less than a microsecond unless
 * the process was interrupted or killed, and a signal handler may have interrupted this very
 * thread.
 */
#include "judge/evidence.h"

#include <string.h>

#include "base/compiler.h"
#include "judge/exchanges.h"
#include "judge/order.h"
#include "judge/turns.h"

/* Tries for the claim before a record is given up: some microseconds. */
#define CLAIM_TRIES 2000

static inline void pause_cpu(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* The claim that this thread has: `claimed_by` names the process alone.  A claim in a signal
 * handler that interrupts the first is not noted; thread-local storage is scarce. */
static __thread struct evidence *volatile own_claim;

bool evidence_claim(struct evidence *evidence, struct serial serial, uint32_t *holder)
{
	bool noted = !own_claim;

	/* Before the exchange: signals come right after slow instructions. */
	if (noted)
		own_claim = evidence;
	for (int i = 0; i < CLAIM_TRIES; i++) {
		*holder = 0;
		if (compare_exchange_acq_rel(&evidence->claimed_by, holder, serial.n))
			return true;
		pause_cpu();
	}
	if (noted)
		own_claim = NULL;
	return false;
}

void evidence_release(struct evidence *evidence)
{
	store_release(&evidence->claimed_by, 0);
	if (own_claim == evidence)
		own_claim = NULL;
}

void evidence_jump(struct serial serial)
{
	struct evidence *evidence = own_claim;
	uint32_t mine = serial.n;

	own_claim = NULL;
	if (!evidence || load_relaxed(&evidence->claimed_by) != serial.n)
		return;
	fetch_add_relaxed(&evidence->missed, 1);
	compare_exchange_acq_rel(&evidence->claimed_by, &mine, 0);
}

void evidence_start(struct evidence *evidence, enum protocol protocol)
{
	*evidence = (struct evidence){.state = EVIDENCE_PARSING, .flags = EVIDENCE_MODE_KNOWN};
	wire_parser_start(&evidence->parser, protocol);
}

void evidence_resume(struct evidence *evidence, enum protocol protocol)
{
	struct wire_parser *parser = &evidence->parser;
	enum wire_mode mode = wire_mode_of(protocol);
	/* ALIGNING: nothing was recorded since the connection was resumed before. */
	bool known =
		(evidence->flags & EVIDENCE_MODE_KNOWN) &&
		(evidence->state == EVIDENCE_PARSING || evidence->state == EVIDENCE_ALIGNING) &&
		parser->protocol == protocol && !wire_parser_is_opening(parser) &&
		parser->mode < WIRE_MODE_COUNT;

	if (known)
		mode = (enum wire_mode)parser->mode;
	evidence->state = EVIDENCE_ALIGNING;
	evidence->flags = known ? EVIDENCE_MODE_KNOWN : 0;
	evidence->queued = 0;
	evidence->writer = evidence->last = evidence->before = (struct lineage_use){{0}, 0};
	wire_parser_resume(parser, protocol, mode);
}

void evidence_regain(struct evidence *evidence)
{
	if (evidence->state == EVIDENCE_LOST &&
	    !(evidence->flags & EVIDENCE_ORDER_ACROSS_PROCESSES))
		evidence_resume(evidence, (enum protocol)evidence->parser.protocol);
}

bool evidence_opened(const struct evidence *evidence)
{
	return evidence->state != EVIDENCE_PARSING || !wire_parser_is_opening(&evidence->parser);
}

bool evidence_is_parsing(const struct evidence *evidence)
{
	return evidence->state == EVIDENCE_PARSING && evidence->parser.mode == WIRE_MODE_EXCHANGES;
}

void evidence_encrypt(struct evidence *evidence, enum protocol inside)
{
	evidence->flags |= EVIDENCE_MODE_KNOWN;
	if (evidence->parser.mode != WIRE_MODE_TLS)
		wire_parser_resume(&evidence->parser, inside, WIRE_MODE_TLS);
	/* Records go on where they are: the server's hello may be half read. */
	evidence->parser.protocol = (uint8_t)inside;
	evidence->parser.flags = 0;
}

struct evidence_ticket evidence_enter(struct evidence *evidence, struct serial serial,
				      enum wire_direction direction)
{
	struct evidence_ticket ticket = {.slot = EVIDENCE_UNCOUNTED,
					 .direction = (uint8_t)direction};

	for (uint8_t i = 0; i < EVIDENCE_INSIDE; i++) {
		uint32_t nobody = 0;

		if (load_relaxed(&evidence->inside[direction][i]) == 0 &&
		    compare_exchange_acq_rel(&evidence->inside[direction][i], &nobody, serial.n)) {
			ticket.slot = i;
			break;
		}
	}
	if (ticket.slot == EVIDENCE_UNCOUNTED)
		fetch_add_relaxed(&evidence->uncounted[direction], 1);
	/* After the entry, so that a record made in between counts as before the call. */
	atomic_thread_fence(memory_order_seq_cst);
	ticket.sequence = load_acquire(&evidence->sequence);
	return ticket;
}

void evidence_leave(struct evidence *evidence, struct evidence_ticket ticket, struct serial serial)
{
	unsigned direction = ticket.direction & 1;

	if (ticket.slot < EVIDENCE_INSIDE)
		compare_exchange_acq_rel(&evidence->inside[direction][ticket.slot], &serial.n, 0);
	else if (ticket.slot == EVIDENCE_UNCOUNTED)
		fetch_add_relaxed(&evidence->uncounted[direction], UINT32_MAX); /* minus one */
}

void evidence_forget(struct evidence *evidence, struct serial serial)
{
	uint32_t dead = serial.n;

	for (int direction = 0; direction < 2; direction++) {
		for (int i = 0; i < EVIDENCE_INSIDE; i++) {
			uint32_t found = serial.n;

			compare_exchange_acq_rel(&evidence->inside[direction][i], &found, 0);
		}
	}
	if (load_relaxed(&evidence->claimed_by) != serial.n)
		return;
	/* The process died in the middle of a record. */
	fetch_add_relaxed(&evidence->missed, 1);
	compare_exchange_acq_rel(&evidence->claimed_by, &dead, 0);
}

/* --- records ------------------------------------------------------------------------------- */

/* The part of struct evidence that is written under the claim. */
#define CLAIMED_OFFSET offsetof(struct evidence, state)
#define CLAIMED_BYTES (sizeof(struct evidence) - CLAIMED_OFFSET)

/* Makes a copy to work on; called under the claim.  The slot is in memory that other processes
 * write: a value that was bounded there may be another value when it is used. */
static void copy_from(const struct evidence *evidence, struct evidence *copy)
{
	store_relaxed(&copy->claimed_by, 0);
	store_relaxed(&copy->missed, load_relaxed(&evidence->missed));
	for (int direction = 0; direction < 2; direction++) {
		for (int i = 0; i < EVIDENCE_INSIDE; i++)
			store_relaxed(&copy->inside[direction][i],
				      load_acquire(&evidence->inside[direction][i]));
		store_relaxed(&copy->uncounted[direction],
			      load_acquire(&evidence->uncounted[direction]));
	}
	store_relaxed(&copy->sequence, load_relaxed(&evidence->sequence));
	memcpy((char *)copy + CLAIMED_OFFSET, (const char *)evidence + CLAIMED_OFFSET,
	       CLAIMED_BYTES);
	if (copy->queued > EVIDENCE_QUEUE)
		copy->queued = EVIDENCE_QUEUE;
}

/* Records on a copy.  Inlined, since a frame of its own would come on top of the frame with the
 * copy: tests/entry/test_room.c. */
static inline __attribute__((always_inline)) void record(struct evidence *evidence,
							 const struct lineage_process *self,
							 const struct evidence_operation *operation,
							 struct evidence_facts *facts)
{
	struct evidence_context c = {
		.evidence = evidence,
		.self = self,
		.operation = operation,
		.facts = facts,
	};
	uint32_t sequence = load_relaxed(&evidence->sequence) + 1;

	evidence_find_order(&c);
	if (load_relaxed(&evidence->missed) != 0) {
		store_relaxed(&evidence->missed, 0);
		evidence_lose(&c);
	}
	store_relaxed(&evidence->sequence, sequence);
	if (evidence->parser.mode == WIRE_MODE_EXCHANGES || evidence->state == EVIDENCE_ALIGNING)
		evidence_exchange(&c);
	else
		evidence_take_turn(&c);
	evidence_note(evidence->seen[operation->direction & 1], self->self.serial, sequence);
}

void evidence_copy_claimed(struct evidence *out, const struct evidence *evidence)
{
	memcpy((char *)out + CLAIMED_OFFSET, (const char *)evidence + CLAIMED_OFFSET,
	       CLAIMED_BYTES);
}

bool evidence_same_claimed(const struct evidence *a, const struct evidence *b)
{
	return memcmp((const char *)a + CLAIMED_OFFSET, (const char *)b + CLAIMED_OFFSET,
		      CLAIMED_BYTES) == 0;
}

/* The record of a memo is over before any call that is inside now, or was made since: neither the
 * calls inside nor the sequence of records shows it. */
void evidence_record_claimed(struct evidence *evidence, const struct lineage_process *self,
			     const struct evidence_operation *operation,
			     struct evidence_facts *facts)
{
	struct evidence copy = {0};

	*facts = (struct evidence_facts){.crossing = EVIDENCE_NOT_CROSSED};
	evidence_copy_claimed(&copy, evidence);
	memset(copy.seen, 0, sizeof copy.seen);
	memset(copy.finished, 0, sizeof copy.finished);
	store_relaxed(&copy.sequence, load_relaxed(&evidence->sequence) - 1);
	record(&copy, self, operation, facts);
	memcpy(copy.seen, evidence->seen, sizeof copy.seen);
	memcpy(copy.finished, evidence->finished, sizeof copy.finished);
	evidence_copy_claimed(evidence, &copy);
}

static bool take_part(const struct evidence *evidence, const struct evidence_operation *operation,
		      struct evidence_facts *facts)
{
	*facts = (struct evidence_facts){.crossing = EVIDENCE_NOT_CROSSED};
	return evidence->state != EVIDENCE_OFF && operation->len_bytes > 0;
}

noinline void evidence_record(struct evidence *evidence, const struct lineage_process *self,
			      const struct evidence_operation *operation,
			      struct evidence_facts *facts)
{
	struct evidence copy;
	uint32_t holder;

	if (!take_part(evidence, operation, facts))
		return;
	if (!evidence_claim(evidence, self->self.serial, &holder)) {
		fetch_add_relaxed(&evidence->missed, 1);
		facts->missed = true;
		facts->claimed_by = (struct serial){holder};
		return;
	}
	copy_from(evidence, &copy);
	if (load_relaxed(&copy.missed) != 0)
		store_relaxed(&evidence->missed, 0);
	/* After the look at the calls inside, and before an exchange that this record finishes is
	 * noted. */
	store_release(&evidence->sequence, load_relaxed(&copy.sequence) + 1);
	record(&copy, self, operation, facts);
	/* Another process has the claim when a handler interrupted this record and jumped within
	 * itself: evidence_jump(). */
	if (load_relaxed(&evidence->claimed_by) != self->self.serial.n)
		return;
	memcpy((char *)evidence + CLAIMED_OFFSET, (const char *)&copy + CLAIMED_OFFSET,
	       CLAIMED_BYTES);
	evidence_release(evidence);
}

noinline void evidence_foresee(struct evidence *evidence, const struct lineage_process *self,
			       const struct evidence_operation *operation,
			       struct evidence_facts *facts)
{
	struct evidence copy;
	uint32_t holder;

	if (!take_part(evidence, operation, facts))
		return;
	if (!evidence_claim(evidence, self->self.serial, &holder)) {
		facts->missed = true;
		facts->claimed_by = (struct serial){holder};
		return;
	}
	copy_from(evidence, &copy);
	evidence_release(evidence);
	record(&copy, self, operation, facts);
}
