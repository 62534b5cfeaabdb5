/* SPDX-License-Identifier: MIT */
/*
 * shim/entry/recv.c: each way to read is a use.  The request goes out unseen; the call under test
 * takes the reply.
 */
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "harness.h"

/* Names that libc exports and declares for nobody. */
ssize_t __read(int fd, void *buffer, size_t len);
ssize_t __read_chk(int fd, void *buffer, size_t len, size_t buffer_len);
ssize_t __recv_chk(int fd, void *buffer, size_t len, size_t buffer_len, int flags);
ssize_t __recvfrom_chk(int fd, void *buffer, size_t len, size_t buffer_len, int flags,
		       struct sockaddr *address, socklen_t *address_len);

static char reply[64];

static void require_reply(ssize_t got)
{
	require(got == REPLY_BYTES);
	require(memcmp(reply, REPLY, REPLY_BYTES) == 0);
}

static void by_read(int fd)
{
	raw_send_request(fd);
	require_reply(read(fd, reply, sizeof(reply)));
}

static void by___read(int fd)
{
	raw_send_request(fd);
	require_reply(__read(fd, reply, sizeof(reply)));
}

static void by___read_chk(int fd)
{
	raw_send_request(fd);
	require_reply(__read_chk(fd, reply, sizeof(reply), sizeof(reply)));
}

static void by_readv(int fd)
{
	struct iovec iov[2] = {{reply, 3}, {reply + 3, sizeof(reply) - 3}};

	raw_send_request(fd);
	require_reply(readv(fd, iov, 2));
}

static void by_preadv2(int fd)
{
	struct iovec iov = {reply, sizeof(reply)};

	raw_send_request(fd);
	/* Offset -1 makes it readv(): preadv2(2). */
	require_reply(preadv2(fd, &iov, 1, -1, 0));
}

static void by_recv(int fd)
{
	raw_send_request(fd);
	require_reply(recv(fd, reply, sizeof(reply), 0));
}

static void by___recv_chk(int fd)
{
	raw_send_request(fd);
	require_reply(__recv_chk(fd, reply, sizeof(reply), sizeof(reply), 0));
}

static void by_recvfrom(int fd)
{
	raw_send_request(fd);
	require_reply(recvfrom(fd, reply, sizeof(reply), 0, NULL, NULL));
}

static void by___recvfrom_chk(int fd)
{
	raw_send_request(fd);
	require_reply(__recvfrom_chk(fd, reply, sizeof(reply), sizeof(reply), 0, NULL, NULL));
}

static void by_recvmsg(int fd)
{
	struct iovec iov = {reply, sizeof(reply)};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	raw_send_request(fd);
	require_reply(recvmsg(fd, &message, 0));
}

static void by_recvmmsg(int fd)
{
	struct iovec iov = {reply, sizeof(reply)};
	struct mmsghdr messages[1] = {{.msg_hdr = {.msg_iov = &iov, .msg_iovlen = 1}}};

	raw_send_request(fd);
	require(recvmmsg(fd, messages, 1, 0, NULL) == 1);
	require_reply((ssize_t)messages[0].msg_len);
}

#define SUBJECT(line)                                                                              \
	static void run_##line(void)                                                               \
	{                                                                                          \
		siblings_use(by_##line);                                                           \
	}
SUBJECT(read)
SUBJECT(__read)
SUBJECT(__read_chk)
SUBJECT(readv)
SUBJECT(preadv2)
SUBJECT(recv)
SUBJECT(__recv_chk)
SUBJECT(recvfrom)
SUBJECT(__recvfrom_chk)
SUBJECT(recvmsg)
SUBJECT(recvmmsg)

/* Looking at bytes leaves them there: no use. */
static void look(int fd)
{
	raw_send_request(fd);
	require_reply(recv(fd, reply, REPLY_BYTES, MSG_PEEK | MSG_WAITALL));
	require(recv(fd, reply, 0, 0) == 0);
	raw_receive_reply(fd);
	require(recv(fd, reply, 1, MSG_DONTWAIT) == -1);
}

static void run_peek(void)
{
	siblings_use(look);
}

static void expect_no_shared_use(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "shared-use") == 0);
	expect(log_count(log, "inherited-use") > 0);
}

#define CASE(line)                                                                                 \
	{                                                                                          \
		.entry = #line, .name = "is a use", .run = run_##line, .check = expect_shared_use  \
	}

static const struct entry_case cases[] = {
	CASE(read),
	{.entry = "__read",
	 .name = "is a use",
	 .run = run___read,
	 .check = expect_shared_use,
	 .operation = "read"},
	CASE(__read_chk),
	CASE(readv),
	CASE(preadv2),
	CASE(recv),
	CASE(__recv_chk),
	CASE(recvfrom),
	CASE(__recvfrom_chk),
	CASE(recvmsg),
	CASE(recvmmsg),
	{.name = "reads that take nothing are no use",
	 .run = run_peek,
	 .check = expect_no_shared_use},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
