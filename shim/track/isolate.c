/* SPDX-License-Identifier: MIT */
/*
 * See isolate.h.
 *
 * A descriptor that is replaced must still be the connection, or a file of the host would be lost:
 * the kernel has no call that replaces a descriptor only if.  So the thread that closes and the
 * thread that isolates look at each other's word:
 *
 *     close()    clears the entry in fdtable; then waits while `isolating` is not 0; then closes
 *     isolate()  raises `isolating`; then looks at the entry, asks the kernel for the socket's
 *                cookie, replaces the descriptor; then lowers `isolating`
 *
 * Either the isolating thread finds the entry cleared, or the closing thread waits.  Signals are
 * blocked meanwhile, so no handler of the same thread waits for the thread itself.
 */
#include "track/isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/sys.h"
#include "base/wiped.h"
#include "process/fdtable.h"
#include "options/options.h"
#include "process/process.h"
#include "registry/registry.h"
#include "track/accessor.h"
#include "track/connection.h"
#include "track/dead.h"
#include "track/epoll.h"
#include "track/reconnect.h"
#include "track/use_parts.h"
#include "track/use_report.h"

/* Attempts to replace a descriptor whose number another thread's open() is just filling (EBUSY,
 * dup(2)). */
#define ATTEMPTS 10

static bool replace(int fd, struct socket_slot slot, int dead)
{
	long close_on_exec = sys_call(SYS_fcntl, fd, F_GETFD, 0, 0, 0, 0);
	long result = -EBUSY;

	if (close_on_exec < 0 || !track_is_still(fd, slot))
		return false;
	epoll_take_out(slot, fd);
	for (int i = 0; i < ATTEMPTS && result == -EBUSY; i++)
		result = sys_call(SYS_dup3, dead, fd,
				  (close_on_exec & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0, 0, 0, 0);
	epoll_put_back(slot, fd);
	if (result == fd)
		epoll_leave(slot, fd);
	return result == fd;
}

/* True when a descriptor was replaced. */
static bool replace_all(struct socket_slot slot, int dead)
{
	bool replaced = false;

	fetch_add_relaxed(&wiped.track.isolating, 1);
	atomic_thread_fence(memory_order_seq_cst);
	for (int fd = 0; fd < (int)fdtable_high(); fd++)
		if (fdtable_lookup(fd).n == socket_ref_of(slot).n)
			replaced = replace(fd, slot, dead) || replaced;
	fetch_add_relaxed(&wiped.track.isolating, UINT32_MAX);
	return replaced;
}

void isolate(struct track_call *call, struct isolate_address *local)
{
	bool isolated = false;
	uint64_t signals;
	long dead;

	local->len_bytes = sizeof local->address;
	if (sys_getsockname(call->fd, &local->address, &local->len_bytes) < 0)
		local->len_bytes = 0;
	/* A vfork child has descriptors of its own, but its memory is the parent's. */
	if (!process_is_vfork_child()) {
		sys_block_signals(&signals);
		dead = dead_make(call->fd);
		if (dead >= 0) {
			isolated = replace_all(call->slot, (int)dead);
			sys_close((int)dead);
		}
		sys_restore_signals(signals);
	}
	if (isolated) {
		call->action = ACTION_ISOLATED;
		call->local = local;
		accessor_note_isolated(call->socket);
		reconnect_expect(call->socket);
	} else {
		call->action = ACTION_NOT_ISOLATED;
		registry_count(LOST_ISOLATION);
	}
}

void isolate_end(struct track_call *call)
{
	if (!call->local)
		return;
	track_stop_watching(call->slot);
	call->checked = false;
	call->local = NULL;
}

void isolate_late(struct track_call *call, struct lineage_use last, int64_t moved)
{
	struct isolate_address local;

	if (options_isolate() && call->action == ACTION_REPORTED)
		isolate(call, &local);
	use_report_violation(call, last, moved);
	isolate_end(call);
	if (call->action == ACTION_ABORTED)
		use_stop(call);
}
