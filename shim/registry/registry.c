/* SPDX-License-Identifier: MIT */
/*
 * Slots of the shared registry: claim, publish, reclaim, liveness.
 *
 * Writers: any process of the session, at once.  A slot belongs to whoever moved its state word
 * to BUSY by compare-exchange, until it publishes it.  Nothing here waits for another process: a
 * slot left BUSY by a dead one is taken over when its claimer is seen dead.
 *
 * See include/forksan/registry.h for the layout and what a SIGKILL leaves behind; joining and
 * naming the file is file.c.
 */
#include "registry/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>

#include "base/sys.h"
#include "common/liveness.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14, madvise(2) */
#endif

#define NS_PER_SECOND UINT64_C(1000000000)

struct registry *registry_mapping;
uint64_t registry_pid_namespace;

/* Kernels before 5.14 know no MADV_POPULATE_WRITE.  There a write by the kernel on our behalf tells
 * the same: process_vm_writev(2) answers EFAULT where a store would raise SIGBUS. */
static int populate_by_copy(uintptr_t start, uintptr_t end, size_t page_bytes)
{
	for (uintptr_t page = start; page < end; page += page_bytes) {
		uint8_t byte;
		struct iovec here = {(void *)page, 1};
		struct iovec local = {&byte, 1};
		long self = sys_getpid();
		long result = sys_call(SYS_process_vm_readv, self, (long)(uintptr_t)&local, 1,
				       (long)(uintptr_t)&here, 1, 0);

		if (result == 1)
			result = sys_call(SYS_process_vm_writev, self, (long)(uintptr_t)&local, 1,
					  (long)(uintptr_t)&here, 1, 0);
		if (result != 1)
			return result < 0 ? (int)result : -EFAULT;
	}
	return 0;
}

int registry_populate(const void *start, size_t len_bytes)
{
	const uintptr_t page_bytes = 4096;
	uintptr_t first = (uintptr_t)start & ~(page_bytes - 1);
	uintptr_t end = ((uintptr_t)start + len_bytes + page_bytes - 1) & ~(page_bytes - 1);
	long result = sys_madvise((void *)first, end - first, MADV_POPULATE_WRITE);

	if (result == -EINVAL)
		return populate_by_copy(first, end, page_bytes);
	return (int)result;
}

/* --- processes --------------------------------------------------------------------------- */

struct process_slot registry_process_slot(const struct registry_process *process)
{
	return (struct process_slot){(uint32_t)(process - registry_mapping->processes)};
}

static bool pid_exists(pid_t pid)
{
	return sys_kill(pid, 0) != -ESRCH;
}

void registry_forget_holds(struct registry_process *process)
{
	/* Words that mean nothing are zero.  Killed in here: the next claimer clears again. */
	for (uint32_t i = 0; i < load_relaxed(&process->hold_words); i++)
		store_relaxed(&registry_mapping->holds[registry_process_slot(process).n][i], 0);
	store_release(&process->hold_words, 0);
}

/* Takes the slot when it is free, or its process is over.  Leaves it BUSY. */
static bool take_process_slot(struct registry_process *process, pid_t pid)
{
	uint32_t word = load_acquire(&process->state);

	switch ((enum registry_process_state)(word & 0xff)) {
	case PROCESS_FREE:
	case PROCESS_EXITED:
		break;
	case PROCESS_BUSY:
		if (pid_exists((pid_t)(word >> 8)))
			return false;
		break;
	case PROCESS_LIVE:
		if (registry_process_alive(process))
			return false;
		break;
	}
	if (!compare_exchange_acq_rel(&process->state, &word, (uint32_t)pid << 8 | PROCESS_BUSY))
		return false;
	store_release(&process->serial, 0);
	registry_forget_holds(process);
	return true;
}

struct registry_process *registry_claim_process(uint32_t *serial, pid_t pid)
{
	struct registry *registry = registry_mapping;

	for (uint32_t tries = 0; tries < FORKSAN_MAX_PROCESSES; tries++) {
		uint32_t next = fetch_add_relaxed(&registry->header.next_serial, 1) + 1;
		struct registry_process *process;

		/* Serials are 31 bits (lineage.h).  The counter is held at its end, so that it
		 * never starts again from 0. */
		if (next >= INT32_MAX) {
			store_relaxed(&registry->header.next_serial, INT32_MAX);
			return NULL;
		}
		process = &registry->processes[next % FORKSAN_MAX_PROCESSES];
		if (!take_process_slot(process, pid))
			continue;
		raise_at_least(&registry->header.process_high,
			       registry_process_slot(process).n + 1);
		*serial = next;
		return process;
	}
	return NULL;
}

