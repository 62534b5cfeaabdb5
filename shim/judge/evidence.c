/* SPDX-License-Identifier: MIT */
/*
 * Evidence: calls under way, the claim, the order of operations, and the way of a record through
 * the parts (evidence_parts.h).
 *
 * Order.  A call is entered before the kernel sees it and recorded after the kernel has answered
 * it. So of two calls the one that was recorded before the other was entered came first, and
 * nothing else is known.  evidence_record() finds both ways to overlap: calls that are still
 * inside, and calls that were recorded since this one was entered (their sequence is above the
 * ticket's).
 *
 * The claim is tried, never waited for: whoever holds it does so for less than a microsecond unless
 * it was interrupted or killed, and a signal handler may have interrupted this very thread.
 */
#include "judge/evidence.h"

#include <string.h>

#include "judge/evidence_parts.h"

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

static bool claim(struct evidence *evidence, struct serial serial, uint32_t *holder)
{
	for (int i = 0; i < CLAIM_TRIES; i++) {
		*holder = 0;
		if (compare_exchange_acq_rel(&evidence->claimed_by, holder, serial.n))
			return true;
		pause_cpu();
	}
	return false;
}

static void release(struct evidence *evidence)
{
	store_release(&evidence->claimed_by, 0);
}

void evidence_start(struct evidence *evidence, enum protocol protocol)
{
	*evidence = (struct evidence){.state = EVIDENCE_PARSING, .flags = EVIDENCE_MODE};
	wire_parser_start(&evidence->parser, protocol);
}

void evidence_resume(struct evidence *evidence, enum protocol protocol)
{
	struct wire_parser *parser = &evidence->parser;
	enum wire_mode mode = wire_mode_of(protocol);
	bool known = (evidence->flags & EVIDENCE_MODE) && evidence->state == EVIDENCE_PARSING &&
		     parser->protocol == protocol && !wire_parser_is_opening(parser) &&
		     parser->mode < WIRE_MODE_COUNT;

	if (known)
		mode = (enum wire_mode)parser->mode;
	evidence->state = EVIDENCE_ALIGNING;
	evidence->flags = known ? EVIDENCE_MODE : 0;
	evidence->queued = 0;
	evidence->writer = evidence->last = evidence->before = (struct lineage_use){{0}, 0};
	wire_parser_resume(parser, protocol, mode);
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
	evidence->flags |= EVIDENCE_MODE;
	wire_parser_resume(&evidence->parser, inside, WIRE_MODE_TLS);
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
	/* After the entry, so that what is recorded in between counts as before the call. */
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
	/* It died in the middle of a record. */
	fetch_add_relaxed(&evidence->missed, 1);
	compare_exchange_acq_rel(&evidence->claimed_by, &dead, 0);
}

bool evidence_next_chunk(const struct evidence_operation *operation, struct evidence_bytes *at,
			 const uint8_t **bytes, size_t *len)
{
	*len = 0;
	while (at->left > 0) {
		const struct iovec *chunk;

		if (at->chunk >= operation->chunk_count)
			return false;
		chunk = &operation->chunks[at->chunk++];
		if (chunk->iov_len == 0)
			continue;
		if (chunk->iov_base == NULL)
			return false;
		*bytes = chunk->iov_base;
		*len = chunk->iov_len < at->left ? chunk->iov_len : at->left;
		at->left -= *len;
		return true;
	}
	return true;
}

/* --- order --------------------------------------------------------------------------------- */

/* True when the sequence lies after the ticket's; both wrap. */
static bool since(uint32_t sequence, uint32_t ticket)
{
	return (int32_t)(sequence - ticket) > 0;
}

/* The latest record by another process than `serial`; NULL: none. */
static const struct evidence_seen *latest_other(const struct evidence_seen seen[2],
						struct serial serial)
{
	const struct evidence_seen *other =
		!serial_is(seen[0].serial, serial) ? &seen[0] : &seen[1];

	return other->serial.n != 0 ? other : NULL;
}

/* Inside a call, and not named: `inside` has no room for it. */
static const struct serial unnamed = {UINT32_MAX};

/* A process other than `serial` that is inside a call of that direction; 0 none. */
static struct serial other_inside(const struct evidence *evidence, unsigned direction,
				  struct serial serial)
{
	for (int i = 0; i < EVIDENCE_INSIDE; i++) {
		uint32_t inside = load_acquire(&evidence->inside[direction][i]);

		if (inside != 0 && inside != serial.n)
			return (struct serial){inside};
	}
	return load_acquire(&evidence->uncounted[direction]) != 0 ? unnamed : (struct serial){0};
}

