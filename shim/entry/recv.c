/* SPDX-License-Identifier: MIT */
/*
 * Calls that take bytes.
 *
 * All alike, in two functions.  The exported one sends an unwatched descriptor straight to libc,
 * and an easy connection between two looks at its lineage word.  The other is for the rest: the
 * tracker, the real call once with the caller's arguments, the tracker.  errno is as the real call
 * left it.  The caller's memory is read only after the kernel has filled it, and only as far
 * (pitfall 30).  MSG_PEEK takes nothing, MSG_ERRQUEUE nothing of the conversation: no use.
 *
 * What stays racy: a thread that closes the descriptor while another is inside a call on it, as
 * without us.
 */
#include <errno.h>

#include "entry/real.h"
#include "track/track.h"

#define NO_USE (MSG_PEEK | MSG_ERRQUEUE)

static noinline ssize_t read_attentive(int fd, void *buffer, size_t len, struct socket_ref ref)
{
	struct iovec iov = {(void *)(uintptr_t)buffer, len};
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0))
		return REAL(read)(fd, buffer, len);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_read, TRACK_READ, 0, NULL, 0)))
		return -1;
	n = real.read(fd, buffer, len);
	track_end(&call, &iov, 1, n);
	return n;
}

FORKSAN_EXPORT ssize_t read(int fd, void *buffer, size_t len)
{
	const struct registry_socket *socket;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref)))
		return real.read(fd, buffer, len);
	socket = track_socket(ref);
	if (unlikely(ref.n == 0 || !track_is_fast(socket)))
		return read_attentive(fd, buffer, len, ref);
	n = real.read(fd, buffer, len);
	if (unlikely(n > 0 && !track_was_fast(socket)))
		track_late_buffer(fd, ref, OPERATION_read, TRACK_READ, buffer, n);
	return n;
}

FORKSAN_EXPORT ssize_t __read(int fd, void *buffer, size_t len) __attribute__((alias("read")));

static noinline ssize_t __read_chk_attentive(int fd, void *buffer, size_t len, size_t buffer_len,
					     struct socket_ref ref)
{
	struct iovec iov = {(void *)(uintptr_t)buffer, len};
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0))
		return REAL(__read_chk)(fd, buffer, len, buffer_len);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION___read_chk, TRACK_READ, 0, NULL, 0)))
		return -1;
	n = real.__read_chk(fd, buffer, len, buffer_len);
	track_end(&call, &iov, 1, n);
	return n;
}

FORKSAN_EXPORT ssize_t __read_chk(int fd, void *buffer, size_t len, size_t buffer_len)
{
	const struct registry_socket *socket;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref)))
		return real.__read_chk(fd, buffer, len, buffer_len);
	socket = track_socket(ref);
	if (unlikely(ref.n == 0 || !track_is_fast(socket)))
		return __read_chk_attentive(fd, buffer, len, buffer_len, ref);
	n = real.__read_chk(fd, buffer, len, buffer_len);
	if (unlikely(n > 0 && !track_was_fast(socket)))
		track_late_buffer(fd, ref, OPERATION___read_chk, TRACK_READ, buffer, n);
	return n;
}

static noinline ssize_t readv_attentive(int fd, const struct iovec *iov, int count,
					struct socket_ref ref)
{
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0))
		return REAL(readv)(fd, iov, count);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_readv, TRACK_READ, 0, NULL, 0)))
		return -1;
	n = real.readv(fd, iov, count);
	track_end(&call, iov, count, n);
	return n;
}

FORKSAN_EXPORT ssize_t readv(int fd, const struct iovec *iov, int count)
{
	const struct registry_socket *socket;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref)))
		return real.readv(fd, iov, count);
	socket = track_socket(ref);
	if (unlikely(ref.n == 0 || !track_is_fast(socket)))
		return readv_attentive(fd, iov, count, ref);
	n = real.readv(fd, iov, count);
	if (unlikely(n > 0 && !track_was_fast(socket)))
		track_late(fd, ref, OPERATION_readv, TRACK_READ, iov, count, n);
	return n;
}

