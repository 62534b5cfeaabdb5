/* SPDX-License-Identifier: MIT */
/*
 * The slow path: a use of a connection that somebody else may hold, or whose protocol is not told.
 *
 * The order is the same everywhere: is the descriptor still that connection (generation, cookie);
 * then the exchange of the lineage word, which is the claim; then the judge; then evidence and
 * findings.  In warn mode all of it comes after the call, since only a call that moved bytes is a
 * use.  In strict mode the claim comes before the call, for reads as for writes: a check first and
 * an exchange after would let two siblings' first uses both pass.
 *
 * Runs in any thread and in signal handlers.  Nothing here waits for another process, allocates,
 * or changes errno.
 */
#include "track.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>

#include "address.h"
#include "finding.h"
#include "init.h"
#include "sys.h"
#include "user.h"
#include "wire/wire.h"

bool track_read_cookie(int fd, uint64_t *cookie)
{
	uint32_t len = sizeof *cookie;

	return sys_getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie, &len) == 0 &&
	       len == sizeof *cookie;
}

/* The descriptor number may have been closed behind our back (libc closes without its own close(),
 * pitfall 5) and reused.  Only the kernel knows; asked before every exchange and every report. */
bool track_is_still(int fd, uint32_t slot)
{
	uint64_t cookie;

	if (registry_socket_is(slot, fdtable_generation(slot)) && track_read_cookie(fd, &cookie) &&
	    cookie == registry_mapping->sockets[slot].cookie)
		return true;
	fdtable_clear(fd);
	registry_count(LOST_STALE_FDS);
	return false;
}

static bool peer_is_ignored(enum protocol protocol, const void *address, socklen_t len)
{
	char bytes[ADDRESS_TEXT_BYTES];
	struct text text;

	if (options.ignore[0] == '\0')
		return false;
	text_init(&text, bytes, sizeof bytes);
	address_put(&text, address, len);
	return options_ignores(protocol, bytes);
}

static bool class_is_watched(enum protocol protocol)
{
	return (options.watch >> wire_class(protocol) & 1) != 0;
}

enum protocol track_protocol(const struct registry_socket *socket)
{
	enum protocol told = (enum protocol)load_relaxed(&socket->protocol);

	return told != PROTOCOL_UNKNOWN ? told : (enum protocol)load_relaxed(&socket->hint);
}

/* A connection that turned out not to be watched: forgets every descriptor of it here.  Other
 * processes do the same at their next use. */
static void stop_watching(uint32_t slot)
{
	int fd;

	while ((fd = fdtable_find(slot)) >= 0)
		fdtable_clear(fd);
}

/* --- telling the protocol ------------------------------------------------------------------ */

static void append_head(struct registry_socket *socket, enum wire_direction direction,
			const struct iovec *iov, int count, size_t moved)
{
	uint32_t len = load_relaxed(&socket->head_len[direction]);

	for (int i = 0; i < count && moved > 0 && len < FORKSAN_HEAD_BYTES; i++) {
		size_t n = iov[i].iov_len < moved ? iov[i].iov_len : moved;
		size_t room = FORKSAN_HEAD_BYTES - len;

		moved -= n;
		if (n > room)
			n = room;
		memcpy(&socket->head[direction][len], iov[i].iov_base, n);
		len += (uint32_t)n;
	}
	store_relaxed(&socket->head_len[direction], len);
}

