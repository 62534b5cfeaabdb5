/* SPDX-License-Identifier: MIT */
/*
 * This process's identity.  See process.h for how forks are noticed.
 *
 * `process` is ordinary memory, copied by fork: in a child that has not entered yet `process` still
 * describes the parent as it was at the fork, which is just what lineage_fork() needs.  Only the
 * thread that enters or forks writes to `process`; other threads read words that are stable by
 * then, or the atomic `mine`.
 *
 *   parent                               child
 *   process_before_fork(): claims and
 *     fills the child's slot, BUSY
 *   fork ----------------------------->  atfork handler, or process_after_fork(0): notes the pid
 *   process_after_fork(pid): LIVE,         and the serial in the wiped page
 *     next epoch                         first call that matters: process_enter()
 *
 * The child's pid is noted before any code of the host runs, so a vfork child in the new process's
 * memory is never taken for the new process: a process enters only when its pid is the noted one.
 */
#include "process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#include "process/fdtable.h"
#include "base/sys.h"
#include "common/liveness.h"

/* On one page: see struct announcement. */
FORKSAN_AT_START _Alignas(1024) struct process process;
_Static_assert(sizeof process <= 1024, "one page");

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

static void set_mine(uint64_t word)
{
	store_release(&wiped.process.mine, word);
}

/* Notes the place of this process in the session; NULL: no place. */
static void set_shared(struct registry_process *shared)
{
	process.shared = shared;
	if (shared)
		fdtable_hold_for(registry_process_slot(shared));
	else
		fdtable_hold_for_nobody();
}

static void next_epoch(void)
{
	struct lineage_use next = lineage_unpack(process_mine());

	next.epoch = lineage_next_epoch(next.epoch);
	/* Before the word: a child whose memory has a use of this epoch has the epoch too. */
	process.lineage.self.epoch = next.epoch;
	store_relaxed(&process.shared->epoch, next.epoch);
	set_mine(lineage_pack(next));
}

/* Fills a claimed slot for a process whose parent is `parent`. */
static void fill_slot(struct registry_process *slot, struct serial serial,
		      struct lineage_use parent, pid_t parent_pid)
{
	store_relaxed(&slot->pid, 0);
	store_relaxed(&slot->epoch, 0);
	store_relaxed(&slot->heir_uid, 0);
	store_relaxed(&slot->seen_outside, 0);
	store_relaxed(&slot->first_seen_outside,
		      process.shared ? liveness_first_of(process.shared) : 0);
	store_relaxed(&slot->through, THROUGH_UNKNOWN);
	store_relaxed(&slot->family, 0);
	slot->parent_serial = parent.serial;
	slot->parent_epoch = parent.epoch;
	slot->parent_pid = parent_pid;
	store_relaxed(&slot->pid_namespace, process.pid_namespace);
	store_relaxed(&slot->fork_stack, process.fork_stack.n);
	store_relaxed(&slot->parent_threads, process.fork_threads);
	slot->born_boottime_ns = sys_clock_ns(CLOCK_BOOTTIME);
	slot->boot_realtime_ns = registry_boot_realtime_ns();
	sys_call(SYS_prctl, PR_GET_NAME, (long)(uintptr_t)slot->comm, 0, 0, 0, 0);
	store_release(&slot->serial, serial.n);
}

/* The inode in the link's text, "pid:[4026531836]" (namespaces(7)). */
static uint64_t read_pid_namespace(void)
{
	char text[32];
	uint64_t inode = 0;
	long n = sys_readlink("/proc/self/ns/pid", text, sizeof text);

	for (long i = 0; i < n; i++)
		if (text[i] >= '0' && text[i] <= '9')
			inode = inode * 10 + (uint64_t)(text[i] - '0');
	return inode;
}

/* --- the start of a program ------------------------------------------------------------------- */

/* Fills the ancestors of a program, whose memory knows none, from what the registry knows. */
static void recall_ancestors(struct lineage_use parent)
{
	struct lineage_process *lineage = &process.lineage;
	const struct registry_process *found;

	lineage->ancestor_count = 0;
	while (parent.serial.n != 0 && lineage->ancestor_count < FORKSAN_MAX_ANCESTORS) {
		lineage->ancestors[lineage->ancestor_count++] = parent;
		found = registry_find_process(parent.serial);
		if (!found)
			break;
		parent = (struct lineage_use){found->parent_serial, found->parent_epoch};
	}
	lineage->ancestors_forgotten = parent.serial.n != 0;
}

