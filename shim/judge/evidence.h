/* SPDX-License-Identifier: MIT */
/*
 * Evidence: who asked, who is being answered, and whether a reply went to the wrong process.
 *
 * struct evidence is plain data in a connection's shared slot.  From the first operation after a
 * fork on, every process records in it each operation of its own that moved bytes; each record
 * answers with facts: a reply crossed, a goodbye was said, which message it was.  Pure but for
 * atomics: no system call, clock, allocation or lock; safe in signal handlers.
 *
 *   evidence_enter()      before the call: "I am inside a read (write) of this connection"
 *     the real call
 *   evidence_record()     if bytes moved: parse them, answer with facts
 *   evidence_leave()      always
 *
 * Proven and likely.  The kernel orders the bytes of a direction; from user space the order of two
 * calls is known only when one was left (recorded) before the other was entered.  An operation that
 * another process's operation of the same direction overlapped is never the ground of a proof: its
 * crossing is `likely`, and a crossing is reported whenever some order of the overlapping calls
 * makes one.  The same holds for what rests on an uncertain order, and after track was lost.  Which
 * flag says so, and when it is set and cleared, stands in the table of record.h.
 *
 * What is assumed: the connection was idle, between two exchanges, when it was inherited.
 *
 * Heirs.  A request of an ancestor from before the fork counts as the process's own, by
 * lineage_judge(); the first process that touches its reply takes the request over.
 *
 *                        write that parses exactly
 *   evidence_resume() --> ALIGNING ----------------> PARSING <-----------------+
 *                            |                          |                      | its exchange
 *                            +------ bytes that cannot stand there             | ends cleanly
 *                                          v            v                      |
 *                                         LOST ----------------------> PROBATION
 *                                          ^   an undisturbed write        |
 *                                          +------ anything else ----------+
 *
 * A process that is killed between claim and release leaves `claimed_by` set.  The records of the
 * others are missed, and their facts say so, until one of them calls evidence_forget() for the dead
 * process.
 */
#ifndef FORKSAN_SHIM_JUDGE_EVIDENCE_H
#define FORKSAN_SHIM_JUDGE_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "forksan/atomics.h"
#include "judge/lineage.h"
#include "wire/parse.h"

/* Requests without reply, equal neighbours counted as one entry.  Deeper pipelines of mixed
 * requests lose their names, of mixed owners the track. */
#define EVIDENCE_QUEUE 10

/* Calls of one direction that are under way at once and known by name; more are only counted, and
 * while there are more nothing is proven. */
#define EVIDENCE_INSIDE 6

/* A request (PARSING), or all that one process wrote up to a read (turns.c). */
struct evidence_entry {
	struct lineage_use owner;
	uint32_t time; /* of the operation that had its first byte, by evidence_pack_time() */
	struct wire_request request;
	uint16_t count;
	uint8_t flags;
	uint8_t sequence; /* of the latest record that added to it, its low 8 bits */
};

/* The latest record by one process. */
struct evidence_seen {
	struct serial serial; /* 0 nobody */
	uint32_t sequence;
};

enum evidence_state {
	EVIDENCE_OFF, /* all zero: nothing is recorded */
	EVIDENCE_ALIGNING,
	EVIDENCE_PARSING,
	EVIDENCE_LOST,
	EVIDENCE_PROBATION,
};

struct evidence {
	/* Serial of the process that is recording, 0 none: acquired by compare-exchange, released
	 * by a store. */
	_Atomic uint32_t claimed_by;
	/* Records that found it claimed for too long; the next record goes LOST. */
	_Atomic uint32_t missed;
	/* Serials of processes inside a call, by direction; added and removed by compare-exchange.
	 * Killed inside: the entry stays and keeps proofs away until evidence_forget(). */
	_Atomic uint32_t inside[2][EVIDENCE_INSIDE];
	_Atomic uint32_t uncounted[2]; /* calls for which `inside` had no room */
	_Atomic uint32_t sequence;     /* of records; written under the claim, read by enter */
	/* --- under the claim ---------------------------------------------------------------- */
	uint8_t state;		   /* enum evidence_state */
	uint8_t flags;		   /* see record.h */
	uint8_t queued;		   /* entries in queue */
	uint8_t unsent_kind;	   /* with EVIDENCE_REPLY_MAY_BE_UNSENT: that reply's kind */
	struct lineage_use writer; /* of the client's message that is not complete */
	struct lineage_use last;   /* LOST: the latest user; alternation: the latest reader */
	struct lineage_use before; /* LOST: the latest user that was another */
	/* The two latest records of different processes: by direction, and of finished exchanges
	 * (by the request's owner). */
	struct evidence_seen seen[2][2];
	struct evidence_seen finished[2];
	uint64_t base_ns; /* when the oldest request came into the empty queue */
	struct evidence_entry queue[EVIDENCE_QUEUE];
	struct wire_parser parser;
};
_Static_assert(sizeof(struct evidence_entry) == 20, "as counted below");
_Static_assert(sizeof(struct evidence) == 456, "lives in every connection's slot");

