/* SPDX-License-Identifier: MIT */
/*
 * Calls that end a descriptor or a conversation.
 *
 * The descriptor is forgotten before the real close: afterwards another thread may already have the
 * number.  Results are libc's, also for numbers that are not open.  forksan holds no descriptor
 * that the host could close (report/report.h), so a program may close everything from 3 up, as
 * without forksan.
 */
#include <errno.h>
#include <limits.h>

#include "entry/real.h"
#include "track/track.h"

static inline void closing(int fd)
{
	struct socket_ref ref = fdtable_lookup(fd);

	if (likely(ref.n == 0))
		return;
	track_settle(fd, ref);
	track_closing(fd);
}

FORKSAN_EXPORT int close(int fd)
{
	closing(fd);
	track_epoll_closing(fd);
	return REAL(close)(fd);
}

FORKSAN_EXPORT int __close(int fd) __attribute__((alias("close")));

/* libc closes a stream's descriptor inside, without calling close() by name. */
FORKSAN_EXPORT int fclose(FILE *stream)
{
	int saved_errno = errno;
	int fd = fileno(stream);

	errno = saved_errno;
	closing(fd);
	return REAL(fclose)(stream);
}

static void closing_range(unsigned first, unsigned last)
{
	track_closing_range(first, last);
	track_epoll_closing_range(first, last);
}

FORKSAN_EXPORT void closefrom(int first)
{
	closing_range(first < 0 ? 0 : (unsigned)first, UINT_MAX);
	if (REAL(closefrom)) {
		real.closefrom(first);
		return;
	}
	for (int fd = first < 0 ? 0 : first; fd < (int)sysconf(_SC_OPEN_MAX); fd++)
		REAL(close)(fd);
}

FORKSAN_EXPORT int close_range(unsigned first, unsigned last, int flags)
{
	if (!REAL(close_range)) {
		errno = ENOSYS;
		return -1;
	}
	/* With CLOSE_RANGE_CLOEXEC (4, close_range(2)) nothing is closed now; an invalid call
	 * closes nothing. */
	if (first <= last && (flags & ~2) == 0)
		closing_range(first, last);
	return real.close_range(first, last, flags);
}

FORKSAN_EXPORT int shutdown(int fd, int how)
{
	struct socket_ref ref = fdtable_lookup(fd);

	if (unlikely(ref.n != 0) && !track_shutdown(fd, ref, how))
		return 0;
	return REAL(shutdown)(fd, how);
}