void registry_publish_process(struct registry_process *process, pid_t pid)
{
	uint32_t word = load_relaxed(&process->state);

	store_relaxed(&process->pid, pid);
	/* Parent and child may both publish; either may come after the child's end. */
	if ((word & 0xff) == PROCESS_BUSY)
		compare_exchange_acq_rel(&process->state, &word, PROCESS_LIVE);
}

void registry_abandon_process(struct registry_process *process)
{
	store_release(&process->serial, 0);
	store_release(&process->state, PROCESS_FREE);
}

void registry_retire_process(struct registry_process *process)
{
	uint32_t live = PROCESS_LIVE;

	compare_exchange_acq_rel(&process->state, &live, PROCESS_EXITED);
}

struct registry_process *registry_find_process(uint32_t serial)
{
	struct registry_process *process;

	if (serial == 0)
		return NULL;
	process = &registry_mapping->processes[serial % FORKSAN_MAX_PROCESSES];
	return load_acquire(&process->serial) == serial ? process : NULL;
}

bool registry_knows_pids_of(uint64_t pid_namespace)
{
	return liveness_same_namespace(pid_namespace, registry_pid_namespace);
}

struct registry_process *registry_find_pid(pid_t pid)
{
	uint32_t high = load_relaxed(&registry_mapping->header.process_high);

	for (uint32_t i = 0; i < high && i < FORKSAN_MAX_PROCESSES; i++) {
		struct registry_process *process = &registry_mapping->processes[i];

		if (load_acquire(&process->state) == PROCESS_LIVE &&
		    load_relaxed(&process->pid) == pid &&
		    registry_knows_pids_of(load_relaxed(&process->pid_namespace)) &&
		    registry_process_alive(process))
			return process;
	}
	return NULL;
}

bool registry_has_announced(uint32_t parent_serial)
{
	uint32_t high = load_acquire(&registry_mapping->header.process_high);

	for (uint32_t i = 0; i < high && i < FORKSAN_MAX_PROCESSES; i++) {
		const struct registry_process *process = &registry_mapping->processes[i];

		if (liveness_is_announced(process, load_acquire(&process->state)) &&
		    process->parent_serial == parent_serial)
			return true;
	}
	return false;
}

