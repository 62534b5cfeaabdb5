/* SPDX-License-Identifier: MIT */
/*
 * A fork, as the wrappers and the handlers of pthread_atfork() see it.
 *
 *   parent                               child
 *   process_before_fork(): claims and
 *     fills the child's slot, BUSY
 *   fork ----------------------------->  atfork handler, or process_after_fork(0): notes the pid
 *   process_after_fork(pid): LIVE,         and the serial in the wiped page
 *     next epoch                         first call that matters: process_enter() (enter.c)
 *
 * The child's pid is noted before any code of the host runs, so a vfork child in the new process's
 * memory is never taken for the new process: a process enters only when its pid is the noted one.
 */
#include "process/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "common/liveness.h"
#include "process/fdtable.h"

/* The serial that this thread has announced for the child that it is forking, where
 * process.announcements had no place; 0: no fork is under way. */
static __thread struct serial announced;

/* The serial under which this process was born, in the thread that came out of the fork: the copy
 * of the announcement is used up.  A word of the thread's own, whose page the kernel has written
 * already. */
static __thread struct serial born_as;

/* The place of this thread's announcement; NULL: there is none, and with `claims` none is free. */
FORKSAN_IN_EACH_CHILD static struct announcement *find_announcement(bool claims)
{
	const uintptr_t self = (uintptr_t)&announced; /* no other thread has this address */

	for (size_t i = 0; i < PROCESS_ANNOUNCEMENTS; i++)
		if (load_relaxed(&process.announcements[i].thread) == self)
			return &process.announcements[i];
	for (size_t i = 0; claims && i < PROCESS_ANNOUNCEMENTS; i++) {
		uintptr_t nobody = 0;

		if (compare_exchange_acq_rel(&process.announcements[i].thread, &nobody, self))
			return &process.announcements[i];
	}
	return NULL;
}

/* Two threads may fork at once; each child looks for the announcement of the thread that forked.
 * After a fork by a signal handler that interrupted a fork the former one is restored (struct
 * process_fork). */
static void note_announced(struct serial child)
{
	struct announcement *place = find_announcement(child.n != 0);

	if (place) {
		store_relaxed(&place->child, child.n);
		if (child.n == 0)
			store_release(&place->thread, 0);
		child.n = 0;
	}
	if (!serial_is(announced, child))
		announced = child;
}

FORKSAN_IN_EACH_CHILD static struct serial find_announced(void)
{
	const struct announcement *place = find_announcement(false);
	struct serial child = announced;

	if (place)
		child.n = load_relaxed(&place->child);
	if (serial_is(child, born_as))
		child.n = 0;
	return child;
}

void process_leaves_pid_namespace(void)
{
	/* A new process whose first act this is takes its place before: taking the place answers
	 * the flag of the parent, and this one is for the children. */
	process_enter();
	if (!process.leaves_pid_namespace)
		registry_note_proc();
	process.leaves_pid_namespace = true;
}

/* Claims and fills the slot of the child that this process will fork.  0: no slot is free. */
static struct serial announce(void)
{
	struct lineage_use self = lineage_unpack(process_mine());
	struct registry_process *slot;
	struct serial serial;

	slot = registry_claim_process(&serial, process.pid);
	if (!slot) {
		registry_count(LOST_PROCESSES);
		return (struct serial){0};
	}
	process_fill_slot(slot, serial, self, process.pid);
	fetch_or_relaxed(&process.shared->family, FAMILY_HAS_CHILDREN);
	/* Another thread may have marked the end of this process, and missed the child. */
	atomic_thread_fence(memory_order_seq_cst);
	if (load_relaxed(&process.shared->state) != PROCESS_LIVE)
		fetch_or_relaxed(&slot->family, FAMILY_PARENT_LEFT);
	process.forked_boottime_ns = slot->born_boottime_ns;
	fdtable_copy_holds(registry_process_slot(slot));
	return serial;
}

FORKSAN_AT_START const char *process_single_threaded;

/* The links of the directory of a process's threads, "." and ".." among them, are two more than the
 * threads (proc(5)).  0: not known. */
