/* SPDX-License-Identifier: MIT */
/*
 * Evidence: who asked, who is being answered, and whether a reply went to the wrong process.
 *
 * struct evidence is plain data in the shared slot of a connection.  From the first operation after
 * a fork on, every process records there each of its own operations that moved bytes; each record
 * answers with facts: a reply crossed, a goodbye was said, which message was sent.  Called by
 * conversation.c and open_calls.c in shim/track/.  Pure but for atomics: no system call, clock,
 * allocation or lock; safe in signal handlers.
 *
 *   evidence_enter()      before the call: "I am inside a read (write) of this connection"
 *     the real call
 *   evidence_record()     if bytes moved: parse them, answer with facts
 *   evidence_leave()      always
 *
 * Proven and likely.  The kernel orders the bytes of a direction; from user space the order of two
 * calls is known only when one was left (recorded) before the other was entered.  An operation that
 * another process's operation of the same direction overlapped is never the ground of a proof: the
 * crossing is `likely`, and a crossing is reported whenever some order of the overlapping calls
 * makes one.  The same holds for every operation that rests on an uncertain order, and after track
 * was lost.  The table in record.h says which flag stands for which doubt, and when each flag is
 * set and cleared.
 *
 * Assumption: the connection was idle, between two exchanges, when it was inherited.
 *
 * Heirs.  A request that an ancestor sent before the fork counts as the process's own, by
 * lineage_judge(); the first process that touches the reply takes the request over.
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
 * others are missed, and the facts of each say so, until one of the others calls evidence_forget()
 * for the dead process.  A thread that leaves a record by a jump calls evidence_jump().
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

/* Requests without reply, equal neighbours counted as one entry.  A deeper pipeline of mixed
 * requests loses the names of the requests; a deeper pipeline of mixed owners loses the track. */
#define EVIDENCE_QUEUE 10

/* Calls of one direction that are under way at once and known by name.  Further calls are only
 * counted, and while there are further calls nothing is proven. */
#define EVIDENCE_INSIDE 6

/* A request (PARSING), or all bytes that one process wrote up to a read (turns.c). */
struct evidence_entry {
	struct lineage_use owner;
	uint32_t time; /* of the operation with the first byte, by evidence_pack_time() */
	struct wire_request request;
	uint16_t count;
	uint8_t flags;
	uint8_t sequence; /* low 8 bits of the latest record that added a request */
};

/* First and last bytes of each direction in a memo. */
#define EVIDENCE_MEMO_BYTES 32

/* The latest exchange of a process that alone uses the connection (memo.h); index 0 from the
 * client. */
struct evidence_memo {
	struct lineage_use owner; /* whose latest use this was */
	uint64_t time_ns[2];	  /* of the latest call of each direction */
	uint64_t total_bytes[2];  /* written since the latest read; read since then */
	uint32_t latest_bytes[2]; /* of the latest call */
	int32_t tid[2];
	uint16_t call[2]; /* enum operation */
	uint32_t calls;	  /* since the memo began */
	uint8_t head[2][EVIDENCE_MEMO_BYTES];
	uint8_t tail[2][EVIDENCE_MEMO_BYTES];
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
	/* Serial of the process that is recording, 0: nobody.  Acquired by compare-exchange,
	 * released by a store. */
	_Atomic uint32_t claimed_by;
	/* Records that gave up because `claimed_by` stayed set; the next record goes LOST. */
	_Atomic uint32_t missed;
	/* Serials of processes inside a call, by direction; added and removed by compare-exchange.
	 * The entry of a process that is killed inside stays and keeps proofs away until
	 * evidence_forget(). */
	_Atomic uint32_t inside[2][EVIDENCE_INSIDE];
	_Atomic uint32_t uncounted[2]; /* calls for which `inside` had no room */
	_Atomic uint32_t sequence;     /* of records; written under the claim, read by enter */
	/* --- under the claim ---------------------------------------------------------------- */
	uint8_t state;		   /* enum evidence_state */
	uint8_t flags;		   /* see record.h */
	uint8_t queued;		   /* entries in queue */
	uint8_t unsent_kind;	   /* with EVIDENCE_REPLY_MAY_BE_UNSENT: the kind of reply */
	struct lineage_use writer; /* of the client's message that is not complete */
	struct lineage_use last;   /* LOST: the latest user; alternation: the latest reader */
	struct lineage_use before; /* LOST: the latest user that was another process */
	/* The two latest records of different processes: `seen` by direction; `finished` of
	 * finished exchanges, by the owner of the request. */
	struct evidence_seen seen[2][2];
	struct evidence_seen finished[2];
	uint64_t base_ns; /* when the oldest request came into the empty queue */
	union {
		struct evidence_entry queue[EVIDENCE_QUEUE];
		struct evidence_memo memo; /* while nothing is recorded */
	};
	struct wire_parser parser;
};
_Static_assert(sizeof(struct evidence_entry) == 20, "as counted below");
_Static_assert(sizeof(struct evidence_memo) <= EVIDENCE_QUEUE * sizeof(struct evidence_entry),
	       "takes the place of the queue");
