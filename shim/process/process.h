/* SPDX-License-Identifier: MIT */
/*
 * This process: its identity in the session, its epoch, and every way in which a fork is noticed.
 *
 * A fork is noticed in the child by the page that reads zero in any new process however that
 * process was made (base/wiped.h).  The wrappers let the parent enter the child into the registry
 * before the fork.  The child notes its pid in the page and has nothing else to do until its first
 * call that matters, so a fork costs little more than without forksan.  A child that nobody
 * announced enters itself at that call.
 *
 * A vfork child shares memory and page with its parent, whose pid stands in the page.  A vfork
 * child never enters the session.  A function that changes the parent's view of descriptors calls
 * process_enter_own().
 */
#ifndef FORKSAN_SHIM_PROCESS_H
#define FORKSAN_SHIM_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/wiped.h"
#include "forksan/atomics.h"
#include "judge/lineage.h"
#include "registry/registry.h"
#include "stack/stack.h"

/* The lineage word of a process that has no place in the session. */
#define PROCESS_UNWATCHED UINT64_C(0x7fffffffffffffff)

/* The child that a thread is about to fork.  Here, since a page of memory that a parent writes
 * after each fork costs it a fault, and next_epoch() writes this one anyway; only where more
 * threads fork at once a word of the thread's own serves. */
struct announcement {
	_Atomic uintptr_t thread; /* 0: free */
	_Atomic uint32_t child;	  /* its serial; 0: none is announced */
};
#define PROCESS_ANNOUNCEMENTS 4

struct process {
	struct lineage_process lineage;
	struct registry_process *shared; /* NULL: not watched */
	pid_t pid;
	uint64_t pid_namespace;	     /* inode of /proc/self/ns/pid; 0: not known */
	bool leaves_pid_namespace;   /* children may be in another */
	bool in_inner_namespace;     /* an ancestor in the session is in another pid namespace */
	uint64_t forked_boottime_ns; /* CLOCK_BOOTTIME of the latest fork, for the child */
	struct stack_id fork_stack;  /* where the latest fork was made, for the child */
	uint32_t fork_threads;	     /* threads at that fork; 0: not known */
	struct announcement announcements[PROCESS_ANNOUNCEMENTS];
};

/* In a child that has not entered yet `process` still describes the parent at the fork. */
extern FORKSAN_HIDDEN struct process process;

/* libc's __libc_single_threaded (glibc 2.32): not zero while the process has one thread.  NULL:
 * there is no such word.  Set by entry/real.c. */
extern FORKSAN_HIDDEN const char *process_single_threaded;

/* The lineage word of this process: lineage_pack(self), 0 until process_enter() has run in a new
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

/* Called once in a program, by the constructor or by a wrapper that runs before the constructor.
 * The process is outside of any session afterwards. */
void process_start(void);

/* Joins the session; called once in a process that needs one, by one thread.  `session` and `wish`:
 * see registry_join().  *created: this process has begun the session.  0 or -errno: without a
 * registry nothing is watched.  0 with the table of processes full: this process alone is not
 * watched. */
int process_join(const char *session, enum registry_wish wish, bool *created);

/* The connections that came through exec are held: until then nobody takes their slots away. */
void process_has_asked(void);

/* Announce a program that this process starts without a fork() that forksan sees: a vfork child,
 * before its exec, or posix_spawn(), after it.  The program finds the session by its pid, also when
 * this process has ended meanwhile.  As after a fork this process begins its next epoch.
 * process_program_failed() takes the announcement back.  Serial 0: not announced. */
struct serial process_announce_program(pid_t pid);
void process_program_failed(struct serial program);

/* Gives a new process its place in the session.  Called by every slow path before the session is
 * looked at or changed; cheap once process_mine() is not 0.  Async-signal-safe.  True when this
 * process is watched.  False: not watched, a vfork child of a process that has not entered, or a
 * signal handler that comes while its own thread is entering: the caller leaves the session alone.
 * A thread that comes while another is entering waits, some microseconds. */
bool process_enter(void);

/* The same, and false in every vfork child: for callers that change this process's view of its
 * descriptors.  One system call, the one by which a new process enters. */
bool process_enter_own(void);

/* One fork, from process_before_fork() to process_after_fork().  Lives on the stack of the thread
 * that forks, and so in the child's copy of that stack too. */
struct process_fork {
	struct serial forker; /* the process that forks; 0: a process that is not watched */
	struct serial child;  /* announced; 0: no child is */
	/* The child announced for a fork that a signal handler interrupted by this one; 0: none. */
	struct serial interrupted;
};

/* Called by the wrappers around a call that forks, in the thread that forks.
 * process_before_fork() remembers the stack of the fork and announces the child to the registry.
 * process_after_fork() takes the call's result.  In the parent: > 0 publishes the child and begins
 * a new epoch, < 0 gives the announced slot back.  In the child (0): notes that the memory belongs
 * to the child now.  errno is kept, and no lock is held in between. */
void process_before_fork(struct process_fork *fork);
void process_after_fork(const struct process_fork *fork, pid_t pid);

/* pthread_atfork() handlers.  In the parent: begins a new epoch, for forks inside libc that no
 * wrapper saw.  In the child: notes that the memory belongs to the child now, before the host's own
 * handlers run. */
void process_atfork_parent(void);
void process_atfork_child(void);

/* Called before clone() with, and after unshare() and setns() to a new pid namespace: from now on
 * each child reads once which pid namespace the child is in. */
void process_leaves_pid_namespace(void);

/* Called when this process has entered a seccomp sandbox.  A system call that the sandbox's author
 * did not foresee may end the process, so forksan makes no further one.  The process is not
 * watched any more, and is counted (LOST_SANDBOXED). */
void process_enter_sandbox(void);

/* True when this process, or one that it descends from by forks, has entered a sandbox. */
bool process_is_sandboxed(void);

/* True in a vfork child, and in any process that shares the noted process's memory: such a process
 * has descriptors of its own, but no memory of its own.  One system call. */
bool process_is_vfork_child(void);

/* The calling thread's gettid(2).  The kernel is asked once in each thread of each process. */
pid_t process_tid(void);

/* For findings: this process's name, its parent's pid, and the name of this end of the connection
 * `fd`; 0: not known. */
void process_name(char comm[16]);
pid_t process_parent_pid(void);
socklen_t process_local_address(int fd, struct sockaddr_storage *address);

/* True when this process was born more than a second ago.  process.shared must not be NULL. */
bool process_is_old(void);

/* True when this process's parent is one of the session and alive: this process is not the last one
 * then.  False says nothing.  At most one system call. */
bool process_parent_is_here(void);

/* True when the parent, which is still there, is being killed, and so will not look whether it is
 * the last process.  In a process that has entered. */
bool process_parent_is_killed(void);

/* The same question for a process that has not entered, without a system call: true when the parent
 * has marked its end. */
bool process_parent_has_left(void);

/* process_note_heir() is called before the exec of a program that cannot open the session's
 * registry: notes in whose directory the program will begin a registry (heir_uid).
 * process_has_no_heir() is called when that exec has failed. */
void process_note_heir(void);
void process_has_no_heir(void);

/* Called at exit: marks this process as ended in the registry, also when it has not entered. */
void process_leave(void);

/* Called in the child that daemon() has made.  The parent ended inside libc, so the child marks the
 * parent as ended, and counts the fork and the process in the parent's place. */
void process_daemonized(void);

#endif