/* True when the protocol is told and the connection is to be watched on. */
static bool tell_protocol(struct registry_socket *socket, uint32_t slot,
			  const struct track_call *call, const struct iovec *iov, int count,
			  size_t moved)
{
	const uint8_t *head[2] = {socket->head[0], socket->head[1]};
	size_t len[2];
	enum protocol told;

	append_head(socket, call->way == TRACK_WRITE ? WIRE_CLIENT : WIRE_SERVER, iov, count,
		    moved);
	for (int d = 0; d < 2; d++) {
		len[d] = load_relaxed(&socket->head_len[d]);
		if (len[d] > FORKSAN_HEAD_BYTES)
			len[d] = FORKSAN_HEAD_BYTES;
	}
	told = wire_tell(head, len);
	if (told == PROTOCOL_UNKNOWN)
		return class_is_watched(track_protocol(socket));
	store_relaxed(&socket->protocol, told);
	if (!class_is_watched(told) ||
	    peer_is_ignored(told, socket->peer, socket->peer_len_bytes)) {
		if (fetch_and_relaxed(&socket->flags, ~(uint32_t)SOCKET_COUNTED) & SOCKET_COUNTED)
			registry_uncount(COUNT_CONNECTIONS);
		registry_count(COUNT_CONNECTIONS_OTHER);
		stop_watching(slot);
		return false;
	}
	if (!(fetch_or_relaxed(&socket->flags, SOCKET_COUNTED) & SOCKET_COUNTED))
		registry_count(COUNT_CONNECTIONS);
	return true;
}

/* --- judging ------------------------------------------------------------------------------- */

/* Somebody else holds it too: from now on every use is looked at. */
static void mark_inherited(struct registry_socket *socket)
{
	if (!(fetch_or_relaxed(&socket->flags, SOCKET_INHERITED) & SOCKET_INHERITED))
		registry_count(COUNT_CONNECTIONS_INHERITED);
}

/* Nothing about the connection needs attention any more: its owner's uses become fast again. */
static void calm(struct registry_socket *socket, uint64_t mine)
{
	uint64_t word = mine | LINEAGE_ATTENTION;

	if (load_relaxed(&socket->protocol) != PROTOCOL_UNKNOWN)
		compare_exchange_acq_rel(&socket->last, &word, mine);
}

static const char *violation_text(const struct registry_process *other)
{
	if (!other)
		return "another process used the connection since this process's memory was copied";
	if (!registry_process_alive(other))
		return "its predecessor used the connection and has ended; this process's memory "
		       "is "
		       "a copy of its parent's, which never saw that use";
	if (other->parent_serial == process.lineage.self.serial)
		return "the child used the connection after the fork; this process's driver state "
		       "knows nothing of it";
	if (process.lineage.ancestor_count > 0 &&
	    load_relaxed(&other->serial) == process.lineage.ancestors[0].serial)
		return "the parent used the connection again after it forked this process, whose "
		       "driver state is older";
	return "two processes with separate driver states speak on one connection";
}

static void report_violation(struct track_call *call, uint32_t slot, struct lineage_use last,
			     int64_t moved)
{
	struct registry_socket *socket = &registry_mapping->sockets[slot];
	const struct registry_process *other = registry_find_process(last.serial);
	struct finding_cause cause = {
		.kind = KIND_SHARED_USE,
		.fd = call->fd,
		.slot = slot,
		.operation = call->operation,
		.bytes = moved,
		.other_serial = last.serial,
		.this_use = user_stack(socket, call->operation, FORKSAN_USE_STACKS_PER_PROCESS),
		.other_use = user_latest_stack(socket, last.serial),
		.text = violation_text(other),
	};

	registry_count(COUNT_USES_VIOLATION);
	store_relaxed(&process.violated, true);
	finding_report(&cause);
}

/* Sound so far, but a live process could break it at any time. */
static void report_hazard(struct track_call *call, uint32_t slot, struct lineage_use last,
			  const struct registry_process *holder, int64_t moved)
{
	struct registry_socket *socket = &registry_mapping->sockets[slot];
	struct finding_cause cause = {
		.kind = KIND_INHERITED_USE,
		.fd = call->fd,
		.slot = slot,
		.operation = call->operation,
		.bytes = moved,
		.other_serial = load_relaxed(&holder->serial),
		.this_use = user_stack(socket, call->operation, FORKSAN_USE_STACKS_PER_PROCESS),
		.other_use = user_latest_stack(socket, last.serial),
		.text = "the connection was opened before this process was forked, and the other "
			"process still holds it open",
	};

	registry_count(COUNT_USES_HAZARD);
	finding_report(&cause);
}

