/* SPDX-License-Identifier: MIT */
/*
 * Calls that take bytes.
 *
 * All alike, each in two functions.  The exported one sends an unwatched descriptor straight to
 * libc, and a connection on the fast path (track/call.h) between two looks at its lineage word.
 * The other, NAME_slow(), serves the rest: the tracker, the real call once with the caller's
 * arguments, the tracker; and descriptors that fdtable does not know, perhaps before libc's
 * functions are.  Why the wrappers are written out: docs/decisions/0005.
 *
 * errno is as the real call left it.  The caller's memory is read only after the kernel has filled
 * it, and only as far as the kernel did.
 *
 * One race stays, as without forksan: a thread closes the descriptor while another is inside a call
 * on the same descriptor.
 */
#include <errno.h>

#include "entry/init.h"
#include "entry/real.h"
#include "track/track.h"

static noinline ssize_t read_slow(int fd, void *buffer, size_t len)
{
	struct socket_ref ref = fdtable_lookup(fd);
	struct iovec iov = {(void *)(uintptr_t)buffer, len};
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0))
		return REAL(read)(fd, buffer, len);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_read, TRACK_READ, 0, NULL, 0)))
		return call.instead;
	n = real.read(fd, buffer, len);
	track_end(&call, &iov, 1, n);
	return n;
}

FORKSAN_EXPORT FORKSAN_NO_CANARY ssize_t read(int fd, void *buffer, size_t len)
{
	struct track_fast fast;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref)))
		return real.read(fd, buffer, len);
	if (unlikely(!track_begin_fast(&fast, fd, ref, buffer, 0)))
		return read_slow(fd, buffer, len);
	n = real.read(fd, buffer, len);
	if (unlikely(!track_end_fast(&fast, n)))
		track_late_buffer(&fast, OPERATION_read, TRACK_READ, n);
	return n;
}

FORKSAN_EXPORT ssize_t __read(int fd, void *buffer, size_t len) __attribute__((alias("read")));

static noinline ssize_t __read_chk_slow(int fd, void *buffer, size_t len, size_t buffer_len)
{
	struct socket_ref ref = fdtable_lookup(fd);
	struct iovec iov = {(void *)(uintptr_t)buffer, len};
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0))
		return REAL(__read_chk)(fd, buffer, len, buffer_len);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION___read_chk, TRACK_READ, 0, NULL, 0)))
		return call.instead;
	n = real.__read_chk(fd, buffer, len, buffer_len);
	track_end(&call, &iov, 1, n);
	return n;
}

FORKSAN_EXPORT FORKSAN_NO_CANARY ssize_t __read_chk(int fd, void *buffer, size_t len,
						    size_t buffer_len)
{
	struct track_fast fast;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref)))
		return real.__read_chk(fd, buffer, len, buffer_len);
	if (unlikely(!track_begin_fast(&fast, fd, ref, buffer, 0)))
		return __read_chk_slow(fd, buffer, len, buffer_len);
	n = real.__read_chk(fd, buffer, len, buffer_len);
	if (unlikely(!track_end_fast(&fast, n)))
		track_late_buffer(&fast, OPERATION___read_chk, TRACK_READ, n);
	return n;
}

static noinline ssize_t readv_slow(int fd, const struct iovec *iov, int count)
{
	struct socket_ref ref = fdtable_lookup(fd);
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0))
		return REAL(readv)(fd, iov, count);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_readv, TRACK_READ, 0, NULL, 0)))
		return call.instead;
	n = real.readv(fd, iov, count);
	track_end(&call, iov, count, n);
	return n;
}

FORKSAN_EXPORT FORKSAN_NO_CANARY ssize_t readv(int fd, const struct iovec *iov, int count)
{
	struct track_fast fast;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref)))
		return real.readv(fd, iov, count);
	if (unlikely(!track_begin_fast(&fast, fd, ref, iov, count)))
		return readv_slow(fd, iov, count);
	n = real.readv(fd, iov, count);
	if (unlikely(!track_end_fast(&fast, n)))
		track_late_vector(&fast, OPERATION_readv, TRACK_READ, n);
	return n;
}

