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

/* track_end() for a message and for a run of them; descriptors passed with SCM_RIGHTS are looked at
 * too. */
void track_end_message(struct track_call *call, const struct msghdr *message, ssize_t moved);
void track_end_messages(struct track_call *call, struct mmsghdr *messages, int count);

/* track_end_fast() for a message, false also when it has control data, with which descriptors may
 * have been passed; and what is to be done then. */
static inline bool track_end_fast_message(const struct track_fast *fast, ssize_t moved)
{
	const struct msghdr *message = fast->data;

	return moved <= 0 || (message->msg_controllen == 0 && track_end_fast(fast, moved));
}

cold void track_late_message(const struct track_fast *fast, enum operation operation,
			     enum track_way way, ssize_t moved);

/* Descriptors passed with SCM_RIGHTS by a message that the kernel took or gave.  Sent: counted.
 * Received: watched here when the session knows the socket, whose lineage starts anew. */
void track_sent_fds(const struct msghdr *message);
void track_received_fds(const struct msghdr *message);

/* The same for one descriptor: passed on by other means than a message; found here. */
void track_handed_over(int fd);
void track_received(int fd);

/* After exec: finds the connections that came through among this process's descriptors. */
void track_adopt(void);

/* Before exec: lets the others know what will not come through.  True when it did, and
 * track_exec_failed() is to be called should the program not start; false in a vfork child, and in
 * a process that is not watched. */
bool track_before_exec(void);
void track_exec_failed(void);

#endif
