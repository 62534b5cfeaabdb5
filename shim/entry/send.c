/* SPDX-License-Identifier: MIT */
/*
 * Calls that give bytes, in the shape of recv.c.
 *
 * forksan's own output goes through base/sys.c and never comes here.
 */
#include <errno.h>

#include "entry/init.h"
#include "entry/real.h"
#include "base/kernel.h"
#include "base/sys.h"
#include "options/options.h"
#include "stack/peek.h"
#include "track/track.h"

static noinline ssize_t write_slow(int fd, const void *buffer, size_t len)
{
	struct socket_ref ref = fdtable_lookup(fd);
	struct iovec iov = {(void *)(uintptr_t)buffer, len};
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0))
		return REAL(write)(fd, buffer, len);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_write, TRACK_WRITE, 0, &iov, 1)))
		return call.instead;
	n = real.write(fd, buffer, len);
	track_end(&call, &iov, 1, n);
	return n;
}

FORKSAN_EXPORT FORKSAN_NO_CANARY ssize_t write(int fd, const void *buffer, size_t len)
{
	struct track_fast fast;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref)))
		return real.write(fd, buffer, len);
	if (unlikely(!track_begin_fast(&fast, fd, ref, buffer, 0)))
		return write_slow(fd, buffer, len);
	n = real.write(fd, buffer, len);
	if (unlikely(!track_end_fast(&fast, n)))
		track_late_buffer(&fast, OPERATION_write, TRACK_WRITE, n);
	return n;
}

FORKSAN_EXPORT ssize_t __write(int fd, const void *buffer, size_t len)
	__attribute__((alias("write")));

static noinline ssize_t writev_slow(int fd, const struct iovec *iov, int count)
{
	struct socket_ref ref = fdtable_lookup(fd);
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0))
		return REAL(writev)(fd, iov, count);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_writev, TRACK_WRITE, 0, iov, count)))
		return call.instead;
	n = real.writev(fd, iov, count);
	track_end(&call, iov, count, n);
	return n;
}

FORKSAN_EXPORT FORKSAN_NO_CANARY ssize_t writev(int fd, const struct iovec *iov, int count)
{
	struct track_fast fast;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref)))
		return real.writev(fd, iov, count);
	if (unlikely(!track_begin_fast(&fast, fd, ref, iov, count)))
		return writev_slow(fd, iov, count);
	n = real.writev(fd, iov, count);
	if (unlikely(!track_end_fast(&fast, n)))
		track_late_vector(&fast, OPERATION_writev, TRACK_WRITE, n);
	return n;
}

/* Offset -1: the present position, as for preadv2(). */
FORKSAN_EXPORT ssize_t pwritev2(int fd, const struct iovec *iov, int count, off_t offset, int flags)
{
	struct socket_ref ref = fdtable_lookup(fd);
	struct track_call call;
	ssize_t n;

	if (unlikely(!REAL(pwritev2))) {
		errno = ENOSYS;
		return -1;
	}
	if (unlikely(ref.n == 0))
		return REAL(pwritev2)(fd, iov, count, offset, flags);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_pwritev2, TRACK_WRITE, 0, iov, count)))
		return call.instead;
	n = real.pwritev2(fd, iov, count, offset, flags);
	track_end(&call, iov, count, n);
	return n;
}

static noinline ssize_t send_slow(int fd, const void *buffer, size_t len, int flags)
{
	struct socket_ref ref = fdtable_lookup(fd);
	struct iovec iov = {(void *)(uintptr_t)buffer, len};
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0))
		return REAL(send)(fd, buffer, len, flags);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_send, TRACK_WRITE, flags, &iov, 1)))
		return call.instead;
	n = real.send(fd, buffer, len, flags);
	track_end(&call, &iov, 1, n);
	return n;
}

FORKSAN_EXPORT FORKSAN_NO_CANARY ssize_t send(int fd, const void *buffer, size_t len, int flags)
{
	struct track_fast fast;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref)))
		return real.send(fd, buffer, len, flags);
	if (unlikely(!track_begin_fast(&fast, fd, ref, buffer, flags)))
		return send_slow(fd, buffer, len, flags);
	n = real.send(fd, buffer, len, flags);
	if (unlikely(!track_end_fast(&fast, n)))
		track_late_buffer(&fast, OPERATION_send, TRACK_WRITE, n);
	return n;
}

FORKSAN_EXPORT ssize_t __send(int fd, const void *buffer, size_t len, int flags)
	__attribute__((alias("send")));

/* A call with MSG_FASTOPEN has connected an unwatched socket, and may have given `n` bytes. */
static noinline void opened(int fd, const struct sockaddr *address, socklen_t address_len,
			    enum operation operation, const struct iovec *iov, int count, ssize_t n)
{
	struct track_fast fast = {.data = iov, .number = count, .fd = fd};
	struct socket_ref ref;

