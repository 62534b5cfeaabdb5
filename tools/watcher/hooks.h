/* SPDX-License-Identifier: MIT */
/*
 * Which of the kernel's part's programs are loaded.  Not every kernel has all that they hook, nor
 * takes them all; what is to be had is found by loading them.  hooks_choose(), an attempt, and
 * after one that failed hooks_give_up(), until there is nothing left to give up.
 *
 * One thread.
 */
#ifndef FORKSAN_TOOLS_WATCHER_HOOKS_H
#define FORKSAN_TOOLS_WATCHER_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

struct bpf_object;

/* Uses are told by the tracepoints, or else by the functions.  sendpage and splice are added to
 * either: what passes only by them is not seen where they are refused.  The gate refuses calls. */
enum hook_set {
	HOOK_PROCESS,
	HOOK_TRACEPOINT,
	HOOK_WITNESS, /* of tracepoints that are passed over (passed_over.bpf.h) */
	HOOK_FUNCTION,
	HOOK_SENDPAGE,
	HOOK_SPLICE,
	HOOK_GATE,
};

/* Has the next attempt load the programs that have not been given up; `strict`: those that refuse
 * calls, too. */
void hooks_choose(struct bpf_object *programs, bool strict);

/* The next attempt loads HOOK_WITNESS, so the others are to say where they work. */
bool hooks_have_witness(void);

/* True when the complaint names a program. */
bool hooks_are_named(const char *complaint);

/* An attempt failed with `error` > 0; `complaint` is what libbpf said first that names a program.
 * False: the kernel has nothing in that program's place. */
bool hooks_give_up(const char *complaint, int error);

/* The errno with which the kernel has refused a set; ESRCH: it has not what they hook; 0: they run,
 * or were not wanted. */
int hooks_error(enum hook_set set);

/* How often the kernel has passed over a program that tells of processes (HOOK_PROCESS), or of uses
 * (else), since it was running already on that processor. */
uint64_t hooks_missed(struct bpf_object *programs, bool processes);

#endif