/* Appends the decimal digits of `value` at `out`; returns their number. */
static size_t put_decimal(char *out, uint32_t value)
{
	char digits[10];
	size_t n = 0;
	size_t len;

	do {
		digits[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	len = n;
	while (n > 0)
		*out++ = digits[--n];
	return len;
}

/* The content of /proc/PID/stat; returns its length, 0 when it cannot be read. */
static size_t read_stat(pid_t pid, char out[LIVENESS_STAT_BYTES])
{
	char path[32] = "/proc/";
	size_t len = 6 + put_decimal(path + 6, (uint32_t)pid);
	long fd;
	long n;

	memcpy(path + len, "/stat", sizeof "/stat");
	fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	n = sys_read((int)fd, out, LIVENESS_STAT_BYTES);
	sys_close((int)fd);
	return n > 0 ? (size_t)n : 0;
}

bool registry_process_alive(const struct registry_process *process)
{
	struct liveness_claim claim = liveness_claim(process);
	char stat[LIVENESS_STAT_BYTES];
	size_t len;

	if (claim.pid == 0)
		return false;
	if (!registry_knows_pids_of(claim.pid_namespace))
		return true;
	if (!pid_exists(claim.pid))
		return false;
	len = read_stat(claim.pid, stat);
	return liveness_stat_agrees(&claim, stat, len) && (len > 0 || pid_exists(claim.pid));
}

/* --- sockets ----------------------------------------------------------------------------- */

/* Whom the others take for alive: the slot's word alone, no question to the kernel. */
static bool process_says_it_lives(const struct registry_process *process)
{
	uint32_t state = load_acquire(&process->state);

	return state == PROCESS_LIVE || liveness_is_announced(process, state);
}

/* What the process itself says: it may have been killed since. */
static bool process_says_it_holds(struct process_slot process_slot, struct socket_slot socket_slot)
{
	struct registry *registry = registry_mapping;
	struct registry_process *process = &registry->processes[process_slot.n];
	uint32_t word = socket_slot_word(socket_slot);

	return process_says_it_lives(process) && word < load_acquire(&process->hold_words) &&
	       (load_acquire(&registry->holds[process_slot.n][word]) &
		socket_slot_bit(socket_slot)) != 0;
}

static bool held_by_anyone(struct socket_slot slot)
{
	struct registry *registry = registry_mapping;
	uint32_t high = load_acquire(&registry->header.process_high);

	for (uint32_t p = 0; p < high && p < FORKSAN_MAX_PROCESSES; p++)
		if (process_says_it_holds((struct process_slot){p}, slot))
			return true;
	return false;
}

/* Words of 64 socket slots, as bits: those that no process says to hold. */
static uint64_t unheld(uint32_t word, uint32_t high)
{
	struct registry *registry = registry_mapping;
	uint64_t held = 0;

	for (uint32_t p = 0; p < high && held != UINT64_MAX; p++)
		if (process_says_it_lives(&registry->processes[p]) &&
		    word < load_acquire(&registry->processes[p].hold_words))
			held |= load_acquire(&registry->holds[p][word]);
	return ~held;
}

/* Frees what dead processes left behind.  Each process is asked about once, and at most once a
 * second in the whole session: with a full table every connect() comes here, and asking the kernel
 * about each slot's holder was seen to take 0.3 s.  False: nothing was freed. */
static bool reclaim_sockets(void)
{
	struct registry *registry = registry_mapping;
	uint64_t now = sys_clock_ns(CLOCK_MONOTONIC);
	uint64_t after = load_relaxed(&registry->header.reclaim_after_ns);
	uint32_t high = load_acquire(&registry->header.process_high);
	bool freed = false;

	if (now < after || !compare_exchange_acq_rel(&registry->header.reclaim_after_ns, &after,
						     now + NS_PER_SECOND))
		return false;
	if (high > FORKSAN_MAX_PROCESSES)
		high = FORKSAN_MAX_PROCESSES;
	for (uint32_t p = 0; p < high; p++)
		if (load_acquire(&registry->processes[p].state) == PROCESS_LIVE &&
		    !registry_process_alive(&registry->processes[p]))
			registry_retire_process(&registry->processes[p]);
	for (uint32_t word = 0; word < FORKSAN_HOLD_WORDS; word++)
		for (uint64_t bits = unheld(word, high); bits != 0; bits &= bits - 1) {
			uint32_t slot = word * 64 + (uint32_t)__builtin_ctzll(bits);
			uint32_t state = load_acquire(&registry->socket_state[slot]);

			if ((state & 0xff) == SOCKET_LIVE &&
			    compare_exchange_acq_rel(&registry->socket_state[slot], &state,
						     ((state >> 8) + 1) << 8 | SOCKET_FREE))
				freed = true;
		}
	return freed;
}

/* Claims the first free slot from `from` on. */
static bool claim_from(uint32_t from, struct socket_slot *slot)
{
	struct registry *registry = registry_mapping;

	for (uint32_t i = from; i < FORKSAN_MAX_SOCKETS; i++) {
		struct registry_socket *socket = &registry->sockets[i];
		uint32_t word = load_acquire(&registry->socket_state[i]);

		if ((word & 0xff) != SOCKET_FREE)
			continue;
		if (registry_populate(socket, sizeof *socket) != 0)
			return false;
		if (!compare_exchange_acq_rel(&registry->socket_state[i], &word,
					      ((word >> 8) + 1) << 8 | SOCKET_BUSY))
			continue;
		memset(socket, 0, sizeof *socket);
		raise_at_least(&registry->header.socket_high, i + 1);
		store_relaxed(&registry->header.socket_hint, i + 1);
		*slot = (struct socket_slot){i};
		return true;
	}
	return false;
}

bool registry_claim_socket(struct socket_slot *slot)
{
	return claim_from(load_relaxed(&registry_mapping->header.socket_hint), slot) ||
	       claim_from(0, slot) || (reclaim_sockets() && claim_from(0, slot));
}

void registry_publish_socket(struct socket_slot slot)
{
	uint32_t word = load_relaxed(&registry_mapping->socket_state[slot.n]);

	store_release(&registry_mapping->socket_state[slot.n],
		      (word & ~UINT32_C(0xff)) | SOCKET_LIVE);
}

void registry_release_socket(struct socket_slot slot, uint32_t generation)
{
	struct registry *registry = registry_mapping;
	uint32_t live = generation << 8 | SOCKET_LIVE;
	uint32_t hint;

	/* Our own bit was cleared before: either this scan sees the bit of a process that tells its
	 * holds late (made by a raw clone), or that process sees the generation change
	 * (fdtable_publish_holds). */
	atomic_thread_fence(memory_order_seq_cst);
	if (held_by_anyone(slot))
		return;
	/* A message holds it.  One that is never received leaves the slot to be reclaimed. */
	if (load_acquire(&registry->sockets[slot.n].flags) & SOCKET_IN_MESSAGE)
		return;
	if (!compare_exchange_acq_rel(&registry->socket_state[slot.n], &live,
				      (generation + 1) << 8 | SOCKET_FREE))
		return;
	hint = load_relaxed(&registry->header.socket_hint);
	while (slot.n < hint &&
	       !compare_exchange_acq_rel(&registry->header.socket_hint, &hint, slot.n))
		;
}

bool registry_find_socket(uint64_t cookie, struct socket_slot *slot)
{
	struct registry *registry = registry_mapping;
	uint32_t high = load_acquire(&registry->header.socket_high);

	for (uint32_t i = 0; i < high && i < FORKSAN_MAX_SOCKETS; i++) {
		uint32_t word = load_acquire(&registry->socket_state[i]);

		if ((word & 0xff) != SOCKET_LIVE || registry->sockets[i].cookie != cookie)
			continue;
		if (load_acquire(&registry->socket_state[i]) != word)
			continue;
		*slot = (struct socket_slot){i};
		return true;
	}
	return false;
}

/* --- who holds what ---------------------------------------------------------------------- */

/* Makes the first `wanted` words of the process's row usable. */
static bool grow_holds(struct process_slot process_slot, uint32_t wanted)
{
	_Atomic uint32_t *hold_words = &registry_mapping->processes[process_slot.n].hold_words;

	if (load_relaxed(hold_words) >= wanted)
		return true;
	if (registry_populate(registry_mapping->holds[process_slot.n], wanted * sizeof(uint64_t)) !=
	    0)
		return false;
	raise_at_least(hold_words, wanted);
	return true;
}

bool registry_hold(struct process_slot process_slot, struct socket_slot socket_slot)
{
	if (!grow_holds(process_slot, socket_slot_word(socket_slot) + 1))
		return false;
	fetch_or_relaxed(&registry_mapping->holds[process_slot.n][socket_slot_word(socket_slot)],
			 socket_slot_bit(socket_slot));
	return true;
}

bool registry_hold_all(struct process_slot process_slot, const _Atomic uint64_t *words,
		       uint32_t count)
{
	if (count == 0)
		return true;
	if (!grow_holds(process_slot, count))
		return false;
	for (uint32_t i = 0; i < count; i++)
		store_relaxed(&registry_mapping->holds[process_slot.n][i], load_relaxed(&words[i]));
	atomic_thread_fence(memory_order_seq_cst); /* see registry_release_socket() */
	return true;
}

void registry_let_go(struct process_slot process_slot, struct socket_slot socket_slot)
{
	if (socket_slot_word(socket_slot) >=
	    load_relaxed(&registry_mapping->processes[process_slot.n].hold_words))
		return;
	fetch_and_relaxed(&registry_mapping->holds[process_slot.n][socket_slot_word(socket_slot)],
			  ~socket_slot_bit(socket_slot));
}

struct registry_process *registry_other_holder(struct socket_slot socket_slot,
					       const struct registry_process *self)
{
	struct registry *registry = registry_mapping;
	uint32_t high = load_acquire(&registry->header.process_high);

	for (uint32_t p = 0; p < high && p < FORKSAN_MAX_PROCESSES; p++) {
		struct registry_process *process = &registry->processes[p];

		if (process == self ||
		    !process_says_it_holds((struct process_slot){p}, socket_slot))
			continue;
		if (registry_process_alive(process))
			return process;
		registry_retire_process(process);
	}
	return NULL;
}

bool registry_process_holds(const struct registry_process *process, struct socket_slot socket_slot)
{
	return process_says_it_holds(registry_process_slot(process), socket_slot) &&
	       registry_process_alive(process);
}

bool registry_others_alive(const struct registry_process *self)
{
	struct registry *registry = registry_mapping;
	uint32_t high = load_acquire(&registry->header.process_high);

	for (uint32_t p = 0; p < high && p < FORKSAN_MAX_PROCESSES; p++)
		if (&registry->processes[p] != self &&
		    registry_process_alive(&registry->processes[p]))
			return true;
	return false;
}