/* exec keeps the pid: the program that ran here before has a slot already.  The new program goes on
 * with that slot's serial, epoch and ancestors; track_adopt() finds the connections that came
 * through the exec. */
static void take_over(struct registry_process *before)
{
	process.lineage.self = (struct lineage_use){
		registry_process_serial(before), lineage_next_epoch(load_relaxed(&before->epoch))};
	store_relaxed(&before->epoch, process.lineage.self.epoch);
	recall_ancestors((struct lineage_use){before->parent_serial, before->parent_epoch});
	sys_call(SYS_prctl, PR_GET_NAME, (long)(uintptr_t)before->comm, 0, 0, 0, 0);
	store_relaxed(&before->through, THROUGH_UNASKED); /* until process_has_asked() */
	atomic_thread_fence(memory_order_seq_cst);
	registry_forget_holds(before);
	if (liveness_first_of(before) != 0) {
		registry_note_proc_of(load_relaxed(&before->seen_outside));
		process.in_inner_namespace = true;
	}
	set_shared(before);
}

/* A program that posix_spawn() has started may enter itself while its starter announces it.  Of the
 * two slots the one in which the program has entered itself stays: called by the program after it
 * has published that slot.  The starter's epoch is that of the announcement: the program may have
 * read the next one already. */
static void retire_doubles(struct registry_process *slot)
{
	struct registry_process *other;

	atomic_thread_fence(memory_order_seq_cst);
	while ((other = registry_find_double(slot)) != NULL) {
		if (serial_is(other->parent_serial, slot->parent_serial) &&
		    other->parent_epoch < slot->parent_epoch)
			slot->parent_epoch = other->parent_epoch;
		registry_retire_process(other);
		registry_uncount(COUNT_PROCESSES);
	}
}

/* For a process without a slot: the session's first, or one started by vfork or posix_spawn and
 * exec, to which the parent's connections may have come although the parent's memory did not.
 * False: the table of processes is full. */
static bool claim_place(const struct registry_process *parent, pid_t parent_pid)
{
	struct lineage_use forker = {{0}, 0};
	struct registry_process *slot;
	struct serial serial;

	slot = registry_claim_process(&serial, process.pid);
	if (!slot) {
		registry_count(LOST_PROCESSES);
		return false;
	}
	if (parent)
		forker = (struct lineage_use){registry_process_serial(parent),
					      load_relaxed(&parent->epoch)};
	fill_slot(slot, serial, forker, parent_pid);
	if (parent)
		store_relaxed(&slot->first_seen_outside, liveness_first_of(parent));
	store_relaxed(&slot->through, THROUGH_UNASKED);
	registry_publish_process(slot, process.pid);
	retire_doubles(slot);
	recall_ancestors((struct lineage_use){forker.serial, slot->parent_epoch});
	process.lineage.self = (struct lineage_use){serial, 0};
	set_shared(slot);
	registry_count(COUNT_PROCESSES);
	return true;
}

void process_start(void)
{
	process.pid = (pid_t)sys_getpid();
	wiped_start();
	store_relaxed(&wiped.process.pid, process.pid);
	set_mine(PROCESS_UNWATCHED);
	process_settle();
}

int process_join(const char *session, enum registry_wish wish, bool *created)
{
	pid_t parent_pid = (pid_t)sys_getppid();
	struct registry_process *before;
	int result;

	/* A raw clone() of a process without a session may have made this one. */
	process.pid = (pid_t)sys_getpid();
	store_relaxed(&wiped.process.pid, process.pid);
	set_mine(PROCESS_UNWATCHED);
	process_settle();
	process.pid_namespace = registry_pid_namespace = read_pid_namespace();
	registry_look_at_proc();
	result = registry_join(session, wish, process.pid, parent_pid, created);
	if (result != 0)
		return result;
	before = *created ? NULL : registry_find_pid(process.pid);
	if (before && registry_process_serial(before).n != 0)
		take_over(before);
	else if (!claim_place(*created ? NULL : registry_find_pid(parent_pid), parent_pid))
		return 0;
	if (!*created && wish != REGISTRY_FIND_OWN)
		registry_count(COUNT_EXECS);
	set_mine(lineage_pack(process.lineage.self));
	return 0;
}

