/* SPDX-License-Identifier: MIT */
/*
 * What a call means for a connection: the layer between the wrappers and the judge.
 *
 * The fast paths are inline: an unwatched descriptor costs a table load, a connection that only
 * this process has ever used costs one compare of its lineage word before and after the call.
 * Everything else is out of line, and leaves errno as the real call left it.
 */
#ifndef FORKSAN_SHIM_TRACK_H
#define FORKSAN_SHIM_TRACK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/entries.h"
#include "judge/evidence.h"
#include "process/fdtable.h"
#include "options/options.h"
#include "process/process.h"
#include "registry/registry.h"

/* Flags of a socket that make its bytes wanted. */
#define TRACK_WANTS_BYTES (SOCKET_UNIDENTIFIED | SOCKET_EVIDENCE)

enum track_way { TRACK_READ, TRACK_WRITE };

/* One call that may move bytes and that needs attention, from before it to after it; lives on the
 * wrapper's stack.  Easy calls never fill one. */
struct track_call {
	int fd;
	struct socket_slot slot; /* the connection's, as `socket` */
	struct registry_socket *socket;
	enum operation operation;
	enum track_way way;
	bool claimed;	       /* strict: the lineage word was exchanged before the call */
	uint64_t claimed_over; /* what it was */
	bool checked;	       /* track_begin() has made sure of process and descriptor */
	bool inside;	       /* `ticket` is to be given back (conversation.h) */
	const char *message;   /* the protocol's name of what it moved, or will; NULL: not known */
	struct evidence_ticket ticket;
};

static inline struct registry_socket *track_socket(struct socket_ref ref)
{
	return (struct registry_socket *)((char *)registry_mapping + ref.n);
}

/* How a lineage word differs from our own: 0, the connection is quiet (ours, and nobody else holds
 * it); LINEAGE_ATTENTION, ours, but to be looked at; anything else, another's. */
static inline uint64_t track_difference(const struct registry_socket *socket)
{
	return load_relaxed(&socket->last) ^ process_mine();
}

/* True when a call needs no more than a second look afterwards: we made the latest use, and nobody
 * wants to see the bytes.  The fast path, one compare for a quiet connection. */
static inline bool track_is_easy(const struct registry_socket *socket)
{
	uint64_t difference = track_difference(socket);

	return likely(difference == 0) || (difference == LINEAGE_ATTENTION &&
					   (load_relaxed(&socket->flags) & TRACK_WANTS_BYTES) == 0);
}

/* The second look, after an easy call that moved bytes: true when nobody came in between. */
static inline bool track_was_easy(const struct registry_socket *socket)
{
	uint64_t difference = track_difference(socket);

	if (likely(difference == 0))
		return true;
	if (difference != LINEAGE_ATTENTION)
		return false;
	registry_count(COUNT_USES_SOUND);
	return true;
}

/* The connection was easy before the call and is not after it: another process, or a fork in
 * another thread, came in between.  Judged as track_end() would. */
cold void track_late(int fd, struct socket_ref ref, enum operation operation, enum track_way way,
		     const struct iovec *iov, int count, ssize_t moved);
cold void track_late_buffer(int fd, struct socket_ref ref, enum operation operation,
			    enum track_way way, const void *buffer, ssize_t moved);

/* Before a call that is not easy.  flags: the call's MSG_ flags; iov[0..count): what a write is
 * about to give (nothing in it is believed), NULL for a read.  False: the wrapper returns -1
 * without making the real call; errno is set (strict mode, see use.c). */
bool track_begin(struct track_call *call, int fd, struct socket_ref ref, enum operation operation,
		 enum track_way way, int flags, const struct iovec *iov, int count);

/* After it: the call moved `moved` bytes, the first of iov[0..count).  0 and errors are no use. */
void track_end(struct track_call *call, const struct iovec *iov, int count, ssize_t moved);

/* connect() succeeded, or is under way (EINPROGRESS). */
void track_connected(int fd, const struct sockaddr *address, socklen_t len);

/* A descriptor gets another name: newfd now is what oldfd is. */
void track_duplicated(int oldfd, int newfd);

/* A descriptor goes.  Called before the real close, so that the number is clean when another thread
 * is given it. */
void track_closing(int fd);
void track_closing_range(unsigned first, unsigned last);

/* track_end() for a message and for a run of them; what was passed with SCM_RIGHTS is looked at
 * too. */
void track_end_message(struct track_call *call, const struct msghdr *message, ssize_t moved);
void track_end_messages(struct track_call *call, struct mmsghdr *messages, int count);

/* Descriptors passed with SCM_RIGHTS by a message that the kernel took or gave.  Sent: counted.
 * Received: watched here when the session knows the socket, whose lineage starts anew. */
void track_sent_fds(const struct msghdr *message);
void track_received_fds(const struct msghdr *message);

/* The same for one descriptor: passed on by other means than a message; found here. */
void track_handed_over(int fd);
void track_received(int fd);

/* After exec: finds the connections that came through among this process's descriptors. */
void track_adopt(void);

/* Before exec: tells the others what will not come through, and counts a program that will be
 * started without us.  What it answers goes to track_exec_failed(), which takes it back.  Nothing
 * happens in a vfork child. */
enum track_exec {
	TRACK_EXEC_NOTHING,
	TRACK_EXEC_TOLD,
	TRACK_EXEC_TOLD_AND_UNSEEN,
};
enum track_exec track_before_exec(char *const envp[]);
void track_exec_failed(enum track_exec told);

/* A descriptor number was just given to something new: whatever we knew of it is over. */
void track_reused(int fd);

/* Out of line part of track_worker_goes_on(). */
void track_look_for_inherited(void);

/* The process ends: a worker that outlived a second is looked at even if it never waited. */
void track_look_before_exit(void);

/* A forked process accepts or waits for events: a worker. */
static inline void track_worker_goes_on(void)
{
	if (unlikely(process_mine() == 0 || load_relaxed(&process.newborn)))
		track_look_for_inherited();
}

/* SO_COOKIE of a descriptor; false when it is no socket. */
bool track_read_cookie(int fd, uint64_t *cookie);

/* True when the descriptor still is the connection in the slot; else forgets it, since its number
 * was closed and reused behind our back.  Two system calls at most. */
bool track_is_still(int fd, struct socket_slot slot);

/* True when connections of that protocol are watched (watch=). */
bool track_class_is_watched(enum protocol protocol);

/* Adds the bytes that `call` moved to what is known of an untold connection.  True when it is to be
 * watched on: its protocol is told, or its port or path stands for it so far. */
bool track_identify_protocol(const struct track_call *call, const struct iovec *iov, int count,
			 size_t moved);

/* A connection that turned out not to be watched: forgets every descriptor of it here.  Other
 * processes do the same at their next use. */
void track_stop_watching(struct socket_slot slot);

/* The file status flags of a descriptor (F_GETFL), or -errno. */
long track_file_flags(int fd);

/* A call has changed what all holders of the connection share; `before`: the file status flags
 * before it.  A change of O_NONBLOCK under a call of another process is remembered for findings. */
void track_changed(int fd, struct socket_ref ref, enum operation operation, long before);

/* shutdown() is about to be called on a watched descriptor; see evidence for goodbyes. */
void track_shutdown(int fd, struct socket_ref ref);

#endif