/* Offset -1 means the present position, and with -1 a socket can be read (preadv2(2)). */
FORKSAN_EXPORT ssize_t preadv2(int fd, const struct iovec *iov, int count, off_t offset, int flags)
{
	struct socket_ref ref = fdtable_lookup(fd);
	struct track_call call;
	ssize_t n;

	if (unlikely(!REAL(preadv2))) {
		errno = ENOSYS;
		return -1;
	}
	if (unlikely(ref.n == 0))
		return REAL(preadv2)(fd, iov, count, offset, flags);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_preadv2, TRACK_READ, 0, NULL, 0)))
		return call.instead;
	n = real.preadv2(fd, iov, count, offset, flags);
	track_end(&call, iov, count, n);
	return n;
}

static noinline ssize_t recv_slow(int fd, void *buffer, size_t len, int flags)
{
	struct socket_ref ref = fdtable_lookup(fd);
	struct iovec iov = {(void *)(uintptr_t)buffer, len};
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0))
		return REAL(recv)(fd, buffer, len, flags);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_recv, TRACK_READ, flags, NULL, 0)))
		return call.instead;
	n = real.recv(fd, buffer, len, flags);
	track_end(&call, &iov, 1, n);
	return n;
}

FORKSAN_EXPORT FORKSAN_NO_CANARY ssize_t recv(int fd, void *buffer, size_t len, int flags)
{
	struct track_fast fast;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref)))
		return real.recv(fd, buffer, len, flags);
	if (unlikely(!track_begin_fast(&fast, fd, ref, buffer, flags)))
		return recv_slow(fd, buffer, len, flags);
	n = real.recv(fd, buffer, len, flags);
	if (unlikely(!track_end_fast(&fast, n)))
		track_late_buffer(&fast, OPERATION_recv, TRACK_READ, n);
	return n;
}

static noinline ssize_t __recv_chk_slow(int fd, void *buffer, size_t len, size_t buffer_len,
					int flags)
{
	struct socket_ref ref = fdtable_lookup(fd);
	struct iovec iov = {(void *)(uintptr_t)buffer, len};
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0))
		return REAL(__recv_chk)(fd, buffer, len, buffer_len, flags);
	if (unlikely(
		    !track_begin(&call, fd, ref, OPERATION___recv_chk, TRACK_READ, flags, NULL, 0)))
		return call.instead;
	n = real.__recv_chk(fd, buffer, len, buffer_len, flags);
	track_end(&call, &iov, 1, n);
	return n;
}

FORKSAN_EXPORT FORKSAN_NO_CANARY ssize_t __recv_chk(int fd, void *buffer, size_t len,
						    size_t buffer_len, int flags)
{
	struct track_fast fast;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref)))
		return real.__recv_chk(fd, buffer, len, buffer_len, flags);
	if (unlikely(!track_begin_fast(&fast, fd, ref, buffer, flags)))
		return __recv_chk_slow(fd, buffer, len, buffer_len, flags);
	n = real.__recv_chk(fd, buffer, len, buffer_len, flags);
	if (unlikely(!track_end_fast(&fast, n)))
		track_late_buffer(&fast, OPERATION___recv_chk, TRACK_READ, n);
	return n;
}

static noinline ssize_t recvfrom_slow(int fd, void *buffer, size_t len, int flags,
				      sockaddr_arg address, socklen_t *address_len)
{
	struct socket_ref ref = fdtable_lookup(fd);
	struct iovec iov = {(void *)(uintptr_t)buffer, len};
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0))
		return REAL(recvfrom)(fd, buffer, len, flags, address, address_len);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_recvfrom, TRACK_READ, flags, NULL, 0)))
		return call.instead;
	n = real.recvfrom(fd, buffer, len, flags, address, address_len);
	track_end(&call, &iov, 1, n);
	return n;
}

