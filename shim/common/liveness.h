/* SPDX-License-Identifier: MIT */
/*
 * Whether a process that the registry names is still there: the rule, which shim and tool share.
 *
 * Pure.  The caller asks the kernel (kill(pid, 0), /proc/PID/stat) and passes the answers on.
 * The words of a slot come from shared memory, where any process of the session may have written
 * anything; no word makes this room read or write out of bounds.
 */
#ifndef FORKSAN_SHIM_LIVENESS_H
#define FORKSAN_SHIM_LIVENESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forksan/registry.h"

/* The words of a slot that identify its process, copied once. */
struct liveness_claim {
	int32_t pid;		   /* to ask the kernel about; 0: the process is over */
	uint64_t born_boottime_ns; /* CLOCK_BOOTTIME by which the process existed */
	uint64_t boot_realtime_ns; /* CLOCK_REALTIME when CLOCK_BOOTTIME was 0; 0: not known */
	uint64_t pid_namespace;	   /* the namespace of `pid`; 0: not known */
	int32_t outside_pid;	   /* the same process in an outer pid namespace; 0: not known */
	uint64_t outside_namespace;
	int32_t first_pid; /* the first process of `pid_namespace` or one around it, likewise */
	uint64_t first_namespace;
};

/* Enough for the fields that are read here, with the longest name in the second. */
#define LIVENESS_STAT_BYTES 512

/* True for a child that its parent has announced, and whose pid the parent does not know yet.
 * `word`: the state word of the child's slot.  The child counts as alive while the parent does. */
bool liveness_is_announced(const struct registry_process *process, uint32_t word);

/* Reads the claim of a slot.  For an announced child `pid` is the parent's. */
struct liveness_claim liveness_claim(const struct registry_process *process);

/* True when a pid of that namespace means the same process in `own`.  Namespaces that are not known
 * (0) are taken for the same. */
bool liveness_same_namespace(uint64_t pid_namespace, uint64_t own);

/* The word `seen_outside` of a slot; 0 where the inode has more than 32 bits.  (The kernel numbers
 * namespaces with an unsigned int: struct ns_common, linux/ns_common.h.) */
uint64_t liveness_pack_outside(uint64_t pid_namespace, int32_t pid);

/* The pid of the claim's process in the pid namespace `own`; 0 when no such pid is known.  The
 * kernel cannot be asked by pid then: the caller takes the process to be alive until its slot says
 * otherwise, or liveness_first_pid_in() has ended. */
int32_t liveness_pid_in(const struct liveness_claim *claim, uint64_t own);

/* The pid in `own` of the first process of the claim's namespace; 0 when no such pid is known. When
 * that process has ended so has the claim's. */
int32_t liveness_first_pid_in(const struct liveness_claim *claim, uint64_t own);

/* `first_seen_outside` of a child of `parent`. */
uint64_t liveness_first_of(const struct registry_process *parent);

/* CLOCK_REALTIME at which CLOCK_BOOTTIME was 0, from the present values of both. */
static inline uint64_t liveness_boot(uint64_t realtime_ns, uint64_t boottime_ns)
{
	return realtime_ns - boottime_ns;
}

/* True when two processes with these values of liveness_boot() have one CLOCK_BOOTTIME.  The values
 * may differ by a second: for the time between two readings, and small corrections of the wall
 * clock.  0 is not known, and taken for the same. */
bool liveness_same_clock(uint64_t one_ns, uint64_t other_ns);

/* True when `stat`, the content of /proc/PID/stat, is that of the claim's process: no zombie (a
 * zombie holds no descriptors), and no later process that was given the same pid.  Also true when
 * `stat` cannot be understood, as without /proc (len_bytes 0): the caller then goes by kill(pid, 0)
 * alone.  `boot_realtime_ns`: liveness_boot() of the caller.  In another time namespace, or after
 * the wall clock was set, this value differs from the claim's, and the two births cannot be
 * compared: the process with that pid is taken for the claim's then. */
bool liveness_stat_agrees(const struct liveness_claim *claim, uint64_t boot_realtime_ns,
			  const char *stat, size_t len_bytes);

/* True when the process of that `stat` runs no code of its own any more, although it is there: it
 * is ending by a signal, or SIGKILL is on its way.  Also true for the moment in which another
 * thread of the process replaces its program (execve(2)).  False when `stat` cannot be understood.
 */
bool liveness_stat_is_killed(const char *stat, size_t len_bytes);

/* The parent's pid in the content of /proc/PID/stat; 0 when it cannot be understood. */
int32_t liveness_stat_parent(const char *stat, size_t len_bytes);

#endif
