/* SPDX-License-Identifier: MIT */
/*
 * shim/entry/close.c: who closes a connection holds it no more.  The opener closes by the call
 * under test and stays alive; its child then is the only holder, so that its use is no hazard.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

int __close(int fd);

static void by_close(int fd)
{
	require(close(fd) == 0);
}

static void by___close(int fd)
{
	require(__close(fd) == 0);
}

static void by_fclose(int fd)
{
	FILE *stream = fdopen(fd, "r+");

	require(stream != NULL);
	require(fclose(stream) == 0);
}

static void by_closefrom(int fd)
{
	closefrom(fd);
	require(fcntl(fd, F_GETFD) == -1);
}

static void by_close_range(int fd)
{
	require(close_range((unsigned)fd, (unsigned)fd, 0) == 0);
	require(fcntl(fd, F_GETFD) == -1);
}

/* Nothing is closed, and the calls that say so are not believed. */
static void by_not_closing(int fd)
{
	require(close_range((unsigned)fd, (unsigned)fd, CLOSE_RANGE_CLOEXEC) == 0);
	require(close_range((unsigned)fd, (unsigned)fd - 1, 0) == -1);
	require(close_range((unsigned)fd, (unsigned)fd, 64) == -1);
	require(close(-1) == -1);
	require(fcntl(fd, F_GETFD) == FD_CLOEXEC);
}

/* The descriptors of a gate lie below the connection's: closefrom() spares them. */
static void opener_closes(void (*by)(int fd))
{
	struct gate closed;
	struct gate used;
	int status;
	pid_t pid;
	int fd;

	gate_init(&closed);
	gate_init(&used);
	fd = peer_connect();
	pid = fork();
	require(pid >= 0);
	if (pid == 0) {
		gate_wait(&closed);
		peer_ping(fd);
		gate_tell(&used);
		_exit(0);
	}
	by(fd);
	gate_tell(&closed);
	gate_wait(&used);
	require(waitpid(pid, &status, 0) == pid && status == 0);
}

static void run_close(void)
{
	opener_closes(by_close);
}

static void run___close(void)
{
	opener_closes(by___close);
}

static void run_fclose(void)
{
	opener_closes(by_fclose);
}

static void run_closefrom(void)
{
	opener_closes(by_closefrom);
}

static void run_close_range(void)
{
	opener_closes(by_close_range);
}

static void run_not_closing(void)
{
	opener_closes(by_not_closing);
}

/* --- shutdown() ends the session for everybody
 * ---------------------------------------------------- */

static void end_session(int fd)
{
	require(shutdown(fd, SHUT_RDWR) == 0);
}

static void run_shutdown(void)
{
	run_child(end_session, peer_connect());
}

static void expect_goodbye(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "foreign-goodbye") == 1);
	expect(log_string(log, "foreign-goodbye", 0, "operation.call") != NULL &&
	       strcmp(log_string(log, "foreign-goodbye", 0, "operation.call"), "shutdown") == 0);
	expect(log_string(log, "foreign-goodbye", 0, "other.relation") != NULL &&
	       strcmp(log_string(log, "foreign-goodbye", 0, "other.relation"), "parent") == 0);
}

/* The opener's own goodbye, while an idle child has a copy. */
static void run_own_shutdown(void)
{
	struct gate over;
	int fd = peer_connect();
	pid_t pid;

	gate_init(&over);
	pid = fork();
	require(pid >= 0);
	if (pid == 0) {
		gate_wait(&over);
		_exit(0);
	}
	end_session(fd);
	gate_tell(&over);
	require(waitpid(pid, NULL, 0) == pid);
}

static void run_last_shutdown(void)
{
	struct gate closed;
	int fd = peer_connect();
	pid_t pid;

	gate_init(&closed);
	pid = fork();
	require(pid >= 0);
	if (pid == 0) {
		gate_wait(&closed);
		end_session(fd);
		_exit(0);
	}
	require(close(fd) == 0);
	gate_tell(&closed);
	require(waitpid(pid, NULL, 0) == pid);
}