/* A child of a moment ago holds the connection too and may not have said so yet. */
static bool others_may_hold(uint32_t slot)
{
	return process_has_just_forked() || registry_other_holder(slot, process.shared) != NULL;
}

/* Judges this process's use over the use `last` that it replaced in the lineage word. */
static void judge(struct track_call *call, uint32_t slot, struct lineage_use last, size_t moved)
{
	struct registry_socket *socket = &registry_mapping->sockets[slot];
	uint64_t mine = process_mine();
	const struct registry_process *holder;

	switch (lineage_judge(&process.lineage, last)) {
	case LINEAGE_FIRST:
	case LINEAGE_OWN:
		if (others_may_hold(slot)) {
			mark_inherited(socket);
			user_stack(socket, call->operation, FORKSAN_SOUND_STACKS_PER_PROCESS);
			registry_count(COUNT_USES_SOUND);
		} else {
			calm(socket, mine);
		}
		break;
	case LINEAGE_INHERITED:
		holder = registry_other_holder(slot, process.shared);
		if (holder) {
			mark_inherited(socket);
			report_hazard(call, slot, last, holder, (int64_t)moved);
		} else {
			calm(socket, mine);
		}
		break;
	case LINEAGE_VIOLATION:
		mark_inherited(socket);
		report_violation(call, slot, last, (int64_t)moved);
		if (options.strict)
			abort();
		break;
	}
}

/* A use that changes something: another process's was the latest, the protocol is not told, or we
 * have forked since. */
static void judge_use(struct track_call *call, const struct iovec *iov, int count, size_t moved)
{
	struct registry_socket *socket = track_socket(call->entry);
	uint32_t slot = fdtable_slot(call->entry);
	int saved_errno = errno;
	uint64_t word = load_relaxed(&socket->last);
	uint64_t mine;

	if (!process_enter() || !track_is_still(call->fd, slot))
		goto out;
	mine = process_mine();
	if (call->claimed)
		word = call->claimed_over;
	else if ((word & ~LINEAGE_ATTENTION) != mine)
		word = exchange_acq_rel(&socket->last, mine | LINEAGE_ATTENTION);
	if (load_relaxed(&socket->protocol) != PROTOCOL_UNKNOWN &&
	    !class_is_watched(track_protocol(socket))) {
		stop_watching(slot);
		goto out;
	}
	if (load_relaxed(&socket->protocol) == PROTOCOL_UNKNOWN &&
	    !tell_protocol(socket, slot, call, iov, count, moved))
		goto out;
	if ((word & ~LINEAGE_ATTENTION) != mine)
		judge(call, slot, lineage_unpack(word), moved);
	else if (!(load_relaxed(&socket->flags) & SOCKET_INHERITED))
		calm(socket, mine);
	track_look_for_inherited();
out:
	errno = saved_errno;
}

/* Strict mode: a claim made before the call is given back, since no bytes moved. */
static void unclaim(struct track_call *call)
{
	uint64_t word = process_mine() | LINEAGE_ATTENTION;

	call->claimed = false;
	compare_exchange_acq_rel(&track_socket(call->entry)->last, &word, call->claimed_over);
}

void track_settle(struct track_call *call, const struct iovec *iov, int count, ssize_t moved)
{
	if (moved > 0)
		judge_use(call, iov, count, (size_t)moved);
	else if (call->claimed)
		unclaim(call);
}

void track_settle_buffer(struct track_call *call, const void *buffer, ssize_t moved)
{
	struct iovec iov = {(void *)(uintptr_t)buffer, (size_t)(moved > 0 ? moved : 0)};

	track_settle(call, &iov, 1, moved);
}

void track_late(int fd, uint32_t entry, enum operation operation, enum track_way way,
		const struct iovec *iov, int count, ssize_t moved)
{
	struct track_call call = {.fd = fd, .entry = entry, .operation = operation, .way = way};

	track_end(&call, iov, count, moved);
}

