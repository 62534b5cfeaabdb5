/* SPDX-License-Identifier: MIT */
/*
 * shim/entry/send.c: each way to write is a use.  The call under test sends the request; the reply
 * is taken unseen.
 */
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

/* Names that libc exports and declares for nobody. */
ssize_t __write(int fd, const void *buffer, size_t len);
ssize_t __send(int fd, const void *buffer, size_t len, int flags);
int __sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);

static struct iovec request[3] = {
	{(void *)(uintptr_t)REQUEST, 5},
	{NULL, 0},
	{(void *)(uintptr_t)&REQUEST[5], REQUEST_BYTES - 5},
};

static void finish(int fd, ssize_t sent)
{
	require(sent == REQUEST_BYTES);
	raw_receive_reply(fd);
}

static void by_write(int fd)
{
	finish(fd, write(fd, REQUEST, REQUEST_BYTES));
}

static void by___write(int fd)
{
	finish(fd, __write(fd, REQUEST, REQUEST_BYTES));
}

static void by_writev(int fd)
{
	finish(fd, writev(fd, request, 3));
}

static void by_pwritev2(int fd)
{
	/* Offset -1 makes it writev(): pwritev2(2). */
	finish(fd, pwritev2(fd, request, 3, -1, 0));
}

static void by_send(int fd)
{
	finish(fd, send(fd, REQUEST, REQUEST_BYTES, MSG_NOSIGNAL));
}

static void by___send(int fd)
{
	finish(fd, __send(fd, REQUEST, REQUEST_BYTES, MSG_NOSIGNAL));
}

static void by_sendto(int fd)
{
	finish(fd, sendto(fd, REQUEST, REQUEST_BYTES, MSG_NOSIGNAL, NULL, 0));
}

static void by_sendmsg(int fd)
{
	struct msghdr message = {.msg_iov = request, .msg_iovlen = 3};

	finish(fd, sendmsg(fd, &message, MSG_NOSIGNAL));
}

static void send_two(int fd,
		     int (*function)(int fd, struct mmsghdr *messages, unsigned count, int flags))
{
	struct mmsghdr messages[2] = {
		{.msg_hdr = {.msg_iov = request, .msg_iovlen = 3}},
		{.msg_hdr = {.msg_iov = request, .msg_iovlen = 3}},
	};

	require(function(fd, messages, 2, MSG_NOSIGNAL) == 2);
	finish(fd, messages[0].msg_len);
	finish(fd, messages[1].msg_len);
}

static void by_sendmmsg(int fd)
{
	send_two(fd, sendmmsg);
}

static void by___sendmmsg(int fd)
{
	send_two(fd, __sendmmsg);
}

#define SUBJECT(line)                                                                              \
	static void run_##line(void)                                                               \
	{                                                                                          \
		siblings_use(by_##line);                                                           \
	}
SUBJECT(write)
SUBJECT(__write)
SUBJECT(writev)
SUBJECT(pwritev2)
SUBJECT(send)
SUBJECT(__send)
SUBJECT(sendto)
SUBJECT(sendmsg)
SUBJECT(sendmmsg)
SUBJECT(__sendmmsg)

/* The opener's own exchange, after the fork, is over by then. */
static void run_messages_in_order(void)
{
	struct gate gate;
	int fd = peer_connect();
	int status;
	pid_t pid;

	gate_init(&gate);
	pid = fork();
	require(pid >= 0);
	if (pid == 0) {
		gate_wait(&gate);
		by_sendmmsg(fd);
		_exit(0);
	}
	peer_ping(fd);
	gate_tell(&gate);
	require(waitpid(pid, &status, 0) == pid && status == 0);
}

static void expect_no_crossing(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "shared-use") == 1);
	expect(log_count(log, NULL) == 1);
}

#define CASE(line, of)                                                                             \
	{                                                                                          \
		.entry = #line, .name = "is a use", .run = run_##line, .check = expect_shared_use, \
		.operation = #of                                                                   \
	}

static const struct entry_case cases[] = {
	CASE(write, write),
	CASE(__write, write),
	CASE(writev, writev),
	CASE(pwritev2, pwritev2),
	CASE(send, send),
	CASE(__send, send),
	CASE(sendto, sendto),
	CASE(sendmsg, sendmsg),
	CASE(sendmmsg, sendmmsg),
	CASE(__sendmmsg, sendmmsg),
	{.name = "messages of one call are in order, and cross nothing",
	 .run = run_messages_in_order,
	 .check = expect_no_crossing},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
