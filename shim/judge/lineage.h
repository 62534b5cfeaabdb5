/* SPDX-License-Identifier: MIT */
/*
 * The judge.  Half of a connection's state lives in process memory (driver, TLS keys, prepared
 * statements); memory is copied by fork and never flows back.  Hence:
 *
 *     A use of a socket by process P is sound if and only if every earlier use was made by P, or
 *     by an ancestor of P before the fork that led to P.
 *
 * It is enough to judge the latest earlier use: that one was judged against the one before it.
 * Pure: plain data in, verdict out; no process, socket, errno or memory of its own.  Safe from any
 * thread, signal handler and vfork child.
 */
#ifndef FORKSAN_SHIM_LINEAGE_H
#define FORKSAN_SHIM_LINEAGE_H

#include <stdbool.h>
#include <stdint.h>

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
 * user's own word, which sends it to the slow path: the protocol is not told yet, or another process
 * may hold the connection.  A serial of more than 31 bits is never given out (registry_join fails);
 * an epoch stops at its largest value, after which a use after a fork can be taken for one before
 * it: a miss, never a false alarm.
 */
#define LINEAGE_ATTENTION (UINT64_C(1) << 63)
#define LINEAGE_MAX_SERIAL UINT32_C(0x7fffffff)
#define LINEAGE_MAX_EPOCH UINT32_C(0xffffffff)

struct lineage_use {
	uint32_t serial;
	uint32_t epoch;
};

static inline uint64_t lineage_pack(struct lineage_use use)
{
	return (uint64_t)use.serial << 32 | use.epoch;
}

/* The attention bit is ignored. */
static inline struct lineage_use lineage_unpack(uint64_t word)
{
	return (struct lineage_use){(uint32_t)(word >> 32) & LINEAGE_MAX_SERIAL, (uint32_t)word};
}

/* A process as the judge sees it.  ancestors[0] is the parent: its serial and its epoch when it
 * forked towards this process; ancestors[1] the grandparent, and so on. */
struct lineage_process {
	struct lineage_use self;
	uint32_t ancestor_count;
	bool ancestors_forgotten; /* there were more than fit */
	struct lineage_use ancestors[FORKSAN_MAX_ANCESTORS];
};

enum lineage_verdict {
	LINEAGE_FIRST,	   /* nobody used it yet */
	LINEAGE_OWN,	   /* the last user is the process itself */
	LINEAGE_INHERITED, /* the last use was an ancestor's, before the fork: sound */
	LINEAGE_VIOLATION,
};

enum lineage_verdict lineage_judge(const struct lineage_process *process, struct lineage_use last);

/* Fills `child` for a process forked by `parent` now: its ancestors are the parent at its present
 * epoch, then the parent's ancestors.  child may be parent. */
void lineage_fork(const struct lineage_process *parent, uint32_t child_serial,
		  struct lineage_process *child);

/* The next epoch of a process that has forked. */
static inline uint32_t lineage_next_epoch(uint32_t epoch)
{
	return epoch == LINEAGE_MAX_EPOCH ? epoch : epoch + 1;
}

#endif
