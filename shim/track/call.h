/* SPDX-License-Identifier: MIT */
/*
 * One call on a watched descriptor, from before the real call to after: the steps of every wrapper.
 *
 *   fast path   two looks at the lineage word, inline: this process made the latest use, and nobody
 *               wants to see the bytes
 *   slow path   track_begin(), the real call, track_end()
 *
 * A wrapper that began on the fast path and finds the word changed after the real call has
 * track_late() judge the call.
 */
#ifndef FORKSAN_SHIM_TRACK_CALL_H
#define FORKSAN_SHIM_TRACK_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/compiler.h"
#include "base/entries.h"
#include "judge/evidence.h"
#include "process/fdtable.h"
#include "process/process.h"
#include "registry/registry.h"

/* Socket flags that make the bytes of calls wanted. */
#define TRACK_WANTS_BYTES (SOCKET_UNIDENTIFIED | SOCKET_EVIDENCE)

/* Socket flags that keep calls off the fast path. */
#define TRACK_WANTS_CALLS (TRACK_WANTS_BYTES | SOCKET_BY_DIRECTION | SOCKET_MEMO)

/* MSG_PEEK takes nothing, MSG_ERRQUEUE nothing of the conversation: a read with either flag is no
 * use. */
#define TRACK_NO_USE (MSG_PEEK | MSG_ERRQUEUE)

enum track_way { TRACK_READ, TRACK_WRITE };

/* A call on the fast path, as track_late() needs the call; lives on the wrapper's stack. */
struct track_fast {
	struct registry_socket *socket;
	const void *data; /* the call's buffer, iovecs or message */
	int number;	  /* the call's MSG_ flags; of a vector call, the number of iovecs */
	int fd;
};

/* A call on the slow path; lives on the wrapper's stack. */
struct track_call {
	int fd;
	struct socket_slot slot; /* the slot of `socket` */
	struct registry_socket *socket;
	enum operation operation;
	enum track_way way;
	bool claimed;	       /* the lineage word was exchanged before the call (use_claim.h) */
	bool claimed_way;      /* the lineage word of the call's way was (use_unknown.h) */
	uint64_t claimed_over; /* the value that the exchange replaced */
	uint64_t pending;      /* the note of that claim (pending.h); 0: none */
	bool checked;	       /* track_begin() has made sure of process and descriptor */
	bool noted;	       /* memo_begin() has begun it (memo.h) */
	bool inside;	       /* `ticket` is to be given back (conversation.h) */
	uint8_t open;	       /* the call's entry in open_calls.c */
	bool more;	       /* messages of the same call are still to be judged (pass.h) */
	bool was_deferred;     /* its bytes went out before it could be judged (goodbye.h) */
	bool unseen;	       /* what it wrote is not known, and may be a goodbye */
	const char *message;   /* the protocol's name for the message; NULL: not known */
	struct evidence_ticket ticket;
	enum finding_action action; /* beside the report, on a violation */
	int error;		    /* the errno of `instead`; 0: errno stays */
	ssize_t instead;	    /* what the wrapper returns in place of the real call */
	const struct isolate_address *local; /* isolated: the local address (isolate.h) */
};

/* Tells how strict mode ends the process: `end` is abort(3), or leaves the session first, and does
 * not return.  Call it once, at the start. */
void track_stop_by(void (*end)(void));

static inline struct registry_socket *track_socket(struct socket_ref ref)
{
	return (struct registry_socket *)((char *)registry_mapping + ref.n);
}

/* The difference between the connection's lineage word and this process's own.  0: the connection
 * is quiet (this process made the latest use, and nobody else holds the connection).
 * LINEAGE_ATTENTION: this process made the latest use, but calls are to be looked at.  Anything
 * else: another process made the latest use. */
static inline uint64_t track_difference(const struct registry_socket *socket)
{
	return load_relaxed(&socket->last) ^ process_mine();
}

/* True when calls can take the fast path: this process made the latest use, and nobody wants to see
 * the bytes.  One compare for a quiet connection. */
static inline bool track_is_fast(const struct registry_socket *socket)
{
	uint64_t difference = track_difference(socket);

	return likely(difference == 0) || (difference == LINEAGE_ATTENTION &&
					   (load_relaxed(&socket->flags) & TRACK_WANTS_CALLS) == 0);
}

/* Begins a call on the fast path and fills *fast.  False when the call must take the slow path,
 * because the descriptor is not watched after all (ref 0) or the connection is not fast. */
static inline bool track_begin_fast(struct track_fast *fast, int fd, struct socket_ref ref,
				    const void *data, int number)
{
	struct registry_socket *socket = track_socket(ref);

	if (unlikely(ref.n == 0 || !track_is_fast(socket)))
		return false;
	*fast = (struct track_fast){socket, data, number, fd};
	keep_in_memory(*fast);
	return true;
}

/* Ends a call on the fast path: the real call returned `moved`.  False when another process, or a
 * fork in another thread, came in between: the wrapper then calls track_late(). */
static inline bool track_end_fast(const struct track_fast *fast, ssize_t moved)
{
	uint64_t difference;

	if (moved <= 0)
		return true;
	difference = track_difference(fast->socket);
	if (likely(difference == 0))
		return true;
	if (difference != LINEAGE_ATTENTION)
		return false;
	registry_count(COUNT_USES_SOUND);
	return true;
}

/* Judges a call that began on the fast path, as track_end() would have.  `flags`: the MSG_ flags of
 * the call; iov[0..count): the buffers.  errno is kept. */
cold void track_late(const struct track_fast *fast, enum operation operation, enum track_way way,
		     int flags, const struct iovec *iov, int count, ssize_t moved);

/* track_late() for a call with one buffer, and for a vector call. */
cold void track_late_buffer(const struct track_fast *fast, enum operation operation,
			    enum track_way way, ssize_t moved);
cold void track_late_vector(const struct track_fast *fast, enum operation operation,
			    enum track_way way, ssize_t moved);

/* Begins a call on the slow path and fills *call.  `flags`: the MSG_ flags of the call.
 * iov[0..count): the buffers of a write, which may lie in unreadable memory; NULL for a read.
 * False: the wrapper returns call->instead without making the real call, and errno is set
 * (use_claim.h). */
bool track_begin(struct track_call *call, int fd, struct socket_ref ref, enum operation operation,
		 enum track_way way, int flags, const struct iovec *iov, int count);

/* Ends a call on the slow path: the real call returned `moved`, the number of bytes that it moved
 * from the front of iov[0..count).  A call that returned 0 or an error is no use.  errno is
 * kept. */
void track_end(struct track_call *call, const struct iovec *iov, int count, ssize_t moved);

/* Ends the calls that this thread is inside of.  The wrappers of longjmp() call this function
 * before the jump. */
void track_jumping(void);

/* Call it after a call that changed a state which all holders of the connection share.  `before`:
 * the file status flags before the call.  A change of O_NONBLOCK while another process is inside a
 * call is remembered for findings.  errno is kept. */
void track_changed(int fd, struct socket_ref ref, enum operation operation, long before);

/* Judges shutdown() on a watched descriptor as a goodbye (goodbye.h); called before the real
 * shutdown().  One that will fail, or comes when the peer has ended the connection, is none. False:
 * the wrapper returns 0 without making the real call (isolate mode).  errno is kept. */
bool track_shutdown(int fd, struct socket_ref ref, int how);

#endif