FORKSAN_EXPORT FORKSAN_NO_CANARY ssize_t recvfrom(int fd, void *buffer, size_t len, int flags,
						  sockaddr_arg address, socklen_t *address_len)
{
	struct track_fast fast;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref)))
		return real.recvfrom(fd, buffer, len, flags, address, address_len);
	if (unlikely(!track_begin_fast(&fast, fd, ref, buffer, flags)))
		return recvfrom_slow(fd, buffer, len, flags, address, address_len);
	n = real.recvfrom(fd, buffer, len, flags, address, address_len);
	if (unlikely(!track_end_fast(&fast, n)))
		track_late_buffer(&fast, OPERATION_recvfrom, TRACK_READ, n);
	return n;
}

static noinline ssize_t __recvfrom_chk_slow(int fd, void *buffer, size_t len, size_t buffer_len,
					    int flags, sockaddr_arg address, socklen_t *address_len)
{
	struct socket_ref ref = fdtable_lookup(fd);
	struct iovec iov = {(void *)(uintptr_t)buffer, len};
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0))
		return REAL(__recvfrom_chk)(fd, buffer, len, buffer_len, flags, address,
					    address_len);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION___recvfrom_chk, TRACK_READ, flags, NULL,
				  0)))
		return call.instead;
	n = real.__recvfrom_chk(fd, buffer, len, buffer_len, flags, address, address_len);
	track_end(&call, &iov, 1, n);
	return n;
}

FORKSAN_EXPORT FORKSAN_NO_CANARY ssize_t __recvfrom_chk(int fd, void *buffer, size_t len,
							size_t buffer_len, int flags,
							sockaddr_arg address,
							socklen_t *address_len)
{
	struct track_fast fast;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref)))
		return real.__recvfrom_chk(fd, buffer, len, buffer_len, flags, address,
					   address_len);
	if (unlikely(!track_begin_fast(&fast, fd, ref, buffer, flags)))
		return __recvfrom_chk_slow(fd, buffer, len, buffer_len, flags, address,
					   address_len);
	n = real.__recvfrom_chk(fd, buffer, len, buffer_len, flags, address, address_len);
	if (unlikely(!track_end_fast(&fast, n)))
		track_late_buffer(&fast, OPERATION___recvfrom_chk, TRACK_READ, n);
	return n;
}

/* For a message on a socket that is not watched. */
static noinline void received(const struct msghdr *message)
{
	if (!track_passes_fds(message))
		return;
	init_find();
	track_received_fds(message);
}

static noinline ssize_t recvmsg_slow(int fd, struct msghdr *message, int flags)
{
	struct socket_ref ref = fdtable_lookup(fd);
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0)) {
		n = REAL(recvmsg)(fd, message, flags);
		if (n >= 0 && message->msg_controllen != 0)
			received(message);
		return n;
	}
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_recvmsg, TRACK_READ, flags, NULL, 0)))
		return call.instead;
	n = real.recvmsg(fd, message, flags);
	track_end_message(&call, message, n);
	return n;
}

FORKSAN_EXPORT FORKSAN_NO_CANARY ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	struct msghdr *kept = message;
	struct track_fast fast;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref))) {
		keep_in_memory(kept);
		n = real.recvmsg(fd, message, flags);
		if (unlikely(n >= 0 && kept->msg_controllen != 0))
			received(kept);
		return n;
	}
	if (unlikely(!track_begin_fast(&fast, fd, ref, message, flags)))
		return recvmsg_slow(fd, message, flags);
	n = real.recvmsg(fd, message, flags);
	if (unlikely(!track_end_fast_message(&fast, n)))
		track_late_message(&fast, OPERATION_recvmsg, TRACK_READ, n);
	return n;
}

FORKSAN_EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, libc_mmsg_flags flags,
			    libc_recvmmsg_timeout *timeout)
{
	struct socket_ref ref = fdtable_lookup(fd);
	struct track_call call;
	int n;

	if (unlikely(ref.n == 0)) {
		n = REAL(recvmmsg)(fd, messages, count, flags, timeout);
		for (int i = 0; i < n; i++)
			if (messages[i].msg_hdr.msg_controllen != 0)
				received(&messages[i].msg_hdr);
		return n;
	}
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_recvmmsg, TRACK_READ, (int)flags, NULL,
				  0)))
		return (int)call.instead;
	n = real.recvmmsg(fd, messages, count, flags, timeout);
	track_end_messages(&call, messages, n);
	return n;
}
