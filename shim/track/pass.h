/* SPDX-License-Identifier: MIT */
/*
 * Connections that change hands: descriptors in messages (SCM_RIGHTS), descriptors that come
 * through exec.
 *
 * All functions: any thread, signal handlers; errno is kept.
 */
#ifndef FORKSAN_SHIM_TRACK_PASS_H
#define FORKSAN_SHIM_TRACK_PASS_H

#include <sys/socket.h>
#include <sys/types.h>

#include "track/call.h"

/* track_end() for one message, and for messages[0..count).  The descriptors that a message passes
 * (SCM_RIGHTS) are looked at, too. */
void track_end_message(struct track_call *call, const struct msghdr *message, ssize_t moved);
void track_end_messages(struct track_call *call, struct mmsghdr *messages, int count);

/* track_end_fast() for a message.  False also when the message has control data, with which
 * descriptors may have been passed: the wrapper then calls track_late_message(). */
static inline bool track_end_fast_message(const struct track_fast *fast, ssize_t moved)
{
	const struct msghdr *message = fast->data;

	return moved <= 0 || (message->msg_controllen == 0 && track_end_fast(fast, moved));
}

cold void track_late_message(const struct track_fast *fast, enum operation operation,
			     enum track_way way, ssize_t moved);

/* Look at the descriptors that a message passed with SCM_RIGHTS, once the kernel took the message
 * (sent) or gave the message (received).  A sent connection is counted as handed over.  A received
 * descriptor is watched when the session knows the socket; the lineage of that socket starts anew.
 * The wrappers call both for messages on sockets that are not watched. */
void track_sent_fds(const struct msghdr *message);
void track_received_fds(const struct msghdr *message);

/* For one descriptor that goes by other means than a message.  track_handed_over(): this process
 * gives the connection away (forksan_api_hand_over()), and the lineage starts anew.
 * track_received(): the descriptor was found here (pidfd_getfd()), and the lineage stays. */
void track_handed_over(int fd);
void track_received(int fd);

/* True when the message passed descriptors. */
bool track_passes_fds(const struct msghdr *message);

/* True when this process has a descriptor that may be a connection: asked when a program starts
 * that has not joined its session.  Costs a new process 50 us, for which the kernel makes its
 * directory in /proc. */
bool track_came_with_sockets(void);

/* Watches the connections among this process's descriptors that came through exec.  Called when the
 * process has joined a session. */
void track_adopt(void);

/* Lets go of the connections that exec will close, so that other processes do not take this one for
 * a holder.  `has_us`: the program has this library and will find the session, and can do so itself
 * when there are many.  True when that was done, and track_exec_failed() is to be called if the
 * program does not start; false in a vfork child, and in a process that is not watched. */
bool track_before_exec(bool has_us);
void track_exec_failed(void);

#endif
