/* SPDX-License-Identifier: MIT */
/*
 * The queue of requests that are not answered.
 */
#ifndef FORKSAN_SHIM_JUDGE_QUEUE_H
#define FORKSAN_SHIM_JUDGE_QUEUE_H

#include "judge/record.h"

/* True when the memory of the process knows the requests of `owner`: the process sent them, or an
 * ancestor did before the fork. */
bool evidence_owns(const struct lineage_process *self, struct lineage_use owner);

/* The oldest request; NULL: no request is outstanding. */
const struct wire_request *evidence_head(const struct evidence *evidence);

/* Adds a request.  False: there is no room, and the caller loses track. */
bool evidence_push(struct evidence *evidence, struct lineage_use owner, uint64_t time_ns,
		   struct wire_request request, uint8_t flags);

/* Takes out one request of the first entry, after the reply. */
void evidence_pop(struct evidence *evidence);

/* Takes out the whole entry at `index`. */
void evidence_remove(struct evidence *evidence, size_t index);

/* Makes `user` the owner of the first request (with `last`, of the last one).  Called when `user`
 * reads the reply or goes on with the request: an heir, or the sender since the latest fork. */
void evidence_take_over(struct evidence *evidence, bool last, struct lineage_use user);

/* True when all outstanding replies are of one kind. */
bool evidence_are_alike(const struct evidence *evidence);

/* Marks all requests UNSURE; or those recorded since the ticket, whose order with an overlapping
 * request is not known. */
void evidence_mark_unsure(struct evidence *evidence);
void evidence_mark_unsure_since(struct evidence *evidence, uint32_t ticket);

/* True when one of the requests is UNSURE. */
bool evidence_is_unsure(const struct evidence *evidence);

/* The first entry that does not belong to the process and must get a reply; NULL: there is none. */
const struct evidence_entry *evidence_find_other(const struct evidence *evidence,
						 const struct lineage_process *self);

#endif