/* Offset -1 means the present position, which is how a socket can be read with it (preadv2(2)). */
static noinline ssize_t preadv2_attentive(int fd, const struct iovec *iov, int count, off_t offset,
					  int flags, struct socket_ref ref)
{
	struct track_call call;
	ssize_t n;

	if (unlikely(!REAL(preadv2))) {
		errno = ENOSYS;
		return -1;
	}
	if (unlikely(ref.n == 0))
		return REAL(preadv2)(fd, iov, count, offset, flags);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_preadv2, TRACK_READ, 0, NULL, 0)))
		return -1;
	n = real.preadv2(fd, iov, count, offset, flags);
	track_end(&call, iov, count, n);
	return n;
}

FORKSAN_EXPORT ssize_t preadv2(int fd, const struct iovec *iov, int count, off_t offset, int flags)
{
	struct socket_ref ref;

	(void)fdtable_is_unwatched(fd, &ref);
	return preadv2_attentive(fd, iov, count, offset, flags, ref);
}

static noinline ssize_t recv_attentive(int fd, void *buffer, size_t len, int flags,
				       struct socket_ref ref)
{
	struct iovec iov = {(void *)(uintptr_t)buffer, len};
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0 || (flags & NO_USE) != 0))
		return REAL(recv)(fd, buffer, len, flags);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_recv, TRACK_READ, flags, NULL, 0)))
		return -1;
	n = real.recv(fd, buffer, len, flags);
	track_end(&call, &iov, 1, n);
	return n;
}

FORKSAN_EXPORT ssize_t recv(int fd, void *buffer, size_t len, int flags)
{
	const struct registry_socket *socket;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref)))
		return real.recv(fd, buffer, len, flags);
	socket = track_socket(ref);
	if (unlikely(ref.n == 0 || !track_is_fast(socket)))
		return recv_attentive(fd, buffer, len, flags, ref);
	n = real.recv(fd, buffer, len, flags);
	if (unlikely(n > 0 && !track_was_fast(socket) && (flags & NO_USE) == 0))
		track_late_buffer(fd, ref, OPERATION_recv, TRACK_READ, buffer, n);
	return n;
}

static noinline ssize_t __recv_chk_attentive(int fd, void *buffer, size_t len, size_t buffer_len,
					     int flags, struct socket_ref ref)
{
	struct iovec iov = {(void *)(uintptr_t)buffer, len};
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0 || (flags & NO_USE) != 0))
		return REAL(__recv_chk)(fd, buffer, len, buffer_len, flags);
	if (unlikely(
		    !track_begin(&call, fd, ref, OPERATION___recv_chk, TRACK_READ, flags, NULL, 0)))
		return -1;
	n = real.__recv_chk(fd, buffer, len, buffer_len, flags);
	track_end(&call, &iov, 1, n);
	return n;
}

FORKSAN_EXPORT ssize_t __recv_chk(int fd, void *buffer, size_t len, size_t buffer_len, int flags)
{
	const struct registry_socket *socket;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref)))
		return real.__recv_chk(fd, buffer, len, buffer_len, flags);
	socket = track_socket(ref);
	if (unlikely(ref.n == 0 || !track_is_fast(socket)))
		return __recv_chk_attentive(fd, buffer, len, buffer_len, flags, ref);
	n = real.__recv_chk(fd, buffer, len, buffer_len, flags);
	if (unlikely(n > 0 && !track_was_fast(socket) && (flags & NO_USE) == 0))
		track_late_buffer(fd, ref, OPERATION___recv_chk, TRACK_READ, buffer, n);
	return n;
}

static noinline ssize_t recvfrom_attentive(int fd, void *buffer, size_t len, int flags,
					   __SOCKADDR_ARG address, socklen_t *address_len,
					   struct socket_ref ref)
{
	struct iovec iov = {(void *)(uintptr_t)buffer, len};
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0 || (flags & NO_USE) != 0))
		return REAL(recvfrom)(fd, buffer, len, flags, address, address_len);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_recvfrom, TRACK_READ, flags, NULL, 0)))
		return -1;
	n = real.recvfrom(fd, buffer, len, flags, address, address_len);
	track_end(&call, &iov, 1, n);
	return n;
}

