/* SPDX-License-Identifier: MIT */
/*
 * shim/entry/fd.c: a connection keeps its identity under every name, and loses it when something
 * else is put over it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

int __dup2(int fd, int copy);
int __fcntl(int fd, int command, ...);
int fcntl64(int fd, int command, ...);
int pidfd_getfd(int pidfd, int target, unsigned flags);

/* Each gives the connection another name, uses it by that, and by that alone. */

static void by_dup(int fd)
{
	int copy = dup(fd);

	require(copy > fd);
	peer_ping(copy);
}

static void by_dup2(int fd)
{
	require(dup2(fd, 100) == 100);
	peer_ping(100);
}

static void by___dup2(int fd)
{
	require(__dup2(fd, 100) == 100);
	peer_ping(100);
}

static void by_dup3(int fd)
{
	require(dup3(fd, 100, O_CLOEXEC) == 100);
	require(raw_close(fd) == 0);
	peer_ping(100);
}

static void use_copies(int fd, int (*function)(int fd, int command, ...))
{
	require(function(fd, F_DUPFD, 100) == 100);
	peer_ping(100);
	require(function(fd, F_DUPFD_CLOEXEC, 100) == 101);
	require(function(101, F_GETFD) == FD_CLOEXEC);
}

static void by_fcntl(int fd)
{
	use_copies(fd, fcntl);
}

static void by___fcntl(int fd)
{
	use_copies(fd, __fcntl);
}

static void by_fcntl64(int fd)
{
	use_copies(fd, fcntl64);
}

static void by_fcntl_cloexec(int fd)
{
	require(fcntl(fd, F_DUPFD_CLOEXEC, 100) == 100);
	peer_ping(100);
}

static void by_pidfd_getfd(int fd)
{
	int pidfd = (int)syscall(SYS_pidfd_open, getppid(), 0);
	int copy;

	require(pidfd >= 0);
	copy = pidfd_getfd(pidfd, fd, 0);
	require(copy >= 0);
	require(close(fd) == 0);
	peer_ping(copy);
}

#define SUBJECT(line)                                                                              \
	static void run_##line(void)                                                               \
	{                                                                                          \
		siblings_use(by_##line);                                                           \
	}
SUBJECT(dup)
SUBJECT(dup2)
SUBJECT(__dup2)
SUBJECT(dup3)
SUBJECT(fcntl)
SUBJECT(__fcntl)
SUBJECT(fcntl64)
SUBJECT(fcntl_cloexec)

/* Not every machine lets one process take another's descriptors. */
static void run_pidfd_getfd(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int fd = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, STDOUT_FILENO, 0);

	if (fd < 0)
		skip("pidfd_getfd is not allowed here");
	siblings_use(by_pidfd_getfd);
}

/* Rails and mysql2 disarm a child's inherited connection so; what it writes there goes nowhere. */
static void disarm_by(int (*put_over)(int fd, int copy), int fd)
{
	int nowhere = open("/dev/null", O_RDWR);

	require(put_over(nowhere, fd) == fd);
	require(send(fd, REQUEST, REQUEST_BYTES, 0) == -1);
	require(write(fd, REQUEST, REQUEST_BYTES) == REQUEST_BYTES);
}

static int call_dup3(int fd, int copy)
{
	return dup3(fd, copy, 0);
}

static void disarm_by_dup2(int fd)
{
	disarm_by(dup2, fd);
}

static void disarm_by_dup3(int fd)
{
	disarm_by(call_dup3, fd);
}

static void run_disarmed_by_dup2(void)
{
	siblings_use(disarm_by_dup2);
}

static void run_disarmed_by_dup3(void)
{
	siblings_use(disarm_by_dup3);
}

static void expect_disarmed(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "shared-use") == 0);
	expect(log_counter(log, "stale_fds") == 0);
}

/* A stream over a connection: its reads and writes happen inside libc and are counted as not seen.
 */
static void run_fdopen(void)
{
	int fd = peer_connect();
	FILE *stream = fdopen(fd, "r+");
	char reply[REPLY_BYTES + 1] = "";

	require(stream != NULL);
	require(fwrite(REQUEST, 1, REQUEST_BYTES, stream) == REQUEST_BYTES);
	require(fflush(stream) == 0);
	require(fgets(reply, sizeof(reply), stream) == reply);
	require(strcmp(reply, REPLY) == 0);
#ifdef __GLIBC__ /* musl does not look */
	require(fdopen(-1, "r") == NULL);
#endif
	require(fclose(stream) == 0);
}

static void expect_stream(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_counter(log, "lost_streams") == 1);
}

#define CASE(line)                                                                                 \
	{                                                                                          \
		.entry = #line, .name = "is the same connection", .run = run_##line,               \
		.check = expect_shared_use, .operation = "send"                                    \
	}

static const struct entry_case cases[] = {
	CASE(dup),
	CASE(dup2),
	CASE(__dup2),
	CASE(dup3),
	CASE(fcntl),
	CASE(__fcntl),
	CASE(fcntl64),
	{.entry = "fcntl",
	 .name = "F_DUPFD_CLOEXEC is the same connection",
	 .run = run_fcntl_cloexec,
	 .check = expect_shared_use,
	 .operation = "send"},
	CASE(pidfd_getfd),
	{.entry = "dup2",
	 .name = "of /dev/null disarms",
	 .run = run_disarmed_by_dup2,
	 .check = expect_disarmed},
	{.entry = "dup3",
	 .name = "of /dev/null disarms",
	 .run = run_disarmed_by_dup3,
	 .check = expect_disarmed},
	{.entry = "fdopen",
	 .name = "a stream is counted as not seen",
	 .run = run_fdopen,
	 .check = expect_stream},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
