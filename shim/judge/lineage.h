/* SPDX-License-Identifier: MIT */
/*
 * The judge.  Half of the state of a connection lives in process memory (driver, TLS keys, prepared
 * statements); memory is copied by fork and never flows back.  Hence:
 *
 *     A use of a socket by process P is sound if and only if every earlier use was made by P, or
 *     by an ancestor of P before the fork that led to P.
 *
 * Judging the latest earlier use is enough, since that use was itself judged against the use
 * before.  Pure: plain data in, verdict out; no process, socket, errno or memory of its own.  Safe
 * from any thread, signal handler and vfork child.  Inline, since the kernel's part of
 * forksan-attach judges by the same functions, and the kernel wants to see that each loop ends.
 * tests/unit/test_lineage.c holds the rule against a brute-force oracle that replays whole
 * histories.
 */
#ifndef FORKSAN_SHIM_JUDGE_LINEAGE_H
#define FORKSAN_SHIM_JUDGE_LINEAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "forksan/ids.h"
#include "forksan/limits.h"

/*
 * The lineage word of a socket:
 *
 *   63          62                           32 31                            0
 *   +-----------+------------------------------+------------------------------+
 *   | attention |            serial            |            epoch             |
 *   +-----------+------------------------------+------------------------------+
 *
 * serial 0 is "no use yet" (a fresh hand-over).  The attention bit makes every use differ from the
 * word of the accessor, which sends the use to the slow path: the protocol is not identified yet,
 * or another process may hold the connection.  A serial of more than 31 bits is never given out
 * (registry_join fails).  An epoch stops at the largest value; from then on a use after a fork can
 * be taken for a use before the fork: a miss, never a false alarm.
 */
#define LINEAGE_ATTENTION (UINT64_C(1) << 63)
#define LINEAGE_MAX_SERIAL UINT32_C(0x7fffffff)
#define LINEAGE_MAX_EPOCH UINT32_C(0xffffffff)

struct lineage_use {
	struct serial serial;
	uint32_t epoch;
};

static inline uint64_t lineage_pack(struct lineage_use use)
{
	return (uint64_t)use.serial.n << 32 | use.epoch;
}

/* The attention bit is ignored. */
static inline struct lineage_use lineage_unpack(uint64_t word)
{
	return (struct lineage_use){{(uint32_t)(word >> 32) & LINEAGE_MAX_SERIAL}, (uint32_t)word};
}

/* A process as the judge sees it.  ancestors[0] is the parent: the serial, and the epoch at which
 * the parent forked towards this process; ancestors[1] is the grandparent, and so on. */
struct lineage_process {
	struct lineage_use self;
	uint32_t ancestor_count;
	bool ancestors_forgotten; /* more ancestors existed than fit */
	struct lineage_use ancestors[FORKSAN_MAX_ANCESTORS];
};

enum lineage_verdict {
	LINEAGE_FIRST,	   /* nobody used the connection yet */
	LINEAGE_OWN,	   /* the last user is the process itself */
	LINEAGE_INHERITED, /* the last use was an ancestor's, before the fork: sound */
	LINEAGE_UNKNOWN,   /* the last user may be an ancestor that was forgotten: no proof */
	LINEAGE_VIOLATION,
};

/* Judges a use by `process`; `last`: the latest earlier use of the same connection. */
static inline enum lineage_verdict lineage_judge(const struct lineage_process *process,
						 struct lineage_use last)
{
	uint32_t oldest = process->ancestor_count - 1;

	if (last.serial.n == 0)
		return LINEAGE_FIRST;
	if (serial_is(last.serial, process->self.serial))
		return LINEAGE_OWN;
	for (uint32_t i = 0; i < FORKSAN_MAX_ANCESTORS && i < process->ancestor_count; i++) {
		if (!serial_is(process->ancestors[i].serial, last.serial))
			continue;
		return last.epoch <= process->ancestors[i].epoch ? LINEAGE_INHERITED
								 : LINEAGE_VIOLATION;
	}
	/* A process has a greater serial than its ancestors: one below the oldest that is known may
	 * be of a forgotten one. */
	if (process->ancestors_forgotten && oldest < FORKSAN_MAX_ANCESTORS &&
	    last.serial.n < process->ancestors[oldest].serial.n)
		return LINEAGE_UNKNOWN;
	return LINEAGE_VIOLATION;
}

