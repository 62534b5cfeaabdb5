/* SPDX-License-Identifier: MIT */
/*
 * Where a connection begins.
 */
#include <errno.h>

#include "entry/init.h"
#include "entry/real.h"
#include "report/report.h"
#include "track/track.h"

/* A number that libc closed without our seeing it (fclose inside libc, a raw system call) ends what
 * we believed of it here at the latest.  The order of accept, open, pipe, ... does not matter for
 * findings: identity is checked before each. */
FORKSAN_EXPORT int socket(int domain, int type, int protocol)
{
	int fd = REAL(socket)(domain, type, protocol);

	track_reused(fd);
	return fd;
}

/* Thread- and signal-safe as connect() is.  The call that finishes a non-blocking connect by asking
 * again finds the descriptor known.  A connection refused later keeps its slot until close(). */
FORKSAN_EXPORT int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t len)
{
	int result;

	init_ensure();
	result = REAL(connect)(fd, address, len);
	if (result == 0 || errno == EINPROGRESS || errno == EINTR)
		track_connected(fd, address.__sockaddr__, len);
	report_tick();
	return result;
}

FORKSAN_EXPORT int __connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t len)
	__attribute__((alias("connect")));
