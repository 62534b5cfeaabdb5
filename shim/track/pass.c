/* SPDX-License-Identifier: MIT */
/*
 * Connections that change hands: descriptors in messages (SCM_RIGHTS, unix(7)) and descriptors that
 * come through exec.
 *
 * A connection that was handed over is not shared: the giver's part of the conversation is over.
 * So with the receipt the lineage word goes back to "no use yet", and the next use is sound,
 * whichever process makes that use.  If giver and receiver both go on, the second of the two breaks
 * the rule like any other process.
 */
#include "track/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/sys.h"
#include "track/blind.h"
#include "track/connection.h"
#include "track/descriptors.h"

/* Calls visit(fd) for each descriptor in the message's control data, if visit is not NULL; true
 * when there is such a descriptor.  The kernel has accepted or written the data, so the lengths
 * inside are sound. */
static bool each_passed_fd(const struct msghdr *message, void (*visit)(int fd))
{
	const struct cmsghdr *header;
	bool found = false;

	if (message->msg_controllen < sizeof *header)
		return false;
	for (header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR((struct msghdr *)(uintptr_t)message,
				  (struct cmsghdr *)(uintptr_t)header)) {
		size_t count;

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
		    header->cmsg_len < CMSG_LEN(0))
			continue;
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
			found = true;
			if (visit)
				visit(fd);
		}
	}
	return found;
}

bool track_passes_fds(const struct msghdr *message)
{
	return each_passed_fd(message, NULL);
}

/* The connection behind a watched descriptor.  NULL: the descriptor is not watched, or stands for
 * something else by now. */
static struct registry_socket *find_connection(int fd)
{
	struct socket_ref ref = fdtable_lookup(fd);

	if (ref.n == 0 || !process_enter() || !track_is_still(fd, socket_ref_slot(ref)))
		return NULL;
	return track_socket(ref);
}

static void begin_anew(struct registry_socket *socket)
{
	exchange_acq_rel(&socket->last, LINEAGE_ATTENTION);
	fetch_and_relaxed(&socket->flags, ~(uint32_t)SOCKET_MEMO);
	for (int way = 0; way < LINEAGE_WAYS; way++)
		exchange_acq_rel(&socket->last_way[way], 0);
}

static void mark_sent(int fd)
{
	struct registry_socket *socket = find_connection(fd);

	if (!socket)
		return;
	fetch_or_relaxed(&socket->flags, SOCKET_HANDED_OVER | SOCKET_IN_MESSAGE);
	registry_count(COUNT_HAND_OVERS);
}

/* A search by key costs 5 us with 16 000 connections, an index as much as some dozen searches. */
#define SEARCHES_WITHOUT_INDEX 32

struct search {
	unsigned count;
	bool has_index;
	struct registry_index index;
};

static bool find_socket(struct search *search, uint64_t cookie, struct socket_slot *slot)
{
	if (search->count++ == SEARCHES_WITHOUT_INDEX)
		search->has_index = registry_index_make(&search->index);
	return search->has_index ? registry_index_find(&search->index, cookie, slot)
				 : registry_find_socket(cookie, slot);
}

/* Watches a descriptor of unknown origin when the session knows the descriptor's socket. */
static bool adopt_by(int fd, void *search)
{
	uint64_t cookie;
	struct socket_slot slot;

	if (!track_read_cookie(fd, &cookie) || !find_socket(search, cookie, &slot))
		fdtable_clear(fd);
	else if (!fdtable_set(fd, slot, registry_socket_generation(slot)))
		registry_count(LOST_CONNECTIONS);
	return true;
}

static void adopt(int fd)
{
	struct search one = {.count = 0};

	adopt_by(fd, &one);
}

/* The receiver, not the giver, lets the lineage begin anew: the giver's sendmsg() may return after
 * the receiver's first use, and would wipe that use out.  Nor may that use be judged before the
 * giver has marked the connection. */
static void take_over(int fd)
{
	struct registry_socket *socket;

	adopt(fd);
	socket = find_connection(fd);
	if (!socket)
		return;
	fetch_or_relaxed(&socket->flags, SOCKET_HANDED_OVER);
	fetch_and_relaxed(&socket->flags, ~(uint32_t)SOCKET_IN_MESSAGE);
	begin_anew(socket);
}

void track_handed_over(int fd)
{
	int saved_errno = errno;
	struct registry_socket *socket = find_connection(fd);

	if (socket) {
		fetch_or_relaxed(&socket->flags, SOCKET_HANDED_OVER);
		registry_count(COUNT_HAND_OVERS);
		begin_anew(socket);
	}
	errno = saved_errno;
}