FORKSAN_EXPORT ssize_t recvfrom(int fd, void *buffer, size_t len, int flags, __SOCKADDR_ARG address,
				socklen_t *address_len)
{
	const struct registry_socket *socket;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref)))
		return real.recvfrom(fd, buffer, len, flags, address, address_len);
	socket = track_socket(ref);
	if (unlikely(ref.n == 0 || !track_is_fast(socket)))
		return recvfrom_attentive(fd, buffer, len, flags, address, address_len, ref);
	n = real.recvfrom(fd, buffer, len, flags, address, address_len);
	if (unlikely(n > 0 && !track_was_fast(socket) && (flags & NO_USE) == 0))
		track_late_buffer(fd, ref, OPERATION_recvfrom, TRACK_READ, buffer, n);
	return n;
}

static noinline ssize_t __recvfrom_chk_attentive(int fd, void *buffer, size_t len,
						 size_t buffer_len, int flags,
						 __SOCKADDR_ARG address, socklen_t *address_len,
						 struct socket_ref ref)
{
	struct iovec iov = {(void *)(uintptr_t)buffer, len};
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0 || (flags & NO_USE) != 0))
		return REAL(__recvfrom_chk)(fd, buffer, len, buffer_len, flags, address,
					    address_len);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION___recvfrom_chk, TRACK_READ, flags, NULL,
				  0)))
		return -1;
	n = real.__recvfrom_chk(fd, buffer, len, buffer_len, flags, address, address_len);
	track_end(&call, &iov, 1, n);
	return n;
}

FORKSAN_EXPORT ssize_t __recvfrom_chk(int fd, void *buffer, size_t len, size_t buffer_len,
				      int flags, __SOCKADDR_ARG address, socklen_t *address_len)
{
	const struct registry_socket *socket;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref)))
		return real.__recvfrom_chk(fd, buffer, len, buffer_len, flags, address,
					   address_len);
	socket = track_socket(ref);
	if (unlikely(ref.n == 0 || !track_is_fast(socket)))
		return __recvfrom_chk_attentive(fd, buffer, len, buffer_len, flags, address,
						address_len, ref);
	n = real.__recvfrom_chk(fd, buffer, len, buffer_len, flags, address, address_len);
	if (unlikely(n > 0 && !track_was_fast(socket) && (flags & NO_USE) == 0))
		track_late_buffer(fd, ref, OPERATION___recvfrom_chk, TRACK_READ, buffer, n);
	return n;
}

static noinline ssize_t recvmsg_attentive(int fd, struct msghdr *message, int flags,
					  struct socket_ref ref)
{
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0 || (flags & NO_USE) != 0)) {
		n = REAL(recvmsg)(fd, message, flags);
		if (n >= 0 && message->msg_controllen != 0)
			track_received_fds(message);
		return n;
	}
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_recvmsg, TRACK_READ, flags, NULL, 0)))
		return -1;
	n = real.recvmsg(fd, message, flags);
	track_end_message(&call, message, n);
	return n;
}

FORKSAN_EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	struct socket_ref ref;

	(void)fdtable_is_unwatched(fd, &ref);
	return recvmsg_attentive(fd, message, flags, ref);
}

static noinline int recvmmsg_attentive(int fd, struct mmsghdr *messages, unsigned count, int flags,
				       struct timespec *timeout, struct socket_ref ref)
{
	struct track_call call;
	int n;

	if (unlikely(ref.n == 0 || (flags & NO_USE) != 0)) {
		n = REAL(recvmmsg)(fd, messages, count, flags, timeout);
		for (int i = 0; i < n; i++)
			if (messages[i].msg_hdr.msg_controllen != 0)
				track_received_fds(&messages[i].msg_hdr);
		return n;
	}
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_recvmmsg, TRACK_READ, flags, NULL, 0)))
		return -1;
	n = real.recvmmsg(fd, messages, count, flags, timeout);
	track_end_messages(&call, messages, n);
	return n;
}

FORKSAN_EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
			    struct timespec *timeout)
{
	struct socket_ref ref;

	(void)fdtable_is_unwatched(fd, &ref);
	return recvmmsg_attentive(fd, messages, count, flags, timeout, ref);
}