static uint32_t count_threads(void)
{
	struct stat stat = {.st_nlink = 2};

	if (process_single_threaded && *process_single_threaded)
		return 1;
	sys_fstatat(AT_FDCWD, "/proc/self/task", &stat, 0);
	return stat.st_nlink > 2 ? (uint32_t)stat.st_nlink - 2 : 0;
}

void process_before_fork(struct process_fork *fork)
{
	int saved_errno = errno;
	bool entered = process_enter(); /* forgets what the parent's other threads had announced */

	*fork = (struct process_fork){.interrupted = find_announced()};
	if (entered) {
		process.fork_stack.n = 0;
		process.fork_threads = 0;
		if (!fdtable_is_empty()) {
			process.fork_stack = stack_take();
			process.fork_threads = count_threads();
		}
		fork->forker = process.lineage.self.serial;
		fork->child = announce();
	}
	note_announced(fork->child);
	if (errno != saved_errno) /* a write after each fork costs a fault */
		errno = saved_errno;
}

/* Called in the new process, by the thread that came out of the fork, before the host's code runs.
 * Only the first call in a process does something.  Without process.shared no system call is made,
 * since the process may be in a sandbox. */
FORKSAN_IN_EACH_CHILD static void note_birth(struct serial serial)
{
	pid_t pid, noted = 0;

	/* The page is new to this process.  An access that may write costs one fault, a read before
	 * a write two. */
	compare_exchange_acq_rel(&wiped.process.pid, &noted, 0);
	if (!process.shared || (noted != 0 && process_mine() == 0))
		return;
	pid = (pid_t)sys_getpid();
	if (noted == pid)
		return;
	if (noted != 0)
		wiped_clear(); /* the kernel did not wipe */
	store_relaxed(&wiped.process.announced, serial.n);
	store_release(&wiped.process.pid, pid);
	/* The parent has published a pid of another namespace, or cannot know by which pid the
	 * world outside sees this process.  The first process of a namespace is known by its pid,
	 * also when no call was seen that made the namespace. */
	if (process.leaves_pid_namespace || process.in_inner_namespace || pid == 1)
		process_enter();
}

/* True in the child of a signal handler that forked while its thread was forking: this process
 * comes out of a fork that its parent began, and for which its parent announced a child. */
static bool began_in_another_process(const struct process_fork *fork)
{
	return !serial_is(fork->forker, process.lineage.self.serial);
}

FORKSAN_IN_EACH_CHILD static void after_fork_in_child(const struct process_fork *fork)
{
	note_birth(fork->child);
	born_as = fork->child;
	/* The interrupted fork goes on in this process too, and makes a child of this process. */
	if (fork->interrupted.n != 0)
		process_enter();
}

FORKSAN_IN_EACH_CHILD void process_after_fork(const struct process_fork *fork, pid_t pid)
{
	struct serial interrupted = fork->interrupted;
	struct registry_process *slot;

	if (pid == 0) {
		after_fork_in_child(fork);
		return;
	}
	if (began_in_another_process(fork))
		interrupted.n = 0;
	note_announced(interrupted);
	if (process_mine() == 0 || process_mine() == PROCESS_UNWATCHED)
		return;
	if (pid > 0)
		process_next_epoch();
	/* The announced child is the other process's.  The child made here counts itself. */
	if (began_in_another_process(fork))
		return;
	slot = registry_find_process(fork->child);
	if (pid > 0) {
		registry_count(COUNT_FORKS);
		registry_count(COUNT_PROCESSES);
		if (slot) {
			uint64_t unknown = 0;

			compare_exchange_acq_rel(&slot->seen_outside, &unknown,
						 liveness_pack_outside(process.pid_namespace, pid));
			registry_publish_process(slot, pid);
		}
	} else if (slot) {
		registry_abandon_process(slot);
	}
}

void process_atfork_parent(void)
{
	if (process_mine() != 0 && process_mine() != PROCESS_UNWATCHED)
		process_next_epoch();
}

FORKSAN_IN_EACH_CHILD void process_atfork_child(void)
{
	note_birth(find_announced());
}

void process_daemonized(void)
{
	struct registry_process *parent;

	if (!process_enter())
		return;
	registry_count(COUNT_FORKS);
	registry_count(COUNT_PROCESSES);
	parent = registry_find_process(process.shared->parent_serial);
	if (!parent)
		return;
	registry_retire_process(parent);
	registry_leave_children(parent);
}