void process_has_asked(void)
{
	if (process.shared)
		store_release(&process.shared->through, THROUGH_UNKNOWN);
}

struct serial process_announce_program(pid_t pid)
{
	struct registry_process *slot;
	struct serial serial = {0};

	if (process_mine() == 0 || process_mine() == PROCESS_UNWATCHED)
		return serial;
	slot = registry_claim_process(&serial, process.pid);
	if (!slot) {
		registry_count(LOST_PROCESSES);
		return (struct serial){0};
	}
	fill_slot(slot, serial, lineage_unpack(process_mine()), process.pid);
	store_relaxed(&slot->fork_stack, 0);
	store_relaxed(&slot->through, fdtable_is_empty() ? THROUGH_NOTHING : THROUGH_PERHAPS);
	registry_count(COUNT_PROCESSES);
	registry_publish_process(slot, pid);
	atomic_thread_fence(memory_order_seq_cst);
	/* What this process does from here on the program's connections do not know. */
	next_epoch();
	if (!registry_find_double(slot))
		return serial;
	/* The program was faster, and has entered itself. */
	process_program_failed(serial);
	return (struct serial){0};
}

void process_program_failed(struct serial program)
{
	struct registry_process *slot = registry_find_process(program);

	if (slot && registry_retire_process(slot))
		registry_uncount(COUNT_PROCESSES);
}

/* --- forks ------------------------------------------------------------------------------------ */

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
	fill_slot(slot, serial, self, process.pid);
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
		next_epoch();
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
		next_epoch();
}

FORKSAN_IN_EACH_CHILD void process_atfork_child(void)
{
	note_birth(find_announced());
}

/* The parent wrote the birth by its own clock, which is another in another time namespace. */
static void note_clock(struct registry_process *slot)
{
	uint64_t boot_ns = registry_boot_realtime_ns();

	if (liveness_same_clock(slot->boot_realtime_ns, boot_ns))
		return;
	slot->born_boottime_ns = sys_clock_ns(CLOCK_BOOTTIME);
	slot->boot_realtime_ns = boot_ns;
}

/* Takes the slot that the parent has announced for this process.  NULL: there is no such slot. */
static struct registry_process *take_announced(struct lineage_use parent, struct serial *serial)
{
	struct registry_process *slot;

	*serial = (struct serial){load_relaxed(&wiped.process.announced)};
	slot = registry_find_process(*serial);
	if (!slot || !serial_is(slot->parent_serial, parent.serial))
		return NULL;
	if (process.pid_namespace != load_relaxed(&slot->pid_namespace)) {
		store_relaxed(&slot->pid_namespace, process.pid_namespace);
		store_relaxed(&slot->pid, process.pid);
		registry_note_pid(slot, process.pid);
	}
	note_clock(slot);
	registry_publish_process(slot, process.pid);
	return slot;
}

/* Claims a slot for a process that nobody announced: made by a raw clone(), or inside libc.  NULL:
 * the table of processes is full. */
static struct registry_process *claim_unannounced(struct lineage_use parent, struct serial *serial)
{
	struct registry_process *slot = registry_claim_process(serial, process.pid);

	if (!slot) {
		registry_count(LOST_PROCESSES);
		return NULL;
	}
	fill_slot(slot, *serial, parent, (pid_t)sys_getppid());
	registry_publish_process(slot, process.pid);
	registry_count(COUNT_FORKS);
	registry_count(COUNT_PROCESSES);
	fdtable_hold_for(registry_process_slot(slot));
	fdtable_publish_holds();
	return slot;
}

/* Called in a new process that may be in another pid namespace than its parent. */
static void note_namespace(void)
{
	uint64_t pid_namespace = read_pid_namespace();

	process.leaves_pid_namespace = false;
	if (pid_namespace != process.pid_namespace)
		process.in_inner_namespace = true;
	process.pid_namespace = registry_pid_namespace = pid_namespace;
}

/* process.lineage still is the parent's, with the epoch at the very moment of the fork: another
 * thread of the parent may have begun an epoch since the child was announced.  False: the process
 * has no place. */
