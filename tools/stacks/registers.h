/* SPDX-License-Identifier: MIT */
/*
 * The registers of a thread of another process.
 *
 * Without stopping the thread, /proc/PID/task/TID/syscall has the stack pointer and the program
 * counter of a thread that sleeps (proc(5)); the others are not known, and the walk ends at the
 * first frame that needs one of them.  With ptrace(2) all are known, but the thread is interrupted:
 * calls such as epoll_wait() return EINTR.
 */
#ifndef FORKSAN_TOOLS_STACKS_REGISTERS_H
#define FORKSAN_TOOLS_STACKS_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define REGISTERS_MAX 32 /* by DWARF's numbers; AArch64 has 32 */

struct registers {
	uint64_t value[REGISTERS_MAX];
	uint32_t known; /* a bit for each */
	uint64_t pc;
	int sleeping; /* the open file of a thread that is not stopped; -1: it is stopped */
	char sleeps_as[256];
};

/* Reads the registers of a sleeping thread.  0; -EBUSY: it runs; -errno. */
int registers_of_sleeper(pid_t pid, pid_t tid, struct registers *registers);

/* Stops the thread and reads its registers.  0 or -errno.  It goes on with registers_release(), or
 * when the calling process ends. */
int registers_stop(pid_t tid, struct registers *registers);

/* True when the thread still sleeps in the same call; of a stopped thread always. */
bool registers_still_hold(const struct registers *registers);

void registers_release(pid_t tid, struct registers *registers);

#endif
