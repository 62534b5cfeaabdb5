/* SPDX-License-Identifier: MIT */
/*
 * See open_calls.h.
 *
 * wiped.track.open_calls[i]: the thread whose call stands in entry i; 0 free, BUSY while a thread
 * (or a signal handler of it) fills or ends the entry.
 */
#include "track/open_calls.h"

#include <errno.h>

#include "base/sys.h"
#include "base/wiped.h"
#include "track/thread_end.h"

#define BUSY UINT32_MAX

/* The stack grows down: of two calls of one thread whose frames are nearer than this, the call
 * below was left if the call above begins.  Frames that are farther apart may lie on different
 * stacks (sigaltstack(2), coroutines), and say nothing. */
#define SAME_STACK_BYTES (256 * 1024)

static struct open_call {
	const struct track_call *frame;
	struct socket_slot slot;
	uint32_t generation;
	struct serial serial;
	struct evidence *evidence;
	struct evidence_ticket ticket;
} open_calls[WIPED_OPEN_CALLS];

/* Entries of this thread: 0 makes any search needless. */
static __thread uint8_t own_count;
_Static_assert(WIPED_OPEN_CALLS <= UINT8_MAX, "own_count holds them all");

/* Ends entry i, whose state the caller has made BUSY. */
static void end(uint32_t i)
{
	const struct open_call *open = &open_calls[i];

	if (registry_socket_is(open->slot, open->generation))
		evidence_leave(open->evidence, open->ticket, open->serial);
	store_release(&wiped.track.open_calls[i], 0);
}

static bool take(uint32_t i, uint32_t tid)
{
	return compare_exchange_acq_rel(&wiped.track.open_calls[i], &tid, BUSY);
}

/* True when the frame of an older call of this thread is gone, since that frame lay below the frame
 * of a call that begins now. */
static bool was_left(const struct track_call *older, const struct track_call *now)
{
	uintptr_t below = (uintptr_t)older, above = (uintptr_t)now;

	return below <= above && above - below < SAME_STACK_BYTES;
}

/* The entries that are looked at: as many as this process ever had calls open at once. */
static uint32_t entries(void)
{
	return load_relaxed(&wiped.track.open_calls_high);
}

/* Ends those calls of this thread that were left when the call `now` begins; NULL: all of the
 * thread's calls. */
static void end_left(const struct track_call *now)
{
	uint32_t tid = (uint32_t)process_tid();
	uint8_t found = 0;

	for (uint32_t i = 0; i < entries(); i++) {
		if (load_acquire(&wiped.track.open_calls[i]) != tid)
			continue;
		if ((!now || was_left(open_calls[i].frame, now)) && take(i, tid))
			end(i);
		else
			found++;
	}
	own_count = found;
}

void open_calls_enter(struct track_call *call, struct evidence *evidence,
		      enum wire_direction direction)
{
	struct serial self = process.lineage.self.serial;

	if (own_count != 0)
		end_left(call);
	thread_end_note();
	call->ticket = evidence_enter(evidence, self, direction);
	call->inside = true;
	call->open = OPEN_CALLS_NO_ROOM;
	for (uint8_t i = 0; i < WIPED_OPEN_CALLS; i++) {
		if (load_relaxed(&wiped.track.open_calls[i]) != 0 || !take(i, 0))
			continue;
		open_calls[i] = (struct open_call){call, call->slot, fdtable_generation(call->slot),
						   self, evidence,   call->ticket};
		raise_at_least(&wiped.track.open_calls_high, i + 1u);
		call->open = i;
		own_count++;
		store_release(&wiped.track.open_calls[i], (uint32_t)process_tid());
		break;
	}
}

bool open_calls_has(const struct track_call *call)
{
	if (!call->inside)
		return false;
	return call->open == OPEN_CALLS_NO_ROOM ||
	       (load_acquire(&wiped.track.open_calls[call->open]) == (uint32_t)process_tid() &&
		open_calls[call->open].frame == call);
}

bool open_calls_leave(struct track_call *call, struct evidence *evidence)
{
	bool has = open_calls_has(call);

	if (has && call->open == OPEN_CALLS_NO_ROOM) {
		evidence_leave(evidence, call->ticket, process.lineage.self.serial);
	} else if (has && take(call->open, (uint32_t)process_tid())) {
		end(call->open);
		if (own_count > 0)
			own_count--;
	}
	call->inside = false;
	return has;
}

void open_calls_jump(void)
{
	if (unlikely(own_count != 0))
		end_left(NULL);
}

void open_calls_forget_dead(const struct registry_socket *socket)
{
	uint32_t self = (uint32_t)process_tid();

	for (uint32_t i = 0; i < entries(); i++) {
		uint32_t tid = load_acquire(&wiped.track.open_calls[i]);

		if (tid == 0 || tid == BUSY || tid == self ||
		    &registry_mapping->sockets[open_calls[i].slot.n] != socket)
			continue;
		if (sys_call(SYS_tgkill, process.pid, tid, 0, 0, 0, 0) == -ESRCH && take(i, tid))
			end(i);
	}
}