static bool take_place(void)
{
	bool is_announced = load_relaxed(&wiped.process.announced) != 0;
	struct registry_process *slot;
	struct serial serial;
	uint64_t outside;

	if (!process.shared || !registry_get())
		return false;
	process.pid = load_relaxed(&wiped.process.pid);
	if (process.pid == 0)
		process.pid = (pid_t)sys_getpid();
	store_relaxed(&wiped.process.pid, process.pid);
	if (process.leaves_pid_namespace || process.pid == 1 || !is_announced)
		note_namespace();
	slot = take_announced(process.lineage.self, &serial);
	if (!slot)
		slot = claim_unannounced(process.lineage.self, &serial);
	set_shared(slot);
	if (!slot)
		return false;
	if (process.in_inner_namespace && (outside = registry_seen_in_proc()) != 0)
		store_relaxed(&slot->seen_outside, outside);
	slot->parent_epoch = process.lineage.self.epoch;
	lineage_fork(&process.lineage, serial, &process.lineage);
	return true;
}

static void enter(void)
{
	bool placed = take_place();

	/* Those of the parent's threads. */
	for (size_t i = 0; i < PROCESS_ANNOUNCEMENTS; i++)
		store_relaxed(&process.announcements[i].thread, 0);
	if (!placed || fdtable_is_empty())
		process_settle();
	set_mine(placed ? lineage_pack(process.lineage.self) : PROCESS_UNWATCHED);
}

/* A sandbox whose entry was not seen may refuse even getpid(): a refusal is taken for the noted
 * pid. */
FORKSAN_IN_EACH_CHILD static bool has_pid(pid_t noted)
{
	long pid = sys_getpid();

	return pid < 0 || pid == noted;
}

/* False in a vfork child of a new process that has not entered: the vfork child runs in that
 * process's memory, and would enter in that process's place. */
static bool is_memory_ours(void)
{
	pid_t noted = load_acquire(&wiped.process.pid);
	pid_t parent;

	if (!process.shared)
		return true; /* no place to take, and perhaps a sandbox */
	if (noted != 0)
		return has_pid(noted);
	/* A raw clone() that nobody noticed.  `process` describes the parent of the memory's owner.
	 */
	parent = (pid_t)sys_getppid();
	return parent == process.pid || registry_parent_of(parent) != process.pid;
}

/* Called in a vfork child.  The program that the vfork child will exec looks for its parent, this
 * memory's owner, by pid.  The owner's own parent publishes that pid, but perhaps only later. */
static void publish_owner(void)
{
	struct serial announced_to_owner = {load_relaxed(&wiped.process.announced)};
	struct registry_process *slot = registry_find_process(announced_to_owner);

	if (slot)
		registry_publish_process(slot, load_relaxed(&wiped.process.pid));
}

/* *is_own: this call has found that the memory is this process's own. */
static bool enter_or_find(bool *is_own)
{
	static __thread bool entering; /* this thread is, which a signal handler interrupts */
	uint64_t mine = process_mine();

	*is_own = false;
	if (mine == 0) {
		uint32_t idle = 0;

		if (!is_memory_ours()) {
			publish_owner();
			return false;
		}
		*is_own = true;
		if (entering)
			return false;
		entering = true;
		if (compare_exchange_acq_rel(&wiped.process.entering, &idle, 1)) {
			if (process_mine() == 0)
				enter();
			store_release(&wiped.process.entering, 0);
		} else {
			/* What this thread did meanwhile would not be seen: a use would pass
			 * unjudged, a copy of a descriptor stay unknown. */
			sys_wait_for_zero(&wiped.process.entering);
		}
		entering = false;
		mine = process_mine();
	}
	return mine != 0 && mine != PROCESS_UNWATCHED;
}

bool process_enter(void)
{
	bool is_own;

	return enter_or_find(&is_own);
}

bool process_enter_own(void)
{
	bool is_own;

	return enter_or_find(&is_own) && (is_own || !process_is_vfork_child());
}

FORKSAN_AT_START static bool sandboxed;

bool process_is_sandboxed(void)
{
	return sandboxed;
}

