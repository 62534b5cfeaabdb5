/* SPDX-License-Identifier: MIT */
/*
 * Calls that move bytes between descriptors inside the kernel, in the shape of recv.c.  forksan
 * does not see the bytes, so no protocol is identified here; the call is a use like any other.
 */
#include <errno.h>

#include "entry/real.h"
#include "track/track.h"

static noinline ssize_t sendfile_slow(int fd, int in_fd, off_t *offset, size_t count)
{
	struct socket_ref ref = fdtable_lookup(fd);
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0))
		return REAL(sendfile)(fd, in_fd, offset, count);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_sendfile, TRACK_WRITE, 0, NULL, 0)))
		return call.instead;
	n = real.sendfile(fd, in_fd, offset, count);
	track_end(&call, NULL, 0, n);
	return n;
}

FORKSAN_EXPORT FORKSAN_NO_CANARY ssize_t sendfile(int fd, int in_fd, off_t *offset, size_t count)
{
	struct track_fast fast;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref)))
		return real.sendfile(fd, in_fd, offset, count);
	if (unlikely(!track_begin_fast(&fast, fd, ref, NULL, 0)))
		return sendfile_slow(fd, in_fd, offset, count);
	n = real.sendfile(fd, in_fd, offset, count);
	if (unlikely(!track_end_fast(&fast, n)))
		track_late_vector(&fast, OPERATION_sendfile, TRACK_WRITE, n);
	return n;
}

/* On 64-bit machines off_t is 64 bits wide under both names. */
FORKSAN_EXPORT ssize_t sendfile64(int fd, int in_fd, off64_t *offset, size_t count)
	__attribute__((alias("sendfile")));

/* One end of a splice is a pipe, so at most one is a connection (splice(2)). */
FORKSAN_EXPORT ssize_t splice(int in_fd, off64_t *in_offset, int out_fd, off64_t *out_offset,
			      size_t len, unsigned flags)
{
	struct track_call call;
	struct socket_ref in;
	struct socket_ref out;
	ssize_t n;

	if (likely(fdtable_is_unwatched(in_fd, &in) && fdtable_is_unwatched(out_fd, &out)))
		return real.splice(in_fd, in_offset, out_fd, out_offset, len, flags);
	in = fdtable_lookup(in_fd);
	out = fdtable_lookup(out_fd);
	if (in.n == 0 && out.n == 0)
		return REAL(splice)(in_fd, in_offset, out_fd, out_offset, len, flags);
	if (!track_begin(&call, in.n != 0 ? in_fd : out_fd, in.n != 0 ? in : out, OPERATION_splice,
			 in.n != 0 ? TRACK_READ : TRACK_WRITE, 0, NULL, 0))
		return call.instead;
	n = real.splice(in_fd, in_offset, out_fd, out_offset, len, flags);
	track_end(&call, NULL, 0, n);
	return n;
}
