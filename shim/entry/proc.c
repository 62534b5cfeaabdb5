/* SPDX-License-Identifier: MIT */
/*
 * Calls that begin and end processes.
 *
 * vfork() is in vfork.c.
 *
 * No lock is held while a call forks.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/syscall.h>

#include "entry/init.h"
#include "entry/real.h"
#include "report/report.h"
#include "track/track.h"

FORKSAN_IN_EACH_CHILD FORKSAN_EXPORT pid_t fork(void)
{
	struct process_fork under_way;
	pid_t pid;

	init_join();
	process_before_fork(&under_way);
	pid = REAL(fork)();
	process_after_fork(&under_way, pid);
	if (pid > 0)
		report_tick();
	return pid;
}

FORKSAN_EXPORT pid_t __fork(void) __attribute__((alias("fork"), nothrow));

/* Async-signal-safe, as _Fork() is to be: the same holds for forksan's work in the child. */
FORKSAN_EXPORT pid_t _Fork(void)
{
	struct process_fork under_way;
	pid_t pid;

	if (!REAL(_Fork)) {
		errno = ENOSYS;
		return -1;
	}
	init_join();
	process_before_fork(&under_way);
	pid = real._Fork();
	process_after_fork(&under_way, pid);
	return pid;
}

FORKSAN_EXPORT int daemon(int no_chdir, int no_close)
{
	struct process_fork under_way;
	int result;

	init_join();
	process_before_fork(&under_way);
	result = REAL(daemon)(no_chdir, no_close);
	/* The parent has ended inside daemon(): the child returns, or the caller when no child was
	 * made. */
	if (process_mine() == 0)
		process_daemonized();
	else
		process_after_fork(&under_way, -1);
	return result;
}

FORKSAN_EXPORT pid_t forkpty(int *master, char *name, const struct termios *term,
			     const struct winsize *size)
{
	struct process_fork under_way;
	pid_t pid;

	init_join();
	if (!REAL(forkpty)) {
		errno = ENOSYS;
		return -1;
	}
	process_before_fork(&under_way);
	pid = real.forkpty(master, name, term, size);
	process_after_fork(&under_way, pid);
	return pid;
}

/* The work of a child of clone(), read in the child's copy of the parent's memory. */
struct clone_start {
	struct process_fork under_way;
	int (*function)(void *);
	void *argument;
};

static int start_clone(void *argument)
{
	const struct clone_start *start = argument;

	process_after_fork(&start->under_way, 0);
	return start->function(start->argument);
}

/* With CLONE_VM the child is a thread, or a vfork child on another stack: libc's business.  With
 * CLONE_SETTLS forksan's thread-local words are not there in the child, which enters the session at
 * the first interposed call, as after a raw clone(). */
FORKSAN_EXPORT int clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
	struct clone_start start = {.function = function, .argument = argument};
	va_list list;
	void *parent_tid;
	void *tls;
	void *child_tid;
	int pid;

	va_start(list, argument);
	parent_tid = va_arg(list, void *);
	tls = va_arg(list, void *);
	child_tid = va_arg(list, void *);
	va_end(list);
	if ((flags & CLONE_THREAD) == 0)
		init_join();
	if ((flags & (CLONE_VM | CLONE_SETTLS)) != 0) {
		pid = REAL(clone)(function, stack, flags, argument, parent_tid, tls, child_tid);
		if ((flags & CLONE_VM) == 0 && pid > 0)
			process_atfork_parent();
		return pid;
	}
	if ((flags & (CLONE_NEWNS | CLONE_NEWUSER)) != 0)
		registry_map_rest();
	process_before_fork(&start.under_way);
	if ((flags & CLONE_NEWPID) != 0)
		process_leaves_pid_namespace();
	pid = REAL(clone)(start_clone, stack, flags, &start, parent_tid, tls, child_tid);
	process_after_fork(&start.under_way, pid);
	return pid;
}

/* Later children may live in another pid namespace, where the pids are not those of this one.  In a
 * mount namespace the registry's file may be out of sight, in a user namespace out of reach. */
FORKSAN_EXPORT int unshare(int flags)
{
	int result;

	init_join();
	if ((flags & (CLONE_NEWNS | CLONE_NEWUSER)) != 0)
		registry_map_rest();
	result = REAL(unshare)(flags);

	if (result == 0 && (flags & CLONE_NEWPID) != 0)
		process_leaves_pid_namespace();
	return result;
}

/* setns() with type 0 takes the type from the descriptor, so any may be any namespace. */
FORKSAN_EXPORT int setns(int fd, int type)
{
	int result;

	init_join();
	registry_map_rest();
	result = REAL(setns)(fd, type);

	if (result == 0 && (type == 0 || (type & CLONE_NEWPID) != 0))
		process_leaves_pid_namespace();
	return result;
}

FORKSAN_IN_EACH_CHILD FORKSAN_EXPORT void _exit(int status)
{
	init_leave();
	REAL(_exit)(status);
	__builtin_unreachable();
}

FORKSAN_EXPORT void _Exit(int status) __attribute__((alias("_exit")));

/* Runs at_quick_exit() handlers and no destructors. */
FORKSAN_EXPORT void quick_exit(int status)
{
	init_leave();
	REAL(quick_exit)(status);
	__builtin_unreachable();
}

/* True when the signal, sent by the calling thread to its own process, ends that process at once:
 * the default action is taken, and is to terminate (signal(7)), and the thread does not block the
 * signal. */
static bool is_deadly(int signal)
{
	struct sigaction action;
	sigset_t blocked;

	switch (signal) {
	case SIGCHLD:
	case SIGCONT:
	case SIGURG:
	case SIGWINCH:
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return false;
	default:
		return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_DFL &&
		       sigprocmask(SIG_BLOCK, NULL, &blocked) == 0 &&
		       sigismember(&blocked, signal) == 0;
	}
}

/* A program that was told to end often does so by the same signal, with its handler taken off, so
 * that its parent sees why: Ruby, CPython and the shells do.  No destructor runs then.  `to`: the
 * process; 0: this one.  The kernel spares the init of a pid namespace (pid_namespaces(7)). */
static void leave_by_signal(pid_t to, int signal)
{
	int saved_errno = errno;

	if (registry_get() && !process_is_sandboxed()) {
		pid_t self = (pid_t)sys_getpid();

		if ((to == 0 || to == self) && self != 1 && is_deadly(signal))
			init_leave();
	}
	errno = saved_errno;
}

FORKSAN_EXPORT int raise(int signal)
{
	leave_by_signal(0, signal);
	return REAL(raise)(signal);
}

/* Ours too comes here, in strict mode.  A handler runs first and may jump away (abort(3)): then the
 * process has not ended.  It does end where the signal is ignored or blocked. */
FORKSAN_EXPORT void abort(void)
{
	struct sigaction action;

	if (registry_get() && !process_is_sandboxed() && sigaction(SIGABRT, NULL, &action) == 0 &&
	    (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN))
		init_leave();
	REAL(abort)();
	__builtin_unreachable();
}

/* Signal 0 only asks whether there is such a process; pids below 1 are groups (kill(2)). */
FORKSAN_EXPORT int kill(pid_t pid, int signal)
{
	if (pid > 0 && signal > 0)
		leave_by_signal(pid, signal);
	return REAL(kill)(pid, signal);
}