void process_enter_sandbox(void)
{
	sandboxed = true;
	if (process_mine() == PROCESS_UNWATCHED || !registry_get())
		return;
	registry_count(LOST_SANDBOXED);
	set_mine(PROCESS_UNWATCHED);
	/* Forked children are in the sandbox too. */
	set_shared(NULL);
}

FORKSAN_IN_EACH_CHILD bool process_is_vfork_child(void)
{
	pid_t noted = load_relaxed(&wiped.process.pid);

	return noted != 0 && !has_pid(noted);
}

pid_t process_tid(void)
{
	static __thread pid_t tid;
	static __thread pid_t asked_in; /* the process then: a fork gives the thread another tid */
	pid_t pid = load_relaxed(&wiped.process.pid);

	if (asked_in != pid || pid == 0) {
		tid = (pid_t)sys_gettid();
		asked_in = pid;
	}
	return tid;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* By a system call: in a forked child that ends at once a call of the vdso would cost a fault,
 * which is more. */
FORKSAN_IN_EACH_CHILD static uint64_t boottime_ns(void)
{
	struct timespec now;

	if (sys_call(SYS_clock_gettime, CLOCK_BOOTTIME, (long)(uintptr_t)&now, 0, 0, 0, 0) != 0)
		return 0;
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

FORKSAN_IN_EACH_CHILD bool process_is_old(void)
{
	uint64_t born_ns =
		process_mine() == 0 ? process.forked_boottime_ns : process.shared->born_boottime_ns;

	return boottime_ns() - born_ns > UINT64_C(1000000000) &&
	       /* Else a time namespace of its own, and not entered yet. */
	       liveness_same_clock(process.shared->boot_realtime_ns, registry_boot_realtime_ns());
}

/* The slot of a child that has not entered, or NULL.  A child that ends touches no other page of
 * the registry: each would cost a fault.  The slot's page is new to the child, and an access that
 * may write costs one fault, a read before a write a dearer one. */
FORKSAN_IN_EACH_CHILD static struct registry_process *announced_slot(void)
{
	uint32_t serial = load_relaxed(&wiped.process.announced);
	struct registry_process *slot;

	if (serial == 0)
		return NULL;
	slot = registry_process((struct process_slot){serial % FORKSAN_MAX_PROCESSES});
	return slot && compare_exchange_acq_rel(&slot->serial, &serial, serial) ? slot : NULL;
}

FORKSAN_IN_EACH_CHILD bool process_parent_has_left(void)
{
	const struct registry_process *own = announced_slot();

	if (own)
		return (load_acquire(&own->family) & FAMILY_PARENT_LEFT) != 0;
	return !process.shared || load_acquire(&process.shared->state) != PROCESS_LIVE;
}

FORKSAN_IN_EACH_CHILD bool process_parent_is_here(void)
{
	const struct registry_process *parent;

	if (process_mine() == 0) /* `process` still is the parent's */
		return !process_parent_has_left() && sys_getppid() == process.pid;
	if (!process.shared || process.shared->parent_serial.n == 0)
		return false;
	parent = registry_find_process(process.shared->parent_serial);
	/* When a parent has ended the kernel gives its children to another process. */
	return parent && load_acquire(&parent->state) == PROCESS_LIVE &&
	       sys_getppid() == load_relaxed(&parent->pid);
}

void process_note_heir(void)
{
	long uid = sys_call(SYS_geteuid, 0, 0, 0, 0, 0, 0);

	if (process.shared && uid >= 0)
		store_relaxed(&process.shared->heir_uid, (uint32_t)uid + 1);
}

void process_has_no_heir(void)
{
	if (process.shared)
		store_relaxed(&process.shared->heir_uid, 0);
}

FORKSAN_IN_EACH_CHILD void process_leave(void)
{
	bool entered = process_mine() != 0;
	struct registry_process *slot = entered ? process.shared : announced_slot();

	if (slot && !entered) {
		registry_publish_process(slot, load_relaxed(&wiped.process.pid));
		registry_end_process(slot);
	} else if (slot) {
		registry_retire_process(slot);
		registry_leave_children(slot);
	}
	/* Processes that end at once: each marks its own slot before it looks at the others', so at
	 * least one of them finds that it is the last. */
	atomic_thread_fence(memory_order_seq_cst);
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
