/* SPDX-License-Identifier: MIT */
/*
 * The memo of an exchange: the cheap form of evidence while one process alone uses a connection
 * that others only hold.
 *
 * That process notes each of its calls (evidence_memo_note()): the length and the first and last
 * bytes of what it wrote since it last read, and of what it has read since.  Nothing is parsed. The
 * first other process that uses the connection has the memo replayed (evidence_memo_replay()), and
 * goes on with evidence as if the exchange had been recorded.
 *
 * Assumption, beside that of evidence.h: a process that writes after it has read has read the whole
 * answer to what it wrote before.  A client that sends a request while others of its own wait for
 * their answers (a pipeline over several writes) breaks the assumption; what is found then is
 * certain to be a crossing, and may name the wrong one of two requests.
 *
 * All functions: under the claim (evidence_claim()); pure; safe in signal handlers.
 */
#ifndef FORKSAN_SHIM_JUDGE_MEMO_H
#define FORKSAN_SHIM_JUDGE_MEMO_H

#include "judge/evidence.h"

/* Begins an empty memo, in place of the records. */
void evidence_memo_start(struct evidence *evidence, enum protocol protocol,
			 struct lineage_use owner);

/* Notes a call that moved bytes. */
void evidence_memo_note(struct evidence *evidence, struct lineage_use owner,
			const struct evidence_operation *operation, int32_t tid, uint16_t call);

/* Replays the memo as records by the owner.  `drained`: no bytes of the server wait to be read.
 * Fills *memo with a copy of the memo, and *facts with those of the writes.  The connection is
 * recorded from here on (evidence_record()). */
void evidence_memo_replay(struct evidence *evidence, enum protocol protocol, bool drained,
			  struct evidence_memo *memo, struct evidence_facts *facts);

#endif