void track_late_buffer(int fd, uint32_t entry, enum operation operation, enum track_way way,
		       const void *buffer, ssize_t moved)
{
	struct track_call call = {.fd = fd, .entry = entry, .operation = operation, .way = way};

	track_end_buffer(&call, buffer, moved);
}

/* --- strict mode ---------------------------------------------------------------------------- */

/* A read that would break the rule is stopped when there is something to take.  Until then it waits
 * here as the real call would, with MSG_PEEK, which moves nothing.  0: bytes are there. */
static int wait_for_bytes(int fd, int flags)
{
	char byte;

	return (int)sys_call(SYS_recvfrom, fd, (long)(uintptr_t)&byte, 1, flags | MSG_PEEK, 0, 0);
}

bool track_claim(struct track_call *call, int flags)
{
	struct registry_socket *socket = track_socket(call->entry);
	uint32_t slot = fdtable_slot(call->entry);
	int saved_errno = errno;
	struct lineage_use last;
	int got;

	if ((load_relaxed(&socket->last) & ~LINEAGE_ATTENTION) == process_mine() ||
	    !process_enter() || !track_is_still(call->fd, slot))
		goto out;
	call->claimed_over = exchange_acq_rel(&socket->last, process_mine() | LINEAGE_ATTENTION);
	call->claimed = true;
	last = lineage_unpack(call->claimed_over);
	if (lineage_judge(&process.lineage, last) != LINEAGE_VIOLATION ||
	    !class_is_watched(track_protocol(socket)))
		goto out;
	if (call->way == TRACK_READ) {
		got = wait_for_bytes(call->fd, flags);
		if (got <= 0) {
			unclaim(call);
			errno = got < 0 ? -got : saved_errno;
			return got == 0;
		}
	}
	report_violation(call, slot, last, 0);
	/* Its bytes never moved: the other process, which did nothing wrong, goes on sound. */
	unclaim(call);
	abort();
out:
	errno = saved_errno;
	return true;
}

/* --- connections and descriptors ------------------------------------------------------------ */

static enum protocol protocol_by_address(const struct sockaddr *address, socklen_t len)
{
	switch (address->sa_family) {
	case AF_INET:
		if (len < (socklen_t)sizeof(struct sockaddr_in))
			return PROTOCOL_OTHER;
		return wire_by_port(
			ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port));
	case AF_INET6:
		if (len < (socklen_t)sizeof(struct sockaddr_in6))
			return PROTOCOL_OTHER;
		return wire_by_port(
			ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port));
	case AF_UNIX: {
		const char *path = ((const struct sockaddr_un *)(const void *)address)->sun_path;
		size_t room = (size_t)len - offsetof(struct sockaddr_un, sun_path);

		return wire_by_path(path, strnlen(path, room));
	}
	default:
		return PROTOCOL_OTHER;
	}
}

static bool is_stream(int fd)
{
	int type;
	uint32_t len = sizeof type;

	return sys_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       (type == SOCK_STREAM || type == SOCK_SEQPACKET);
}

void track_connected(int fd, const struct sockaddr *address, socklen_t len)
{
	int saved_errno = errno;
	struct registry_socket *socket;
	enum protocol hint;
	uint64_t cookie;
	uint32_t slot;

	if (!process_enter() || process_is_vfork_child())
		goto out;
	if (fdtable_lookup(fd) != 0 && track_is_still(fd, fdtable_slot(fdtable_lookup(fd))))
		goto out; /* the second call of a connect that was under way */
	if (len < (socklen_t)sizeof(sa_family_t) || len > FORKSAN_ADDRESS_BYTES || !is_stream(fd) ||
	    !track_read_cookie(fd, &cookie))
		goto out;
	hint = protocol_by_address(address, len);
	if ((hint != PROTOCOL_UNKNOWN && !class_is_watched(hint)) ||
	    peer_is_ignored(hint, address, len)) {
		registry_count(COUNT_CONNECTIONS_OTHER);
		goto out;
	}
	if ((unsigned)fd >= FORKSAN_MAX_FDS) {
		registry_count(LOST_FDS);
		goto out;
	}
	if (!registry_claim_socket(&slot)) {
		registry_count(LOST_CONNECTIONS);
		goto out;
	}
	stack_warm();
	socket = &registry_mapping->sockets[slot];
	socket->cookie = cookie;
	socket->opener_serial = process.lineage.self.serial;
	socket->opener_epoch = lineage_unpack(process_mine()).epoch;
	socket->opener_pid = process.pid;
	socket->opened_fd = fd;
	socket->opened_realtime_ns = sys_clock_ns(CLOCK_REALTIME);
	socket->opened_stack = stack_take().n;
	memcpy(socket->peer, address, len);
	socket->peer_len_bytes = len;
	store_relaxed(&socket->hint, hint);
	if (hint != PROTOCOL_UNKNOWN) {
		store_relaxed(&socket->flags, SOCKET_COUNTED);
		registry_count(COUNT_CONNECTIONS);
	}
	store_release(&socket->last, process_mine() | LINEAGE_ATTENTION);
	registry_publish_socket(slot);
	fdtable_set(fd, slot, registry_socket_generation(slot));
out:
	errno = saved_errno;
}