_Static_assert(sizeof(struct evidence) == 456, "lives in every connection's slot");

/* Where an operation stood among the records when the call was entered. */
struct evidence_ticket {
	uint32_t sequence;
	uint8_t slot; /* in `inside`, or a constant from below */
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
	 * stands for bytes that the shim could not see (sendfile, splice). */
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
	enum protocol protocol;	 /* the protocol to which the codes belong */
	enum wire_goodbye goodbye; /* whether this write ends the session */
	bool missed; /* the operation was not recorded: process `claimed_by` held the claim */
	struct serial claimed_by;
};

/* Prepares for a new connection; call before the first byte of the opening is recorded. */
void evidence_start(struct evidence *evidence, enum protocol protocol);

/* The connection has become inherited: recording starts (again) between two exchanges.  The facts
 * that the opening taught stay.  Idempotent once the connection is recorded; any process may call,
 * under no claim. */
void evidence_resume(struct evidence *evidence, enum protocol protocol);

/* For who does not see all bytes of a call, after a read that left nothing to be read: where track
 * was lost while one process alone spoke, its exchange is over, and the next message of any process
 * begins a new one.  Under no claim, by the one process that records. */
void evidence_regain(struct evidence *evidence);

/* The claim, for memo.h.  False: process *holder has it. */
bool evidence_claim(struct evidence *evidence, struct serial serial, uint32_t *holder);
void evidence_release(struct evidence *evidence);

/* True when recording the opening has nothing more to learn. */
bool evidence_opened(const struct evidence *evidence);

/* True while requests and replies are matched, so that a missing record would hurt. */
bool evidence_is_parsing(const struct evidence *evidence);

/* A TLS hello named the protocol inside: from here on only TLS records can be parsed. */
void evidence_encrypt(struct evidence *evidence, enum protocol inside);

/* Called before and after every call that may move bytes.  A vfork child must call neither. */
struct evidence_ticket evidence_enter(struct evidence *evidence, struct serial serial,
				      enum wire_direction direction);
void evidence_leave(struct evidence *evidence, struct evidence_ticket ticket, struct serial serial);

/* Records one operation by `self`; called between enter and leave when bytes have moved. */
void evidence_record(struct evidence *evidence, const struct lineage_process *self,
		     const struct evidence_operation *operation, struct evidence_facts *facts);

/* Fills the facts that evidence_record() would give, before the bytes move; records nothing. */
void evidence_foresee(struct evidence *evidence, const struct lineage_process *self,
		      const struct evidence_operation *operation, struct evidence_facts *facts);

/* Gives back what this thread of process `serial` has claimed: the thread is about to jump out of a
 * signal handler, and so out of a record that the handler interrupted.  The record counts as
 * missed. */
void evidence_jump(struct serial serial);

/* Ends the calls of process `serial`, which is dead, and breaks the claim if that process has
 * it. */
void evidence_forget(struct evidence *evidence, struct serial serial);

#endif
