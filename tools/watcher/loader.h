/* SPDX-License-Identifier: MIT */
/*
 * The kernel's part: loaded, attached, read.  One thread calls all of this.
 */
#ifndef FORKSAN_TOOLS_WATCHER_LOADER_H
#define FORKSAN_TOOLS_WATCHER_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "watcher/event.h"

/* True when this process has the capabilities for programs in the kernel. */
bool loader_is_permitted(void);

/* Loads and attaches the programs.  `all`: every process is watched.  `strict`: uses that break the
 * rule are to be refused; loader_why_not_strict() tells whether they are.  `take` gets each record,
 * at most loader_poll() calls it.  False: loader_why_not() has one sentence that says what is
 * missing. */
bool loader_start(bool all, bool strict, void (*take)(const void *record, size_t len_bytes));

const char *loader_why_not(void);

/* Waits at most `timeout_ms` for records, and hands over those that there are, for at most 50 ms.
 * `wake` becoming readable ends the wait, too; -1: no descriptor. */
void loader_poll(int wake, int timeout_ms);

/* Ends the programs; the records that they have left are handed over, for at most ten seconds: the
 * rest are losses.  Returns when the programs ended (CLOCK_REALTIME). */
uint64_t loader_stop(void);

/* NULL: uses are refused; else the reason why the kernel does not let that be. */
const char *loader_why_not_strict(void);

/* Watches a process that runs already; `parent`: the process that forked it, 0 where that is not
 * known.  What both did before counts as from before the fork.  0: it is watched by now, or gone;
 * else its number. */
uint32_t loader_watch(pid_t pid, pid_t parent);

/* Has strict mode know that of the connection with that cookie.  One that the kernel has left to
 * user space stays so. */
void loader_tell_judged(uint64_t cookie, const struct event_judged *judged);

/* The connection is over. */
void loader_forget_judged(uint64_t cookie);

/* True while the process with that pid is the one with that number.  loader_abort() has it abort,
 * as abort(3) does. */
bool loader_is_there(pid_t pid, uint32_t number);
void loader_abort(pid_t pid, uint32_t number);

/* Has all open connections of watched processes told (EVENT_OLD).  False: the iterator is refused,
 * and connections from before are watched from their next opening alone. */
bool loader_tell_old(void);

/* True when the kernel does not refuse that. */
bool loader_may_tell_old(void);

/* Has the kernel copy the interpreter's frames with that process's stacks from now on; NULL: no
 * more. */
void loader_set_interpreter(pid_t pid, const struct event_interpreter *interpreter);

/* The thread pointer of the process's first thread; 0: not known. */
uint64_t loader_thread_pointer(pid_t pid);

/* The losses so far. */
void loader_losses(uint64_t lost[EVENT_LOST_COUNT]);

#endif