	init_join();
	track_connected(fd, address, address_len);
	ref = fdtable_lookup(fd);
	if (n <= 0 || ref.n == 0)
		return;
	fast.socket = track_socket(ref);
	track_late_vector(&fast, operation, TRACK_WRITE, n);
}

static bool has_opened(int flags, ssize_t n)
{
	return (flags & MSG_FASTOPEN) != 0 && (n >= 0 || errno == EINPROGRESS);
}

static noinline ssize_t sendto_slow(int fd, const void *buffer, size_t len, int flags,
				    const_sockaddr_arg address, socklen_t address_len)
{
	struct socket_ref ref = fdtable_lookup(fd);
	struct iovec iov = {(void *)(uintptr_t)buffer, len};
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0)) {
		n = REAL(sendto)(fd, buffer, len, flags, address, address_len);
		if (has_opened(flags, n))
			opened(fd, sockaddr_of(address), address_len, OPERATION_sendto, &iov, 1, n);
		return n;
	}
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_sendto, TRACK_WRITE, flags, &iov, 1)))
		return call.instead;
	n = real.sendto(fd, buffer, len, flags, address, address_len);
	track_end(&call, &iov, 1, n);
	return n;
}

FORKSAN_EXPORT FORKSAN_NO_CANARY ssize_t sendto(int fd, const void *buffer, size_t len, int flags,
						const_sockaddr_arg address, socklen_t address_len)
{
	struct track_fast fast;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref) && (flags & MSG_FASTOPEN) == 0))
		return real.sendto(fd, buffer, len, flags, address, address_len);
	if (unlikely(!track_begin_fast(&fast, fd, ref, buffer, flags)))
		return sendto_slow(fd, buffer, len, flags, address, address_len);
	n = real.sendto(fd, buffer, len, flags, address, address_len);
	if (unlikely(!track_end_fast(&fast, n)))
		track_late_buffer(&fast, OPERATION_sendto, TRACK_WRITE, n);
	return n;
}

static noinline ssize_t sendmsg_slow(int fd, const struct msghdr *message, int flags)
{
	struct socket_ref ref = fdtable_lookup(fd);
	struct msghdr header = {0};
	struct track_call call;
	ssize_t n;

	if (unlikely(ref.n == 0)) {
		n = REAL(sendmsg)(fd, message, flags);
		if (n >= 0 && message->msg_controllen != 0)
			track_sent_fds(message);
		if (has_opened(flags, n))
			opened(fd, message->msg_name, message->msg_namelen, OPERATION_sendmsg,
			       message->msg_iov, (int)message->msg_iovlen, n);
		return n;
	}
	/* What is about to be sent is looked at; the pointer may be a bad one. */
	if (options_judge_first())
		peek_own(message, &header, sizeof header);
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_sendmsg, TRACK_WRITE, flags,
				  header.msg_iov, (int)header.msg_iovlen)))
		return call.instead;
	n = real.sendmsg(fd, message, flags);
	track_end_message(&call, message, n);
	return n;
}

/* Control data may pass descriptors (SCM_RIGHTS), and is looked at after the kernel has taken the
 * message. */
FORKSAN_EXPORT FORKSAN_NO_CANARY ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	const struct msghdr *kept = message;
	struct track_fast fast;
	struct socket_ref ref;
	ssize_t n;

	if (likely(fdtable_is_unwatched(fd, &ref) && (flags & MSG_FASTOPEN) == 0)) {
		keep_in_memory(kept);
		n = real.sendmsg(fd, message, flags);
		if (unlikely(n >= 0 && kept->msg_controllen != 0))
			track_sent_fds(kept);
		return n;
	}
	if (unlikely(!track_begin_fast(&fast, fd, ref, message, flags)))
		return sendmsg_slow(fd, message, flags);
	n = real.sendmsg(fd, message, flags);
	if (unlikely(!track_end_fast_message(&fast, n)))
		track_late_message(&fast, OPERATION_sendmsg, TRACK_WRITE, n);
	return n;
}

FORKSAN_EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, libc_mmsg_flags flags)
{
	struct socket_ref ref = fdtable_lookup(fd);
	struct track_call call;
	int n;

	if (unlikely(ref.n == 0)) {
		n = REAL(sendmmsg)(fd, messages, count, flags);
		for (int i = 0; i < n; i++)
			if (messages[i].msg_hdr.msg_controllen != 0)
				track_sent_fds(&messages[i].msg_hdr);
		return n;
	}
	if (unlikely(!track_begin(&call, fd, ref, OPERATION_sendmmsg, TRACK_WRITE, (int)flags, NULL,
				  0)))
		return (int)call.instead;
	n = real.sendmmsg(fd, messages, count, flags);
	track_end_messages(&call, messages, n);
	return n;
}

FORKSAN_EXPORT int __sendmmsg(int fd, struct mmsghdr *messages, unsigned count,
			      libc_mmsg_flags flags) __attribute__((alias("sendmmsg")));