void track_sent_fds(const struct msghdr *message)
{
	int saved_errno = errno;

	each_passed_fd(message, mark_sent);
	errno = saved_errno;
}

void track_received_fds(const struct msghdr *message)
{
	int saved_errno = errno;

	if (process_enter_own())
		each_passed_fd(message, take_over);
	errno = saved_errno;
}

void track_received(int fd)
{
	int saved_errno = errno;

	if (process_enter_own())
		adopt(fd);
	errno = saved_errno;
}

static void look_for_fds(const struct msghdr *message, enum track_way way)
{
	if (message->msg_controllen == 0)
		return;
	if (way == TRACK_WRITE)
		track_sent_fds(message);
	else
		track_received_fds(message);
}

void track_late_message(const struct track_fast *fast, enum operation operation, enum track_way way,
			ssize_t moved)
{
	const struct msghdr *message = fast->data;

	if (!track_end_fast(fast, moved))
		track_late(fast, operation, way, fast->number, message->msg_iov,
			   (int)message->msg_iovlen, moved);
	look_for_fds(message, way);
}

void track_end_message(struct track_call *call, const struct msghdr *message, ssize_t moved)
{
	if (moved <= 0) {
		track_end(call, NULL, 0, moved);
		return;
	}
	track_end(call, message->msg_iov, (int)message->msg_iovlen, moved);
	look_for_fds(message, call->way);
}

void track_end_messages(struct track_call *call, struct mmsghdr *messages, int count)
{
	if (count <= 0)
		track_end(call, NULL, 0, 0);
	for (int i = 0; i < count; i++) {
		call->more = i + 1 < count;
		track_end_message(call, &messages[i].msg_hdr, (ssize_t)messages[i].msg_len);
	}
}

static bool note_stream(int fd, void *found)
{
	*(bool *)found = track_is_stream(fd);
	return !*(bool *)found;
}

bool track_came_with_sockets(void)
{
	bool found = false;

	descriptors_visit(note_stream, &found);
	return found;
}

void track_adopt(void)
{
	struct search search = {.count = 0};

	if (!process_enter() || !registry_has_sockets())
		return;
	descriptors_visit(adopt_by, &search);
	if (search.has_index)
		registry_index_drop(&search.index);
}

static bool closes_on_exec(int fd)
{
	long flags = sys_call(SYS_fcntl, fd, F_GETFD, 0, 0, 0, 0);

	return flags < 0 || (flags & FD_CLOEXEC) != 0;
}

/* True when a descriptor of the slot other than `than` comes through exec. */
static bool comes_through_as_another(struct socket_slot slot, int than)
{
	for (int fd = 0; fd < (int)fdtable_high(); fd++)
		if (fd != than && fdtable_lookup(fd).n == socket_ref_of(slot).n &&
		    !closes_on_exec(fd))
			return true;
	return false;
}

/* With more connections than this the new program joins, looks what has come, and lets go of the
 * rest: that costs as much as this many questions. */
#define ASKED_ABOUT 2048

/* Asks the kernel once for each watched descriptor; copies (dup) are looked for only when a
 * descriptor closes that has copies. */
bool track_before_exec(bool has_us)
{
	enum registry_through through = THROUGH_NOTHING;

	if (!process_enter_own())
		return false;
	if (has_us && fdtable_count() > ASKED_ABOUT) {
		store_relaxed(&process.shared->through, THROUGH_UNASKED);
		return true;
	}
	/* If exec fails the connections are held again: until then nobody takes their slots away.
	 */
	store_relaxed(&process.shared->through, THROUGH_UNASKED);
	atomic_thread_fence(memory_order_seq_cst);
	for (int fd = 0; fd < (int)fdtable_high(); fd++) {
		struct socket_ref ref = fdtable_lookup(fd);

		if (ref.n == 0)
			continue;
		if (!closes_on_exec(fd)) {
			through = THROUGH_SURELY;
			continue;
		}
		if (!fdtable_has_copies(socket_ref_slot(ref)) ||
		    !comes_through_as_another(socket_ref_slot(ref), fd))
			registry_let_go(registry_process_slot(process.shared),
					socket_ref_slot(ref));
	}
	store_relaxed(&process.shared->through, through);
	return true;
}

void track_exec_failed(void)
{
	int saved_errno = errno;

	/* A connection whose slot was freed after track_before_exec() let go of that slot is lost,
	 * and counted, as after a fork. */
	fdtable_publish_holds();
	store_relaxed(&process.shared->through, THROUGH_UNKNOWN);
	errno = saved_errno;
}