/*
 * A connection of an unknown protocol is judged by direction, since the meaning of the bytes is not
 * known: each way has a lineage word of its own.
 *
 *   Reads.   A read in breach of the lineage of reads is a violation: the bytes were another
 *            process's answer, or a part of it.
 *   Writes.  A write in breach of the lineage of writes is no violation by itself: several
 *            processes may write to one log or metrics stream.  A process that converses breaks the
 *            rule for reads as well, and is found there, whichever process spoke first.
 *   Apart.   One process that only reads and another that only writes (a shell's /dev/tcp) share
 *            no way, and no rule is broken.
 *
 * The caller keeps in the slot of the connection: the lineage word `last` as for every connection,
 * and the two words `last_way`.  Every use that takes the slow path replaces the word of `last_way`
 * for the direction by exchange and judges the replaced word.  A use on the fast path leaves
 * `last_way` unchanged; that is right as long as the attention bit is cleared only for a process
 * that alone holds the connection and for which lineage_ways_are_own() is true.  A hand-over sets
 * all three words to 0.
 */
enum lineage_way { LINEAGE_READ, LINEAGE_WRITE, LINEAGE_WAYS };

enum lineage_way_verdict {
	LINEAGE_WAY_SOUND,
	LINEAGE_WAY_UNKNOWN, /* as LINEAGE_UNKNOWN */
	LINEAGE_WAY_SHARED,  /* a write; another line of processes writes too: no finding */
	LINEAGE_WAY_VIOLATION,
};

/* Judges a use in direction `way`; `last`: the latest earlier use in that direction. */
static inline enum lineage_way_verdict lineage_judge_way(const struct lineage_process *process,
							 enum lineage_way way,
							 struct lineage_use last)
{
	switch (lineage_judge(process, last)) {
	case LINEAGE_FIRST:
	case LINEAGE_OWN:
	case LINEAGE_INHERITED:
		return LINEAGE_WAY_SOUND;
	case LINEAGE_UNKNOWN:
		return LINEAGE_WAY_UNKNOWN;
	case LINEAGE_VIOLATION:
		break;
	}
	return way == LINEAGE_READ ? LINEAGE_WAY_VIOLATION : LINEAGE_WAY_SHARED;
}

/* True when both ways were used last in the lineage of `process`, or never: if no other process
 * holds the connection, the uses of `process` need no attention any more. */
static inline bool lineage_ways_are_own(const struct lineage_process *process,
					const struct lineage_use last[LINEAGE_WAYS])
{
	for (int way = 0; way < LINEAGE_WAYS; way++) {
		if (lineage_judge_way(process, (enum lineage_way)way, last[way]) !=
		    LINEAGE_WAY_SOUND)
			return false;
	}
	return true;
}

/* Fills `child` for a process that `parent` forks now: the ancestors are the parent at the present
 * epoch, then the parent's ancestors.  `child` may be `parent`. */
static inline void lineage_fork(const struct lineage_process *parent, struct serial child_serial,
				struct lineage_process *child)
{
	struct lineage_use forker = parent->self;
	uint32_t kept = parent->ancestor_count;
	bool forgotten = parent->ancestors_forgotten;

	if (kept == FORKSAN_MAX_ANCESTORS) {
		kept--;
		forgotten = true;
	}
	__builtin_memmove(&child->ancestors[1], &parent->ancestors[0],
			  kept * sizeof child->ancestors[0]);
	child->ancestors[0] = forker;
	child->ancestor_count = kept + 1;
	child->ancestors_forgotten = forgotten;
	child->self = (struct lineage_use){child_serial, 0};
}

/* The next epoch of a process that has forked. */
static inline uint32_t lineage_next_epoch(uint32_t epoch)
{
	return epoch == LINEAGE_MAX_EPOCH ? epoch : epoch + 1;
}

#endif
