/* SPDX-License-Identifier: MIT */
/*
 * See pending.h.
 *
 * The two words `last_way` of a slot are free where the protocol is known:
 *
 *     last_way[0]   the lineage word that the claim replaced
 *     last_way[1]   serial of the claimant << 32 | the connection's position; 0: no claim pends
 *
 * Where bytes are not counted, the position is a step of the claimant instead (enum step).
 *
 * A claimant takes last_way[1] by compare-exchange; where another's claim pends, the new claim is
 * not noted, and stands.  Killed between the two stores: last_way[0] is the word of an earlier
 * claim; the position then still is the one of now, and the earlier word is older, so the judging
 * is at most too mild: a miss.
 */
#include "track/pending.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/sys.h"

/* The first words of struct tcp_info (linux/tcp.h), which only grows: the 64-bit counters of RFC
 * 4898 are behind 104 bytes and two rates, since Linux 4.1. */
struct tcp_counters {
	uint8_t earlier[120];
	uint64_t bytes_acked;
	uint64_t bytes_received;
};

/* How far both directions have come together: bytes written and bytes taken, modulo 2^32.  False:
 * not TCP, or a kernel that does not count. */
static bool read_position(int fd, uint32_t *position)
{
	struct tcp_counters info;
	uint32_t len = sizeof info;
	int unacked, untaken;

	if (sys_getsockopt(fd, IPPROTO_TCP, 11 /* TCP_INFO */, &info, &len) != 0 ||
	    len != sizeof info ||
	    sys_call(SYS_ioctl, fd, SIOCOUTQ, (long)(uintptr_t)&unacked, 0, 0, 0) != 0 ||
	    sys_call(SYS_ioctl, fd, SIOCINQ, (long)(uintptr_t)&untaken, 0, 0, 0) != 0)
		return false;
	*position = (uint32_t)(info.bytes_acked + (uint64_t)unacked + info.bytes_received -
			       (uint64_t)untaken);
	return true;
}

/* How far the claimant of a connection that does not count its bytes has come. */
enum step {
	BEFORE_THE_CALL,
	IN_THE_CALL, /* bytes may have moved */
};

/* False for unix sockets. */
static bool counts_bytes(const struct registry_socket *socket)
{
	sa_family_t family;

	memcpy(&family, socket->peer, sizeof family);
	return family != AF_UNIX;
}

/* The words of unknown protocols are in use, and so are those of one that is not identified yet and
 * may turn out unknown. */
static bool has_words(const struct registry_socket *socket)
{
	enum protocol protocol = (enum protocol)load_relaxed(&socket->protocol);

	return protocol != PROTOCOL_UNKNOWN && protocol != PROTOCOL_OTHER;
}

void pending_begin(struct track_call *call, uint64_t over)
{
	_Atomic uint64_t *words = call->socket->last_way;
	uint64_t before = load_relaxed(&words[1]);
	uint32_t position = BEFORE_THE_CALL;

	/* This process's own earlier note is of a call that was left by a jump. */
	if (!has_words(call->socket) ||
	    (before != 0 && before >> 32 != process.lineage.self.serial.n) ||
	    (counts_bytes(call->socket) && !read_position(call->fd, &position)))
		return;
	call->pending = (uint64_t)process.lineage.self.serial.n << 32 | position;
	if (!compare_exchange_acq_rel(&words[1], &before, call->pending))
		call->pending = 0;
	else
		store_release(&words[0], over);
}

void pending_goes_on(struct track_call *call)
{
	uint64_t pending = call->pending;

	if (pending == 0 || counts_bytes(call->socket))
		return;
	call->pending = (pending & ~(uint64_t)UINT32_MAX) | IN_THE_CALL;
	if (!compare_exchange_acq_rel(&call->socket->last_way[1], &pending, call->pending))
		call->pending = 0;
}

void pending_end(struct track_call *call)
{
	uint64_t pending = call->pending;

	if (pending == 0)
		return;
	call->pending = 0;
	compare_exchange_acq_rel(&call->socket->last_way[1], &pending, 0);
}

bool pending_take_back(const struct track_call *call, uint64_t word)
{
	struct registry_socket *socket = call->socket;
	uint64_t pending = load_acquire(&socket->last_way[1]);
	uint64_t over = load_relaxed(&socket->last_way[0]);
	struct serial claimant = lineage_unpack(word).serial;
	const struct registry_process *dead = registry_find_process(claimant);
	uint32_t position = BEFORE_THE_CALL;

	if (pending == 0 || !has_words(socket) || (uint32_t)(pending >> 32) != claimant.n ||
	    !dead || registry_process_alive(dead) ||
	    (counts_bytes(socket) && !read_position(call->fd, &position)) ||
	    position != (uint32_t)pending || load_acquire(&socket->last_way[1]) != pending)
		return false;
	/* Two that come at once: one takes back, and both judge again. */
	compare_exchange_acq_rel(&socket->last, &word, over);
	compare_exchange_acq_rel(&socket->last_way[1], &pending, 0);
	return true;
}