void track_duplicated(int oldfd, int newfd)
{
	uint32_t entry = fdtable_lookup(oldfd);
	int saved_errno = errno;

	if (oldfd == newfd || (entry == 0 && fdtable_lookup(newfd) == 0))
		return;
	if (process_enter() && !process_is_vfork_child()) {
		if (entry == 0)
			fdtable_clear(newfd);
		else if (!fdtable_set(newfd, fdtable_slot(entry),
				      fdtable_generation(fdtable_slot(entry))))
			registry_count(LOST_FDS);
	}
	errno = saved_errno;
}

void track_closing(int fd)
{
	int saved_errno = errno;

	if (process_enter() && !process_is_vfork_child())
		fdtable_clear(fd);
	errno = saved_errno;
}

void track_reused(int fd)
{
	if (unlikely(fdtable_lookup(fd) != 0)) {
		registry_count(LOST_STALE_FDS);
		track_closing(fd);
	}
}

void track_closing_range(unsigned first, unsigned last)
{
	int saved_errno = errno;

	if (!fdtable_is_empty() && process_enter() && !process_is_vfork_child())
		fdtable_clear_range(first, last);
	errno = saved_errno;
}

/* --- open-at-fork --------------------------------------------------------------------------- */

static void report_open_at_fork(uint32_t slot)
{
	struct registry_socket *socket = &registry_mapping->sockets[slot];
	const struct registry_process *holder;
	struct finding_cause cause = {
		.kind = KIND_OPEN_AT_FORK,
		.fd = fdtable_find(slot),
		.slot = slot,
		.text = "this process was forked with the connection open and goes on; nothing is "
			"wrong until it uses it",
	};

	if (cause.fd < 0 || track_protocol(socket) == PROTOCOL_UNKNOWN ||
	    !class_is_watched(track_protocol(socket)) || !track_is_still(cause.fd, slot))
		return;
	holder = registry_other_holder(slot, process.shared);
	if (!holder)
		return; /* handed over: nobody else has it */
	cause.other_serial = load_relaxed(&holder->serial);
	finding_report(&cause);
}

void track_look_for_inherited(void)
{
	int saved_errno = errno;

	if (process_enter() && load_relaxed(&process.newborn) && !process_is_vfork_child()) {
		store_relaxed(&process.newborn, false);
		for (uint32_t slot = 0; fdtable_next_held(&slot); slot++)
			if (registry_mapping->sockets[slot].opener_serial !=
			    process.lineage.self.serial)
				report_open_at_fork(slot);
	}
	errno = saved_errno;
}

void track_look_before_exit(void)
{
	const uint64_t second_ns = UINT64_C(1000000000);

	if (load_relaxed(&process.newborn) &&
	    sys_clock_ns(CLOCK_MONOTONIC) - process.born_ns > second_ns)
		track_look_for_inherited();
}

void track_shutdown(int fd, uint32_t entry, int how)
{
	(void)fd;
	(void)entry;
	(void)how;
}
