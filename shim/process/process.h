/* SPDX-License-Identifier: MIT */
/*
 * This process: its identity in the session, its epoch, and every way in which a fork is noticed.
 *
 * A fork is noticed in the child by the page that reads zero in any new process however it was made
 * (base/wiped.h).  The wrappers let the parent enter the child into the registry before it exists;
 * the child notes its pid in the page and has nothing else to do until its first call that matters,
 * so fork costs little more than without us.  A child that nobody announced enters itself then.
 *
 * A vfork child shares memory and page with its parent, whose pid stands in the page: it never
 * enters the session.  A function that changes what is known of the parent's descriptors asks
 * process_is_vfork_child() first.
 */
#ifndef FORKSAN_SHIM_PROCESS_H
#define FORKSAN_SHIM_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/wiped.h"
#include "forksan/atomics.h"
#include "judge/lineage.h"
#include "registry/registry.h"
#include "stack/stack.h"

/* The lineage word of a process that has no place in the session. */
#define PROCESS_UNWATCHED UINT64_C(0x7fffffffffffffff)

struct process {
	struct lineage_process lineage;
	struct registry_process *shared; /* NULL: not watched */
	pid_t pid;
	uint64_t pid_namespace;	     /* inode of /proc/self/ns/pid; 0: not known */
	bool leaves_pid_namespace;   /* children may be in another */
	uint64_t forked_boottime_ns; /* CLOCK_BOOTTIME of the latest fork, for the child */
	struct stack_id fork_stack;  /* where the latest fork was made, for the child */
};

/* In a child that has not entered yet this still describes the parent, as it was at the fork. */
extern FORKSAN_HIDDEN struct process process;

/* This process's lineage word: lineage_pack(self), 0 until process_enter() has run in a new
 * process, PROCESS_UNWATCHED when the process has no place in the session. */
static inline uint64_t process_mine(void)
{
	return load_relaxed(&wiped.process.mine);
}

/* False in a forked process whose inherited connections were not looked at (open-at-fork). */
static inline bool process_is_settled(void)
{
	return load_relaxed(&wiped.process.settled) != 0;
}

static inline void process_settle(void)
{
	store_relaxed(&wiped.process.settled, 1);
}

/* Whether this process has reported a violation, for exitcode=. */
static inline bool process_has_violated(void)
{
	return load_relaxed(&wiped.process.violated) != 0;
}

static inline void process_note_violation(void)
{
	store_relaxed(&wiped.process.violated, 1);
}

/* Joins the session for the first time (constructor, or a wrapper called before it).  0 or -errno.
 */
int process_start(const char *session, bool *created);

/* Gives a new process its place in the session.  True when this process is watched.  Called by the
 * slow path whenever process_mine() is 0; cheap otherwise.  Async-signal-safe; a signal handler
 * that interrupts it gets false. */
bool process_enter(void);

/* One fork, from before it to after it; lives on the stack of the thread that makes it, and so in
 * the child's copy too. */
struct process_fork {
	struct serial forker; /* who began it; 0: a process that is not watched */
	struct serial child;  /* announced; 0: none */
	/* Made by a signal handler while its thread was forking: the child announced for that. */
	struct serial interrupted;
};

/* Around a call that forks, in the thread that makes it.  Before: remembers where the fork is made
 * and enters the child.  After, with what the call returned: in the parent the child's pid (or that
 * there is none) is noted and a new epoch begins; the child notes whose memory it has.  errno is
 * kept. Nothing is held in between. */
void process_before_fork(struct process_fork *fork);
void process_after_fork(const struct process_fork *fork, pid_t pid);

/* pthread_atfork handlers: begin a new epoch in the parent, for forks inside libc that no wrapper
 * saw; note in the child whose memory it has, before the host's own handlers run. */
void process_atfork_parent(void);
void process_atfork_child(void);

/* From now on children may be in another pid namespace; each looks, once. */
void process_leaves_pid_namespace(void);

/* This process has entered a seccomp sandbox: a system call that its author did not foresee may end
 * it, so none is made from now on.  It is watched no more, and counted. */
void process_enter_sandbox(void);

/* True when it has, or the process that it was forked from. */
bool process_is_sandboxed(void);

/* True in a vfork child (and in any process that shares this memory): its descriptors are its own,
 * its memory is not.  One system call. */
bool process_is_vfork_child(void);

/* This thread, as gettid(2) names it, which is asked once in a thread of a process. */
pid_t process_tid(void);

/* True when this process exists for more than a second. */
bool process_is_old(void);

/* True when this process's parent is one of the session and alive: then this is not the last one.
 * One system call; false says nothing. */
bool process_parent_is_here(void);

/* This process is about to exec a program that cannot open the session's registry: says in which
 * user's directory it will begin one.  process_has_no_heir(): the exec has failed. */
void process_note_heir(void);
void process_has_no_heir(void);

/* The process is about to end: tells the others. */
void process_leave(void);

/* In the child that daemon() has made: says for its parent, which ended inside libc, that it has,
 * and counts what the parent would have counted. */
void process_daemonized(void);

#endif
