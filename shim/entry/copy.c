/* SPDX-License-Identifier: MIT */
/*
 * Calls that move bytes between descriptors inside the kernel.  The bytes are not seen, so they
 * tell no protocol; they are a use like any other.  See recv.c for the shape.
 */
#include <errno.h>

#include "entry/real.h"
#include "track/track.h"

static noinline ssize_t sendfile_attentive(int fd, int in_fd, off_t *offset, size_t count,
					   uint32_t entry)
{
	struct track_call call;
	ssize_t n;

	if (unlikely(entry == 0))
		return REAL(sendfile)(fd, in_fd, offset, count);
	if (unlikely(!track_begin(&call, fd, entry, OPERATION_sendfile, TRACK_WRITE, 0, NULL, 0)))
		return -1;
	n = real.sendfile(fd, in_fd, offset, count);
	track_end(&call, NULL, 0, n);
	return n;
}

FORKSAN_EXPORT ssize_t sendfile(int fd, int in_fd, off_t *offset, size_t count)
{
	const struct registry_socket *socket;
	uint32_t entry;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &entry)))
		return real.sendfile(fd, in_fd, offset, count);
	socket = track_socket(entry);
	if (unlikely(entry == 0 || !track_is_easy(socket)))
		return sendfile_attentive(fd, in_fd, offset, count, entry);
	n = real.sendfile(fd, in_fd, offset, count);
	if (unlikely(n > 0 && !track_was_easy(socket)))
		track_late(fd, entry, OPERATION_sendfile, TRACK_WRITE, NULL, 0, n);
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
	uint32_t in;
	uint32_t out;
	ssize_t n;

	if (likely(fdtable_is_unwatched(in_fd, &in) && fdtable_is_unwatched(out_fd, &out)))
		return real.splice(in_fd, in_offset, out_fd, out_offset, len, flags);
	in = fdtable_lookup(in_fd);
	out = fdtable_lookup(out_fd);
	if (in == 0 && out == 0)
		return REAL(splice)(in_fd, in_offset, out_fd, out_offset, len, flags);
	if (!track_begin(&call, in != 0 ? in_fd : out_fd, in != 0 ? in : out, OPERATION_splice,
			 in != 0 ? TRACK_READ : TRACK_WRITE, 0, NULL, 0))
		return -1;
	n = real.splice(in_fd, in_offset, out_fd, out_offset, len, flags);
	track_end(&call, NULL, 0, n);
	return n;
}