static void shut_down_wrongly(int fd)
{
	require(shutdown(fd, 99) == -1 && errno == EINVAL);
}

static void run_wrong_shutdown(void)
{
	int fd = peer_connect();

	run_child(shut_down_wrongly, fd);
	peer_ping(fd);
}

/* *server: the other end of the connection, which has been spoken on.  A reset takes both
 * directions, the end of the stream that of the server. */
static int connect_to_own(int *server)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(in);
	char request[REQUEST_BYTES], reply[REPLY_BYTES];

	require(bind(listener, (struct sockaddr *)&in, len) == 0 && listen(listener, 1) == 0);
	require(getsockname(listener, (struct sockaddr *)&in, &len) == 0);
	require(connect(fd, (struct sockaddr *)&in, len) == 0);
	*server = accept(listener, NULL, NULL);
	require(send(fd, REQUEST, REQUEST_BYTES, 0) == REQUEST_BYTES);
	require(raw_read(*server, request, sizeof(request)) == REQUEST_BYTES);
	require(raw_write(*server, REPLY, REPLY_BYTES) == REPLY_BYTES);
	require(recv(fd, reply, sizeof(reply), 0) == REPLY_BYTES);
	return fd;
}

static void end_at_server(int server, bool resets)
{
	const struct linger at_once = {1, 0};

	if (resets)
		require(setsockopt(server, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) == 0);
	raw_close(server);
}

static void shut_down_what_was_reset(int fd)
{
	require(shutdown(fd, SHUT_RDWR) == -1 && errno == ENOTCONN);
}

static void meet_the_end(int fd)
{
	char byte;

	require(recv(fd, &byte, 1, 0) <= 0);
}

static void wait_for_end(int fd)
{
	struct pollfd end = {.fd = fd, .events = POLLRDHUP};

	require(poll(&end, 1, -1) == 1);
}

static void run_reset_by_server(void)
{
	int server, fd = connect_to_own(&server);

	end_at_server(server, true);
	wait_for_end(fd);
	run_child(shut_down_what_was_reset, fd);
}

/* The opener shuts down what the server has ended; its child needs the session, and blames nobody.
 */
static void run_ended_by_server(void)
{
	struct gate closed;
	int server, status, fd = connect_to_own(&server);
	pid_t pid;

	gate_init(&closed);
	pid = fork();
	require(pid >= 0);
	if (pid == 0) {
		raw_close(server);
		gate_wait(&closed);
		meet_the_end(fd);
		_exit(0);
	}
	end_at_server(server, false);
	wait_for_end(fd);
	end_session(fd);
	gate_tell(&closed);
	require(waitpid(pid, &status, 0) == pid && status == 0);
}

static void expect_hazard(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "inherited-use") > 0);
}

#define CASE(line)                                                                                 \
	{                                                                                          \
		.entry = #line, .name = "ends the hold", .run = run_##line,                        \
		.check = expect_nothing                                                            \
	}

static const struct entry_case cases[] = {
	CASE(close),
	CASE(__close),
	CASE(fclose),
	CASE(closefrom),
	CASE(close_range),
	{.entry = "shutdown",
	 .name = "is a goodbye, also for who holds the connection still",
	 .run = run_shutdown,
	 .check = expect_goodbye},
	{.name = "the opener may shut down beside an idle child",
	 .run = run_own_shutdown,
	 .check = expect_nothing},
	{.name = "the last holder may shut down",
	 .run = run_last_shutdown,
	 .check = expect_nothing},
	{.name = "a shutdown of no known direction is no goodbye",
	 .run = run_wrong_shutdown,
	 .check = expect_nothing},
	{.name = "one of what the server has reset is no goodbye",
	 .run = run_reset_by_server,
	 .check = expect_nothing},
	{.name = "nor one of what the server has ended",
	 .run = run_ended_by_server,
	 .check = expect_nothing},
	{.name = "calls that close nothing end no hold",
	 .run = run_not_closing,
	 .check = expect_hazard},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