/* Where an operation stood when it was entered. */
struct evidence_ticket {
	uint32_t sequence;
	uint8_t slot; /* in `inside`, or one of those below */
	uint8_t direction;
};

#define EVIDENCE_UNCOUNTED EVIDENCE_INSIDE /* `inside` had no room */
#define EVIDENCE_NOT_ENTERED 0xff	   /* a call that was not entered: overlaps everything */

/* An operation that moved bytes. */
struct evidence_operation {
	enum wire_direction direction;
	struct evidence_ticket ticket;
	uint64_t time_ns; /* any monotonic clock, the same for all processes */
	/* The bytes: the first len_bytes of the chunks.  A chunk without a base, or too few chunks,
	 * stands for bytes that could not be seen (sendfile, splice). */
	const struct iovec *chunks;
	size_t chunk_count;
	size_t len_bytes;
};

enum evidence_crossing {
	EVIDENCE_NOT_CROSSED,
	EVIDENCE_READ,	/* consumed bytes of a reply to another process's request */
	EVIDENCE_WROTE, /* wrote into another process's unfinished exchange */
};

enum evidence_certainty {
	EVIDENCE_LIKELY,
	EVIDENCE_PROVEN,
};

enum evidence_basis {
	EVIDENCE_MESSAGES,    /* requests and replies were read */
	EVIDENCE_ALTERNATION, /* only who wrote and who read is known */
};

struct evidence_facts {
	enum evidence_crossing crossing;
	enum evidence_certainty certainty;
	enum evidence_basis basis;
	struct lineage_use other; /* whose exchange; serial 0: not known */
	uint16_t other_code;   /* that exchange's request, for wire_message_name(); 0: not known */
	uint64_t other_age_ns; /* since the request was sent; 0: not known */
	uint32_t
		replies_crossed; /* replies that this operation was the first to take from others */
	uint16_t code;		 /* the operation's own (first) message; 0: not known */
	enum protocol protocol;	 /* whose codes they are */
	enum wire_goodbye goodbye; /* whether this write ends the session */
	bool missed; /* the operation was not recorded: process `claimed_by` held the claim */
	struct serial claimed_by;
};

/* Prepares for a new connection, whose opening is to be recorded from its first byte. */
void evidence_start(struct evidence *evidence, enum protocol protocol);

/* The connection has become inherited: recording starts (again) between two exchanges.  What the
 * opening taught stays.  Idempotent once it records; call it under no claim, by any process. */
void evidence_resume(struct evidence *evidence, enum protocol protocol);

/* True when recording the opening has nothing more to learn. */
bool evidence_opened(const struct evidence *evidence);

/* True while requests and replies are matched, so that a missing record would hurt. */
bool evidence_is_parsing(const struct evidence *evidence);

/* A TLS hello named the protocol inside: only TLS records can be parsed from here on. */
void evidence_encrypt(struct evidence *evidence, enum protocol inside);

/* Around every call that may move bytes.  A vfork child must do neither. */
struct evidence_ticket evidence_enter(struct evidence *evidence, struct serial serial,
				      enum wire_direction direction);
void evidence_leave(struct evidence *evidence, struct evidence_ticket ticket, struct serial serial);

/* Records one operation by `self`, between enter and leave. */
void evidence_record(struct evidence *evidence, const struct lineage_process *self,
		     const struct evidence_operation *operation, struct evidence_facts *facts);

/* What evidence_record() would answer, before the bytes move; records nothing. */
void evidence_foresee(struct evidence *evidence, const struct lineage_process *self,
		      const struct evidence_operation *operation, struct evidence_facts *facts);

/* Ends the calls of process `serial`, which is dead, and breaks its claim. */
void evidence_forget(struct evidence *evidence, struct serial serial);

#endif
