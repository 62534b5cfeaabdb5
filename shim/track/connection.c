/* SPDX-License-Identifier: MIT */
/*
 * See connection.h.  Nothing here waits for another process, allocates, or changes errno.
 */
#include "track/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>

#include "base/address.h"
#include "base/sys.h"
#include "base/text.h"
#include "base/wiped.h"
#include "options/options.h"
#include "process/fdtable.h"
#include "process/process.h"
#include "track/reconnect.h"
#include "wire/wire.h"

long track_file_flags(int fd)
{
	return sys_call(SYS_fcntl, fd, F_GETFL, 0, 0, 0, 0);
}

bool track_is_ignored(enum protocol protocol, const void *address, socklen_t len)
{
	char bytes[ADDRESS_TEXT_BYTES];
	struct text text;

	if (options.ignore[0] == '\0')
		return false;
	text_init(&text, bytes, sizeof bytes);
	address_put(&text, address, len);
	return options_ignores(protocol, bytes);
}

void track_note_unwatched(enum protocol protocol, const void *address, socklen_t len)
{
	char bytes[ADDRESS_TEXT_BYTES];
	struct text text;
	uint16_t family = AF_UNSPEC;

	text_init(&text, bytes, sizeof bytes);
	if (!address_put(&text, address, len)) {
		if (len >= (socklen_t)sizeof family)
			memcpy(&family, address, sizeof family);
		text_put_string(&text, "address family ");
		text_put_uint(&text, family);
	}
	registry_note_unwatched(protocol, bytes);
}

bool track_class_is_watched(enum protocol protocol)
{
	return (options.watch >> wire_class(protocol) & 1) != 0;
}

void track_stop_watching(struct socket_slot slot)
{
	int fd;

	while ((fd = fdtable_find(slot)) >= 0)
		fdtable_clear(fd);
}

/* --- connections and descriptors ------------------------------------------------------------ */

/* *protocol: the protocol that the port or path suggests, else PROTOCOL_UNKNOWN.  False for an
 * address that is neither TCP's nor a unix socket's. */
static bool suggest_protocol(const struct sockaddr *address, socklen_t len, enum protocol *protocol)
{
	const struct sockaddr_in *in = (const void *)address;
	const struct sockaddr_in6 *in6 = (const void *)address;
	const struct sockaddr_un *un = (const void *)address;
	size_t path_len = (size_t)len - offsetof(struct sockaddr_un, sun_path);

	*protocol = PROTOCOL_UNKNOWN;
	switch (address->sa_family) {
	case AF_INET:
		if (len < (socklen_t)sizeof *in)
			return false;
		*protocol = wire_by_port(ntohs(in->sin_port));
		return true;
	case AF_INET6:
		if (len < (socklen_t)sizeof *in6)
			return false;
		*protocol = wire_by_port(ntohs(in6->sin6_port));
		return true;
	case AF_UNIX:
		/* The name of an abstract socket begins with a NUL and may hold more (unix(7)). */
		if (path_len > 0 && un->sun_path[0] != '\0')
			path_len = strnlen(un->sun_path, path_len);
		*protocol = wire_by_path(un->sun_path, path_len);
		return true;
	default:
		return false;
	}
}

bool track_is_stream(int fd)
{
	int type;
	uint32_t len = sizeof type;

	return sys_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       (type == SOCK_STREAM || type == SOCK_SEQPACKET);
}

/* Gives up a connection for whose descriptor this process has no memory. */
static void forget_unwatched(struct socket_slot slot)
{
	if ((load_relaxed(&registry_mapping->sockets[slot.n].flags) & SOCKET_COUNTED) != 0)
		registry_uncount(COUNT_CONNECTIONS);
	registry_let_go(registry_process_slot(process.shared), slot);
	registry_release_socket(slot, registry_socket_generation(slot));
	registry_count(LOST_CONNECTIONS);
}

