/* SPDX-License-Identifier: MIT */
/*
 * The parts of evidence.  Private to shim/evidence*.c; everything here runs under the claim.
 *
 *   evidence.c            calls under way, claims, order; record
 *   evidence_queue.c      unanswered requests and their owners
 *   evidence_exchanges.c  followed protocols: FOLLOWING, LOST, PROBATION
 *   evidence_align.c      finding the mode and the boundary
 *   evidence_turns.c      what cannot be followed: alternation
 */
#ifndef FORKSAN_SHIM_EVIDENCE_PARTS_H
#define FORKSAN_SHIM_EVIDENCE_PARTS_H

#include "judge/evidence.h"

/* struct evidence.flags */
enum {
	EVIDENCE_DOUBT = 1u << 0, /* track was lost once: no more proofs */
	EVIDENCE_SHAKY = 1u << 1, /* bytes were followed in an order that may be wrong */
	EVIDENCE_MIXED = 1u << 2, /* SHAKY, LOST: by the part of several processes */
	EVIDENCE_MODE = 1u << 3,  /* parser.mode is known from the opening */
	EVIDENCE_PART = 1u << 4,  /* the message being written belongs to the last entry */
	EVIDENCE_SHIFT = 1u << 5, /* for good: replies may be off by some, after MIXED */
	EVIDENCE_GUESS =
		1u << 6, /* SHAKY: a reply of `reply_kind` may be that of a write under way */
};

/* struct evidence_entry.flags */
enum {
	EVIDENCE_BEGUN = 1u << 0,  /* bytes of its reply were read */
	EVIDENCE_UNSURE = 1u << 1, /* another process's request may have been before it */
	EVIDENCE_STOLEN = 1u << 2, /* ... by another than its owner, which was counted */
};

/* One record under way. */
struct evidence_context {
	struct evidence *evidence;
	const struct lineage_process *self;
	const struct evidence_operation *operation;
	struct evidence_facts *facts;
	uint32_t time_us;
	/* Another process's call of the same (the other) direction overlapped this one. */
	bool overlaps;
	bool overlaps_other;
	/* Any other call of the same direction did, also of the process's own threads: the order of
	 * the bytes is not known. */
	bool disordered;
	/* A write is under way, of whatever process. */
	bool writing;
	/* Another process's exchange was finished while this call was under way. */
	bool finished_meanwhile;
	struct serial overlapper; /* one of them, 0 not known */
};

/* The chunks of an operation one after the other; *len 0: the end.  False: bytes that were not
 * seen. */
struct evidence_bytes {
	size_t chunk;
	size_t left;
};

static inline struct evidence_bytes evidence_bytes_of(const struct evidence_operation *operation)
{
	return (struct evidence_bytes){0, operation->len_bytes};
}

bool evidence_next_chunk(const struct evidence_operation *operation, struct evidence_bytes *at,
			 const uint8_t **bytes, size_t *len);

/* --- queue */
bool evidence_owns(const struct lineage_process *self, struct lineage_use owner);
const struct wire_request *evidence_head(const struct evidence *evidence);
/* False: no room. */
bool evidence_push(struct evidence *evidence, struct lineage_use owner, uint32_t time_us,
		   struct wire_request request, uint8_t flags);
void evidence_pop(struct evidence *evidence);
/* The first (last) request is the user's from here on, who reads its reply (goes on with it): an
 * heir's, or its sender's own since the latest fork. */
void evidence_take_over(struct evidence *evidence, bool last, struct lineage_use user);
/* All replies that are outstanding have one shape. */
bool evidence_are_alike(const struct evidence *evidence);
bool evidence_is_unsure(const struct evidence *evidence);
void evidence_doubt_all(struct evidence *evidence);
/* Requests recorded since the ticket may stand before or after one that overlapped them. */
void evidence_doubt_since(struct evidence *evidence, uint32_t ticket);
void evidence_remove(struct evidence *evidence, size_t index);
/* The first entry that is not the process's own and must get a reply; NULL none. */
const struct evidence_entry *evidence_find_other(const struct evidence *evidence,
						 const struct lineage_process *self);
void evidence_note(struct evidence_seen seen[2], struct serial serial, uint32_t sequence);

/* Fills the facts of a crossing, the first one only.  entry: NULL when it is not known whose. */
void evidence_cross(struct evidence_context *c, enum evidence_crossing crossing,
		    enum evidence_certainty certainty, enum evidence_basis basis,
		    const struct evidence_entry *entry);

/* --- followers */
void evidence_exchange(struct evidence_context *c);
void evidence_take_turn(struct evidence_context *c);
/* Finds the mode in which the operation's bytes are whole messages; with `exact` to their end. */
bool evidence_align(struct evidence_context *c, bool exact);
void evidence_lose(struct evidence_context *c);

#endif
