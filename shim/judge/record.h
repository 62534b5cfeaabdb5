/* SPDX-License-Identifier: MIT */
/*
 * One record under way, and the data that all parts of evidence need for a record.  Private to
 * shim/judge/; every function here and in order.h, queue.h, align.h, turns.h and exchanges.h runs
 * on a copy that was taken under the claim (evidence.c).
 */
#ifndef FORKSAN_SHIM_JUDGE_RECORD_H
#define FORKSAN_SHIM_JUDGE_RECORD_H

#include "judge/evidence.h"

/*
 * struct evidence.flags: the facts known of a connection that two processes use.
 *
 *   flag                    set when                                cleared when
 *   UNPROVABLE              track was lost; or a reply was paired    never
 *                           with one of several requests of unlike
 *                           reply kinds whose order is unknown
 *   ORDER_UNKNOWN           bytes of two calls were parsed in an     nothing is outstanding and
 *                           order that may not be the kernel's       nobody is inside a call
 *   ORDER_ACROSS_PROCESSES  as ORDER_UNKNOWN, calls of different     as ORDER_UNKNOWN; LOST: when
 *                           processes (LOST: several users)          track is found again
 *   PAIRING_SUSPECT         ORDER_ACROSS_PROCESSES ended while       never
 *                           UNPROVABLE: replies may be paired with
 *                           the wrong requests from here on
 *   REPLY_MAY_BE_UNSENT     a reply of `unsent_kind` was paired      as ORDER_UNKNOWN
 *                           with a recorded request while another
 *                           process was inside a write: the reply
 *                           may answer that write
 *   MODE_KNOWN              the parser's mode was seen in the        evidence_resume() on a
 *                           opening or found by align.c              connection without track
 *   JOINS_LAST              the message being written belongs to     the next message begins
 *                           the last request of the queue
 *
 * evidence_start() clears all of them, evidence_resume() all but MODE_KNOWN.
 *
 * A crossing is proven unless UNPROVABLE or ORDER_UNKNOWN is set.  With ORDER_UNKNOWN or
 * PAIRING_SUSPECT every operation of one process among several is a likely crossing.
 */
enum {
	EVIDENCE_UNPROVABLE = 1u << 0,
	EVIDENCE_ORDER_UNKNOWN = 1u << 1,
	EVIDENCE_ORDER_ACROSS_PROCESSES = 1u << 2,
	EVIDENCE_MODE_KNOWN = 1u << 3,
	EVIDENCE_JOINS_LAST = 1u << 4,
	EVIDENCE_PAIRING_SUSPECT = 1u << 5,
	EVIDENCE_REPLY_MAY_BE_UNSENT = 1u << 6,
};

/* struct evidence_entry.flags */
enum {
	EVIDENCE_BEGUN = 1u << 0,   /* bytes of the reply were read */
	EVIDENCE_UNSURE = 1u << 1,  /* another process's request may have come before this one */
	EVIDENCE_STOLEN = 1u << 2,  /* another process than the owner read bytes of the reply; the
				       crossed reply is counted */
	EVIDENCE_UNDATED = 1u << 3, /* no request of the queue: only the owner is known */
};

/* One record under way. */
struct evidence_context {
	struct evidence *evidence;
	const struct lineage_process *self;
	const struct evidence_operation *operation;
	struct evidence_facts *facts;
	/* Another process's call overlapped this one, in the same direction (in the other). */
	bool overlaps;
	bool overlaps_other;
	/* Any other call of the same direction overlapped, also one by another thread of the
	 * process: the order of the bytes is not known. */
	bool disordered;
	/* Some process is inside a write. */
	bool writing;
	/* Another process's exchange was finished while this call was under way. */
	bool finished_meanwhile;
	struct serial overlapper; /* a process whose call overlapped, 0: not known */
};

/* evidence_record() for a process that has the claim, as if the operation had been recorded before
 * any other call was entered. */
void evidence_record_claimed(struct evidence *evidence, const struct lineage_process *self,
			     const struct evidence_operation *operation,
			     struct evidence_facts *facts);

/* Copies, and compares, what is written under the claim. */
void evidence_copy_claimed(struct evidence *out, const struct evidence *evidence);
bool evidence_same_claimed(const struct evidence *a, const struct evidence *b);

/*
 * The time of an entry: 32 bits since base_ns, so that the queue fits the slot.  Up to 35 minutes
 * the unit is a microsecond; with the top bit set, a millisecond, up to 24 days.  Later times count
 * as 24 days.
 */
uint32_t evidence_pack_time(const struct evidence *evidence, uint64_t time_ns);
uint64_t evidence_unpack_time_ns(const struct evidence *evidence, uint32_t time);

/* The bytes of an operation that are still to be taken, chunk after chunk. */
struct evidence_bytes {
	size_t chunk;
	size_t left;
};

static inline struct evidence_bytes evidence_bytes_of(const struct evidence_operation *operation)
{
	return (struct evidence_bytes){0, operation->len_bytes};
}

/* Takes the next chunk; *len 0: the end.  False: the shim did not see the bytes. */
bool evidence_next_chunk(const struct evidence_operation *operation, struct evidence_bytes *at,
			 const uint8_t **bytes, size_t *len);

/* Fills the facts of a crossing; the first crossing of an operation stands unless a later one is
 * proven and the first is not.  `entry`: the request or turn that was crossed; NULL: not known. */
void evidence_cross(struct evidence_context *c, enum evidence_crossing crossing,
		    enum evidence_certainty certainty, enum evidence_basis basis,
		    const struct evidence_entry *entry);

#endif
