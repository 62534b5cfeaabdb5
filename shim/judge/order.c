/* SPDX-License-Identifier: MIT */
/*
 * The order of two calls.  A call is entered before the kernel sees the call and recorded after the
 * kernel has answered.  So of two calls the one that was recorded before the other was entered came
 * first; nothing else is known.  Calls overlap in two ways, and both are looked for: calls that are
 * still inside, and calls that were recorded since this one was entered (with a sequence above that
 * of the ticket).
 */
#include "judge/order.h"

/* True when the sequence lies after that of the ticket; both numbers wrap. */
static bool since(uint32_t sequence, uint32_t ticket)
{
	return (int32_t)(sequence - ticket) > 0;
}

/* The latest record by another process than `serial`; NULL: there is no such record. */
static const struct evidence_seen *latest_other(const struct evidence_seen seen[2],
						struct serial serial)
{
	const struct evidence_seen *other =
		!serial_is(seen[0].serial, serial) ? &seen[0] : &seen[1];

	return other->serial.n != 0 ? other : NULL;
}

/* Inside a call, and not named: `inside` has no room for it. */
static const struct serial unnamed = {UINT32_MAX};

/* A process other than `serial` that is inside a call of that direction; 0: no process is. */
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

/* A process whose call in that direction overlapped the operation; 0: no call overlapped. */
static struct serial overlapper(const struct evidence_context *c, unsigned direction)
{
	struct serial serial = c->self->self.serial;
	const struct evidence_seen *seen = latest_other(c->evidence->seen[direction], serial);
	struct serial inside = other_inside(c->evidence, direction, serial);

	if (inside.n == 0 && seen != NULL && since(seen->sequence, c->operation->ticket.sequence))
		return seen->serial;
	return inside;
}

/* True when another call of the process itself is, or was meanwhile, under way in the direction of
 * the operation. */
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

void evidence_find_order(struct evidence_context *c)
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
	c->overlapper.n = 0;
	if (!serial_is(same, unnamed))
		c->overlapper = same;
	if (c->overlapper.n == 0 && !serial_is(other, unnamed))
		c->overlapper = other;
	c->disordered = c->overlaps || thread_overlaps(c);
	c->writing = other_inside(evidence, WIRE_CLIENT, (struct serial){0}).n != 0;
	c->finished_meanwhile =
		finished != NULL && since(finished->sequence, c->operation->ticket.sequence);
}

/* Keeps the two latest records of different processes, the latest first. */
void evidence_note(struct evidence_seen seen[2], struct serial serial, uint32_t sequence)
{
	if (!serial_is(seen[0].serial, serial))
		seen[1] = seen[0];
	seen[0] = (struct evidence_seen){serial, sequence};
}
