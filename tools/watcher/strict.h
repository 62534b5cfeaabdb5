/* SPDX-License-Identifier: MIT */
/*
 * Strict mode from outside.  The kernel refuses uses that break the rule (gate.bpf.h), and the
 * tracker tells of them; those that it leaves to user space are judged here, and the process is
 * aborted after the fact.
 *
 * One thread.
 */
#ifndef FORKSAN_TOOLS_WATCHER_STRICT_H
#define FORKSAN_TOOLS_WATCHER_STRICT_H

#include "watcher/event.h"
#include "track/track.h"

void strict_start(void);

/* Has `judge` judge a call by actor_now, and ends the actor where the tracker ends "this process".
 * `use`: NULL for a shutdown(). */
void strict_judge(const struct event_use *use,
		  void (*judge)(const struct event_use *use, void *context), void *context);

/* What the tracker may do about the use that is judged: nothing any more when the process has
 * ended. */
void strict_choose_action(struct track_call *call);

#endif
