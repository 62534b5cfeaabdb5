/* SPDX-License-Identifier: MIT */
/*
 * shim/entry/open.c: where a connection begins.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "harness.h"
#include "peer.h"

int __connect(int fd, const struct sockaddr *address, socklen_t len);

static struct sockaddr_in peer_address(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET};

	in.sin_port = htons((uint16_t)atoi(getenv(PEER_PORT_VARIABLE)));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return in;
}

static void run_connect(void)
{
	siblings_use(peer_ping);
}

static void run___connect(void)
{
	struct sockaddr_in in = peer_address();
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	require(__connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0);
	peer_ping(fd);
	run_child(peer_ping, fd);
	run_child(peer_ping, fd);
}

/* As drivers do: connect without waiting, wait, and learn the result by a second connect(). */
static void run_nonblocking(void)
{
	struct sockaddr_in in = peer_address();
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd ready = {.fd = fd, .events = POLLOUT};

	require(connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0 || errno == EINPROGRESS);
	require(poll(&ready, 1, 10000) == 1);
	require(connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0 || errno == EISCONN);
	require(fcntl(fd, F_SETFL, 0) == 0);
	peer_ping(fd);
	run_child(peer_ping, fd);
	run_child(peer_ping, fd);
}

static void expect_one_connection(const struct log *log, const struct entry_case *self)
{
	expect_shared_use(log, self);
	expect(log_counter(log, "connections_watched") == 1);
}

/* The first bytes go with the request for the connection, tcp(7). */
static void converse_from(int fd, ssize_t sent)
{
	if (sent == -1 && errno == EOPNOTSUPP)
		skip("TCP fast open is not allowed here");
	require(sent == REQUEST_BYTES);
	raw_receive_reply(fd);
	run_child(peer_ping, fd);
	run_child(peer_ping, fd);
}

static void run_sendto(void)
{
	struct sockaddr_in in = peer_address();
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	converse_from(fd, sendto(fd, REQUEST, REQUEST_BYTES, MSG_FASTOPEN, (struct sockaddr *)&in,
				 sizeof(in)));
}

static void run_sendmsg(void)
{
	struct sockaddr_in in = peer_address();
	struct iovec iov = {(void *)(uintptr_t)REQUEST, REQUEST_BYTES};
	struct msghdr message = {
		.msg_name = &in, .msg_namelen = sizeof(in), .msg_iov = &iov, .msg_iovlen = 1};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	require(sendmsg(fd, NULL, MSG_FASTOPEN) == -1 && errno == EFAULT);
	converse_from(fd, sendmsg(fd, &message, MSG_FASTOPEN));
}

/* The descriptor goes behind our back; its number comes back as another socket. */
static void run_socket(void)
{
	int fd = peer_connect();

	require(raw_close(fd) == 0);
	require(socket(AF_UNIX, SOCK_STREAM, 0) == fd);
	require(raw_close(fd) == 0);
}

static void expect_stale(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_counter(log, "stale_fds") == 1);
	expect(log_count(log, NULL) == 0);
}

/* What cannot be a shared conversation is not watched: datagrams, refused connections. */
static void run_unwatched(void)
{
	struct sockaddr_in in = peer_address();
	int datagram = socket(AF_INET, SOCK_DGRAM, 0);
	int refused = socket(AF_INET, SOCK_STREAM, 0);

	require(connect(datagram, (struct sockaddr *)&in, sizeof(in)) == 0);
	in.sin_port = htons(1);
	require(connect(refused, (struct sockaddr *)&in, sizeof(in)) == -1);
	require(errno == ECONNREFUSED);
	require(connect(-1, (struct sockaddr *)&in, sizeof(in)) == -1 && errno == EBADF);
	require(connect(refused, NULL, 16) == -1 && errno == EFAULT);
}

static void expect_nothing_watched(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_counter(log, "connections_watched") == 0);
	expect(log_count(log, NULL) == 0);
}

static const struct entry_case cases[] = {
	{.entry = "socket",
	 .name = "ends what was believed of its number",
	 .run = run_socket,
	 .check = expect_stale},
	{.entry = "connect",
	 .name = "begins a connection",
	 .run = run_connect,
	 .check = expect_shared_use,
	 .operation = "send"},
	{.entry = "connect",
	 .name = "without waiting begins one connection",
	 .run = run_nonblocking,
	 .check = expect_one_connection,
	 .operation = "send"},
	{.entry = "__connect",
	 .name = "begins a connection",
	 .run = run___connect,
	 .check = expect_shared_use,
	 .operation = "send"},
	{.entry = "sendto",
	 .name = "with MSG_FASTOPEN begins a connection",
	 .run = run_sendto,
	 .check = expect_one_connection,
	 .operation = "send"},
	{.entry = "sendmsg",
	 .name = "with MSG_FASTOPEN begins a connection",
	 .run = run_sendmsg,
	 .check = expect_one_connection,
	 .operation = "send"},
	{.name = "datagrams and refused connections are not watched",
	 .run = run_unwatched,
	 .check = expect_nothing_watched},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
