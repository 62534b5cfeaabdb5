/* SPDX-License-Identifier: MIT */
/*
 * Where a connection begins.
 */
#include <errno.h>

#include "entry/init.h"
#include "entry/real.h"
#include "report/report.h"
#include "track/track.h"

/* A new socket's number may be one that was closed where no wrapper is (inside libc, by a raw
 * system call) and still is in the table: that connection is forgotten here at the latest.  Other
 * calls that give out numbers (accept, open, pipe) need no such look for findings' sake: before
 * each finding the socket's identity is asked for. */
FORKSAN_EXPORT int socket(int domain, int type, int protocol)
{
	int fd = REAL(socket)(domain, type, protocol);

	track_reused(fd);
	return fd;
}

/* Thread- and signal-safe as connect() is.  A second connect(), by which a program learns that a
 * non-blocking one has finished, finds the descriptor known.  A connection that is refused later
 * keeps its slot until close(). */
FORKSAN_EXPORT int connect(int fd, const_sockaddr_arg address, socklen_t len)
{
	int result;

	result = REAL(connect)(fd, address, len);
	if (result == 0 || errno == EINPROGRESS || errno == EINTR) {
		init_join();
		track_connected(fd, sockaddr_of(address), len);
	}
	report_tick();
	return result;
}

FORKSAN_EXPORT int __connect(int fd, const_sockaddr_arg address, socklen_t len)
	__attribute__((alias("connect")));