void track_watch(int fd, uint64_t cookie, const struct sockaddr *address, socklen_t len)
{
	struct registry_socket *socket;
	enum protocol hint;
	struct socket_slot slot;
	bool is_held;

	if (!suggest_protocol(address, len, &hint) ||
	    (hint != PROTOCOL_UNKNOWN && !track_class_is_watched(hint)) ||
	    track_is_ignored(hint, address, len)) {
		track_note_unwatched(hint, address, len);
		return;
	}
	if ((unsigned)fd >= FORKSAN_MAX_FDS) {
		registry_count(LOST_FDS);
		return;
	}
	if (!registry_claim_socket(&slot)) {
		registry_count(LOST_CONNECTIONS);
		return;
	}
	socket = &registry_mapping->sockets[slot.n];
	registry_name_socket(slot, cookie);
	socket->opener_serial = process.lineage.self.serial;
	socket->opener_pid = process.pid;
	socket->opened_realtime_ns = sys_clock_ns(CLOCK_REALTIME);
	socket->opened_stack = stack_take().n;
	memcpy(socket->peer, address, len);
	socket->peer_len_bytes = len;
	store_relaxed(&socket->hint, hint);
	store_relaxed(&socket->flags, SOCKET_UNIDENTIFIED);
	if (track_class_is_watched(hint)) {
		store_relaxed(&socket->flags, SOCKET_UNIDENTIFIED | SOCKET_COUNTED);
		registry_count(COUNT_CONNECTIONS);
	}
	store_release(&socket->last, process_mine() | LINEAGE_ATTENTION);
	/* The hold comes before the slot is live: another process may be looking for slots that
	 * nobody holds. */
	is_held = registry_hold(registry_process_slot(process.shared), slot);
	registry_publish_socket(slot);
	if (!is_held || !fdtable_set(fd, slot, registry_socket_generation(slot)))
		forget_unwatched(slot);
	reconnect_made(address, len);
}

void track_connected(int fd, const struct sockaddr *address, socklen_t len)
{
	int saved_errno = errno;
	uint64_t cookie;

	if (!process_enter_own())
		goto out;
	if (fdtable_lookup(fd).n != 0 && track_is_still(fd, socket_ref_slot(fdtable_lookup(fd))))
		goto out; /* the second call of a connect that was under way */
	if (len < (socklen_t)sizeof(sa_family_t) || len > FORKSAN_ADDRESS_BYTES ||
	    !track_is_stream(fd) || !track_read_cookie(fd, &cookie))
		goto out;
	if (address->sa_family == AF_UNSPEC)
		goto out; /* the end of a connection: connect(2) */
	track_watch(fd, cookie, address, len);
out:
	errno = saved_errno;
}

void track_duplicated(int oldfd, int newfd)
{
	struct socket_ref ref = fdtable_lookup(oldfd);
	int saved_errno = errno;

	if (oldfd == newfd || (ref.n == 0 && fdtable_lookup(newfd).n == 0))
		return;
	if (process_enter_own()) {
		if (ref.n == 0)
			fdtable_clear(newfd);
		else if (!fdtable_set(newfd, socket_ref_slot(ref),
				      fdtable_generation(socket_ref_slot(ref))))
			registry_count(LOST_FDS);
	}
	errno = saved_errno;
}

/* Call it between fdtable_clear() and the real close: another thread may be about to put a dead
 * descriptor in the place of the one that is closed (isolate.c). */
static void let_isolation_finish(void)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (unlikely(load_acquire(&wiped.track.isolating) != 0))
		sys_wait_for_zero(&wiped.track.isolating);
}

void track_closing(int fd)
{
	int saved_errno = errno;

	if (process_enter_own()) {
		fdtable_clear(fd);
		let_isolation_finish();
	}
	errno = saved_errno;
}

void track_reused(int fd)
{
	if (unlikely(fdtable_lookup(fd).n != 0)) {
		registry_count(LOST_STALE_FDS);
		track_closing(fd);
	}
}

void track_closing_range(unsigned first, unsigned last)
{
	int saved_errno = errno;

	if (!fdtable_is_empty() && process_enter_own()) {
		fdtable_clear_range(first, last);
		let_isolation_finish();
	}
	errno = saved_errno;
}