/* Another process that overlapped, 0 none. */
static struct serial overlapper(const struct evidence_context *c, unsigned direction)
{
	struct serial serial = c->self->self.serial;
	const struct evidence_seen *seen = latest_other(c->evidence->seen[direction], serial);
	struct serial inside = other_inside(c->evidence, direction, serial);

	if (inside.n == 0 && seen != NULL && since(seen->sequence, c->operation->ticket.sequence))
		return seen->serial;
	return inside;
}

/* Another call of the process itself is, or was meanwhile, under way in the same direction. */
static bool thread_overlaps(const struct evidence_context *c)
{
	const struct evidence *evidence = c->evidence;
	unsigned direction = c->operation->direction;
	struct serial serial = c->self->self.serial;

	for (uint8_t i = 0; i < EVIDENCE_INSIDE; i++) {
		if (i != c->operation->ticket.slot &&
		    load_acquire(&evidence->inside[direction][i]) == serial.n)
			return true;
	}
	return serial_is(evidence->seen[direction][0].serial, serial) &&
	       since(evidence->seen[direction][0].sequence, c->operation->ticket.sequence);
}

static void find_order(struct evidence_context *c)
{
	struct evidence *evidence = c->evidence;
	unsigned direction = c->operation->direction;
	struct serial serial = c->self->self.serial;
	const struct evidence_seen *finished = latest_other(evidence->finished, serial);
	struct serial same = overlapper(c, direction), other = overlapper(c, !direction);

	if (c->operation->ticket.slot == EVIDENCE_NOT_ENTERED) {
		c->overlaps = c->overlaps_other = c->disordered = true;
		c->writing = c->finished_meanwhile = true;
		return;
	}
	c->overlaps = same.n != 0;
	c->overlaps_other = other.n != 0;
	c->overlapper = serial_is(same, unnamed) ? (struct serial){0} : same;
	if (c->overlapper.n == 0 && !serial_is(other, unnamed))
		c->overlapper = other;
	c->disordered = c->overlaps || thread_overlaps(c);
	c->writing = other_inside(evidence, WIRE_CLIENT, (struct serial){0}).n != 0;
	c->finished_meanwhile =
		finished != NULL && since(finished->sequence, c->operation->ticket.sequence);
}

/* --- records ------------------------------------------------------------------------------- */

/* Under the claim. */
static void record(struct evidence *evidence, const struct lineage_process *self,
		   const struct evidence_operation *operation, struct evidence_facts *facts)
{
	struct evidence_context c = {
		.evidence = evidence,
		.self = self,
		.operation = operation,
		.facts = facts,
		.time_us = (uint32_t)(operation->time_ns / 1000),
	};
	uint32_t sequence = load_relaxed(&evidence->sequence) + 1;

	/* The slot is shared: what bounds an array is bounded here, once. */
	if (evidence->queued > EVIDENCE_QUEUE)
		evidence->queued = EVIDENCE_QUEUE;
	find_order(&c);
	if (load_relaxed(&evidence->missed) != 0) {
		store_relaxed(&evidence->missed, 0);
		evidence_lose(&c);
	}
	/* The record's number is known before what it finishes is noted under it. */
	store_release(&evidence->sequence, sequence);
	if (evidence->parser.mode == WIRE_MODE_EXCHANGES || evidence->state == EVIDENCE_ALIGNING)
		evidence_exchange(&c);
	else
		evidence_take_turn(&c);
	evidence_note(evidence->seen[operation->direction & 1], self->self.serial, sequence);
}

static bool take_part(const struct evidence *evidence, const struct evidence_operation *operation,
		      struct evidence_facts *facts)
{
	*facts = (struct evidence_facts){.crossing = EVIDENCE_NOT_CROSSED};
	return evidence->state != EVIDENCE_OFF && operation->len_bytes > 0;
}

void evidence_record(struct evidence *evidence, const struct lineage_process *self,
		     const struct evidence_operation *operation, struct evidence_facts *facts)
{
	uint32_t holder;

	if (!take_part(evidence, operation, facts))
		return;
	if (!claim(evidence, self->self.serial, &holder)) {
		fetch_add_relaxed(&evidence->missed, 1);
		facts->missed = true;
		facts->claimed_by = (struct serial){holder};
		return;
	}
	record(evidence, self, operation, facts);
	release(evidence);
}

void evidence_foresee(struct evidence *evidence, const struct lineage_process *self,
		      const struct evidence_operation *operation, struct evidence_facts *facts)
{
	struct evidence copy;
	uint32_t holder;

	if (!take_part(evidence, operation, facts))
		return;
	if (!claim(evidence, self->self.serial, &holder)) {
		facts->missed = true;
		facts->claimed_by = (struct serial){holder};
		return;
	}
	memcpy(&copy, evidence, sizeof copy);
	release(evidence);
	record(&copy, self, operation, facts);
}
