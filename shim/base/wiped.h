/* SPDX-License-Identifier: MIT */
/*
 * The page that reads zero in every new process, however the process was made.
 *
 * fork() copies the memory for one thread: words about the work of other threads, or true of the
 * parent alone, are copied along and would have to be cleared.  Each word with that need stands
 * here and nowhere else: the kernel clears the page (MADV_WIPEONFORK), for fork(), _Fork() and a
 * raw clone() alike, before the child's first instruction.  On kernels before Linux 4.14, which
 * lack the flag, the atfork handler and the wrappers clear the page, and a raw clone() is not
 * noticed.
 *
 * A process that shares its parent's memory (vfork, clone with CLONE_VM) shares the page: the words
 * are the parent's there.
 *
 * Each room has a struct of its own, which no other room touches.  Each field says the meaning of
 * zero.
 */
#ifndef FORKSAN_SHIM_WIPED_H
#define FORKSAN_SHIM_WIPED_H

#include <stdint.h>

#include "base/claim.h"
#include "base/compiler.h"

/* Stacks that are taken at the same moment: by threads, and by signal handlers that interrupt a
 * thread. */
#define WIPED_CAPTURES 8

/* Threads of one process that report at the same time; more lose their report. */
#define WIPED_REPORT_BUFFERS 4

/* Writes of one process that may be goodbyes and are kept back (track/goodbye.c). */
#define WIPED_DEFERRED 16

/* Calls of one process that are inside the kernel and known as such (track/open_calls.c). */
#define WIPED_OPEN_CALLS 64

/* Threads of one process that work on a stack of forksan's own (base/side_stack.c). */
#define WIPED_SIDE_STACKS 4

struct wiped_base {
	struct claim side_stacks[WIPED_SIDE_STACKS];
};

struct wiped_process {
	/* This process's lineage word (process/process.h); 0: a new process. */
	_Atomic uint64_t mine;
	_Atomic uint32_t entering; /* 1: a thread is in process_enter() */
	/* Whose memory this is: the pid, and the serial that the parent announced (0: none).  Noted
	 * by the thread that came out of the fork, before anything else runs; 0: nobody noticed the
	 * fork. */
	_Atomic int32_t pid;
	_Atomic uint32_t announced;
	/* 0: forked, and the inherited connections were not looked at (track/worker.c). */
	_Atomic uint32_t settled;
	_Atomic uint32_t violated; /* 1: has reported a violation, for exitcode= */
	/* The process slot whose holds fdtable.c writes, + 1; 0: nobody's. */
	_Atomic uint32_t holder;
};

struct wiped_entry {
	_Atomic uint32_t joining; /* 1: a thread is joining the session (entry/init.c) */
};

struct wiped_stack {
	struct claim captures[WIPED_CAPTURES];
	struct claim scan;
};

struct wiped_report {
	_Atomic uint32_t buffers_taken[WIPED_REPORT_BUFFERS]; /* 1: a thread renders there */
	_Atomic uint32_t warned_of_log; /* 1: has warned that the log cannot be written */
	/* Calls of this process that report_tick() counts.  Here, since a word that a parent writes
	 * after each fork costs it a copy of the word's page, but for this page. */
	_Atomic uint32_t ticks;
};

struct wiped_track {
	/* 1: an entry of some connection's accessors, or an end, may be this process's. */
	_Atomic uint32_t has_accessed;
	/* Bit n: the use of an inherited epoll instance in entry n of epoll.c was judged. */
	_Atomic uint64_t polled;
	_Atomic uint32_t ring_counted; /* 1: this process's io_uring is counted */
	/* enum note_state of blind.c; 0: nothing is noted. */
	_Atomic uint32_t program_noted;
	/* States of the entries of goodbye.c: enum deferred_state; 0: free. */
	_Atomic uint32_t deferred[WIPED_DEFERRED];
	/* States of the entries of open_calls.c; 0: free. */
	_Atomic uint32_t open_calls[WIPED_OPEN_CALLS];
	_Atomic uint32_t open_calls_high; /* only entries below this were ever taken */
	_Atomic uint32_t isolating;	  /* threads that replace descriptors (isolate.c) */
	_Atomic uint32_t isolations;	  /* connections that this process was isolated from */
	/* The server to which the log last said that this process has reconnected; 0: none. */
	_Atomic uint64_t reconnected;
};

/* Page-aligned and page-sized, so that the struct is alone in pages of .bss, which are private
 * anonymous memory: the only kind that MADV_WIPEONFORK takes (madvise(2)). */
extern FORKSAN_HIDDEN struct wiped {
	_Alignas(4096) struct wiped_process process;
	struct wiped_base base;
	struct wiped_stack stack;
	struct wiped_report report;
	struct wiped_track track;
	struct wiped_entry entry;
} wiped;
_Static_assert(sizeof(struct wiped) == 4096, "one page");

/* Has the kernel wipe the page.  Called once, when the first process of the program starts. */
void wiped_start(void);

/* Wipes the page, in a new process whose kernel has not. */
void wiped_clear(void);

#endif
