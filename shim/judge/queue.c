/* SPDX-License-Identifier: MIT */
/*
 * The queue of requests that are not answered, oldest first, with their owners.
 *
 * Neighbours that are alike share an entry, which counts the requests.  When there is no room,
 * neighbours of one owner with the same reply kind share an entry, too, and the requests lose their
 * names; when there are no such neighbours, the caller loses track.
 */
#include "judge/queue.h"

#include <string.h>

bool evidence_owns(const struct lineage_process *self, struct lineage_use owner)
{
	switch (lineage_judge(self, owner)) {
	case LINEAGE_FIRST:
	case LINEAGE_OWN:
	case LINEAGE_INHERITED:
	case LINEAGE_UNKNOWN:
		return true;
	case LINEAGE_VIOLATION:
		break;
	}
	return false;
}

const struct wire_request *evidence_head(const struct evidence *evidence)
{
	return evidence->queued > 0 ? &evidence->queue[0].request : NULL;
}

static bool same_owner(const struct evidence_entry *entry, struct lineage_use owner)
{
	return serial_is(entry->owner.serial, owner.serial) && entry->owner.epoch == owner.epoch;
}

static bool alike(const struct evidence_entry *entry, struct wire_request request, uint8_t flags)
{
	return entry->request.code == request.code &&
	       entry->request.reply_kind == request.reply_kind &&
	       entry->request.no_reply == request.no_reply &&
	       (entry->flags & EVIDENCE_UNSURE) == (flags & EVIDENCE_UNSURE) &&
	       entry->count < UINT16_MAX;
}

/* Lets two neighbours share an entry, whose request then has no name.  False: no two neighbours
 * can. */
static bool make_room(struct evidence *evidence)
{
	for (size_t i = 0; i + 1 < EVIDENCE_QUEUE; i++) {
		struct evidence_entry *entry = &evidence->queue[i];
		struct evidence_entry *next = entry + 1;

		if (!same_owner(entry, next->owner) || entry->request.no_reply ||
		    next->request.no_reply ||
		    entry->request.reply_kind != next->request.reply_kind ||
		    entry->count > UINT16_MAX - next->count)
			continue;
		entry->count = (uint16_t)(entry->count + next->count);
		entry->request.code = 0;
		entry->flags |= next->flags & EVIDENCE_UNSURE;
		evidence_remove(evidence, i + 1);
		return true;
	}
	return false;
}

bool evidence_push(struct evidence *evidence, struct lineage_use owner, uint64_t time_ns,
		   struct wire_request request, uint8_t flags)
{
	size_t n = evidence->queued;

	if (n > 0 && same_owner(&evidence->queue[n - 1], owner) &&
	    alike(&evidence->queue[n - 1], request, flags)) {
		evidence->queue[n - 1].count++;
		evidence->queue[n - 1].sequence = (uint8_t)load_relaxed(&evidence->sequence);
		return true;
	}
	if (n == 0)
		evidence->base_ns = time_ns;
	if (n == EVIDENCE_QUEUE) {
		if (!make_room(evidence))
			return false;
		n--;
	}
	evidence->queue[n] = (struct evidence_entry){
		.owner = owner,
		.time = evidence_pack_time(evidence, time_ns),
		.request = request,
		.count = 1,
		.flags = flags,
		.sequence = (uint8_t)load_relaxed(&evidence->sequence),
	};
	evidence->queued = (uint8_t)(n + 1);
	return true;
}

void evidence_remove(struct evidence *evidence, size_t index)
{
	size_t n = evidence->queued;

	if (index >= n)
		return;
	memmove(&evidence->queue[index], &evidence->queue[index + 1],
		(n - index - 1) * sizeof evidence->queue[0]);
	evidence->queued = (uint8_t)(n - 1);
}

/* Splits one request off an entry of several, as an entry of its own at `own`; without room the
 * entry stays whole. */
static void split(struct evidence *evidence, size_t index, size_t own)
{
	struct evidence_entry *entry = &evidence->queue[index];
	size_t n = evidence->queued;

	if (entry->count <= 1 || n == EVIDENCE_QUEUE)
		return;
	memmove(entry + 1, entry, (n - index) * sizeof *entry);
	evidence->queued = (uint8_t)(n + 1);
	evidence->queue[own].count = 1;
	evidence->queue[own == index ? index + 1 : index].count--;
	entry[1].flags &= (uint8_t) ~(EVIDENCE_BEGUN | EVIDENCE_STOLEN);
}

void evidence_take_over(struct evidence *evidence, bool last, struct lineage_use user)
{
	size_t n = evidence->queued;
	size_t index = last && n > 0 ? n - 1 : 0;

	if (n == 0 || same_owner(&evidence->queue[index], user))
		return;
	split(evidence, index, last ? index + 1 : index);
	n = evidence->queued;
	evidence->queue[last ? n - 1 : 0].owner = user;
}

void evidence_mark_unsure(struct evidence *evidence)
{
	size_t n = evidence->queued;

	for (size_t i = 0; i < n; i++)
		evidence->queue[i].flags |= EVIDENCE_UNSURE;
}

/* Low 8 bits suffice: an entry stays in the queue for few records. */
void evidence_mark_unsure_since(struct evidence *evidence, uint32_t ticket)
{
	size_t n = evidence->queued;

	for (size_t i = 0; i < n; i++) {
		if ((int8_t)(uint8_t)(evidence->queue[i].sequence - ticket) > 0)
			evidence->queue[i].flags |= EVIDENCE_UNSURE;
	}
}

bool evidence_are_alike(const struct evidence *evidence)
{
	size_t n = evidence->queued;

	for (size_t i = 1; i < n; i++) {
		if (evidence->queue[i].request.reply_kind != evidence->queue[0].request.reply_kind)
			return false;
	}
	return true;
}

bool evidence_is_unsure(const struct evidence *evidence)
{
	size_t n = evidence->queued;

	for (size_t i = 0; i < n; i++) {
		if (evidence->queue[i].flags & EVIDENCE_UNSURE)
			return true;
	}
	return false;
}

void evidence_pop(struct evidence *evidence)
{
	struct evidence_entry *head = &evidence->queue[0];

	if (evidence->queued == 0)
		return;
	head->flags &= (uint8_t) ~(EVIDENCE_BEGUN | EVIDENCE_STOLEN);
	if (head->count > 1)
		head->count--;
	else
		evidence_remove(evidence, 0);
}

const struct evidence_entry *evidence_find_other(const struct evidence *evidence,
						 const struct lineage_process *self)
{
	size_t n = evidence->queued;

	for (size_t i = 0; i < n; i++) {
		if (!evidence->queue[i].request.no_reply &&
		    !evidence_owns(self, evidence->queue[i].owner))
			return &evidence->queue[i];
	}
	return NULL;
}
