/* SPDX-License-Identifier: MIT */
/*
 * shim/entry/syscall.c: system calls by number are what their functions are, and all others pass.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "base/kernel.h"
#include "peer.h"

static char reply[64];
static struct iovec reply_iov = {reply, sizeof(reply)};
static struct iovec request_iov = {(void *)(uintptr_t)REQUEST, REQUEST_BYTES};

static void require_reply(long got)
{
	require(got == REPLY_BYTES);
	require(memcmp(reply, REPLY, REPLY_BYTES) == 0);
}

static void by_read(int fd)
{
	raw_send_request(fd);
	require_reply(syscall(SYS_read, fd, reply, sizeof(reply)));
}

static void by_readv(int fd)
{
	raw_send_request(fd);
	require_reply(syscall(SYS_readv, fd, &reply_iov, 1));
}

static void by_recvfrom(int fd)
{
	raw_send_request(fd);
	require_reply(syscall(SYS_recvfrom, fd, reply, sizeof(reply), 0, NULL, NULL));
}

static void by_recvmsg(int fd)
{
	struct msghdr message = {.msg_iov = &reply_iov, .msg_iovlen = 1};

	raw_send_request(fd);
	require_reply(syscall(SYS_recvmsg, fd, &message, 0));
}

static void finish(int fd, long sent)
{
	require(sent == REQUEST_BYTES);
	raw_receive_reply(fd);
}

static void by_write(int fd)
{
	finish(fd, syscall(SYS_write, fd, REQUEST, REQUEST_BYTES));
}

static void by_writev(int fd)
{
	finish(fd, syscall(SYS_writev, fd, &request_iov, 1));
}

static void by_sendto(int fd)
{
	finish(fd, syscall(SYS_sendto, fd, REQUEST, REQUEST_BYTES, 0, NULL, 0));
}

static void by_sendmsg(int fd)
{
	struct msghdr message = {.msg_iov = &request_iov, .msg_iovlen = 1};

	finish(fd, syscall(SYS_sendmsg, fd, &message, 0));
}

static void by_recvmmsg(int fd)
{
	struct mmsghdr message = {.msg_hdr = {.msg_iov = &reply_iov, .msg_iovlen = 1}};

	raw_send_request(fd);
	require(syscall(SYS_recvmmsg, fd, &message, 1, 0, NULL) == 1);
	require_reply(message.msg_len);
}

static void by_sendmmsg(int fd)
{
	struct mmsghdr message = {.msg_hdr = {.msg_iov = &request_iov, .msg_iovlen = 1}};

	require(syscall(SYS_sendmmsg, fd, &message, 1, 0) == 1);
	finish(fd, message.msg_len);
}

static void use_copy(int fd, long copy)
{
	require(copy >= 0 && copy != fd);
	require(close(fd) == 0);
	peer_ping((int)copy);
}

static void by_dup(int fd)
{
	use_copy(fd, syscall(SYS_dup, fd));
}

#ifdef SYS_dup2
static void by_dup2(int fd)
{
	use_copy(fd, syscall(SYS_dup2, fd, 100));
}
#endif

static void by_dup3(int fd)
{
	use_copy(fd, syscall(SYS_dup3, fd, 100, O_CLOEXEC));
}

static void by_fcntl(int fd)
{
	use_copy(fd, syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 100));
}

static void by_pidfd_getfd(int fd)
{
	long pidfd = syscall(SYS_pidfd_open, getppid(), 0);

	use_copy(fd, syscall(SYS_pidfd_getfd, pidfd, fd, 0));
}

#define SUBJECT(number)                                                                            \
	static void run_##number(void)                                                             \
	{                                                                                          \
		siblings_use(by_##number);                                                         \
	}
SUBJECT(read)
SUBJECT(readv)
SUBJECT(recvfrom)
SUBJECT(recvmsg)
SUBJECT(write)
SUBJECT(writev)
SUBJECT(sendto)
SUBJECT(sendmsg)
SUBJECT(recvmmsg)
SUBJECT(sendmmsg)
SUBJECT(dup)
#ifdef SYS_dup2
SUBJECT(dup2)
#endif
SUBJECT(dup3)
SUBJECT(fcntl)

/* Not every machine lets one process take another's descriptors. */
static void run_pidfd_getfd(void)
{
	long pidfd = syscall(SYS_pidfd_open, getpid(), 0);

	if (pidfd < 0 || syscall(SYS_pidfd_getfd, pidfd, STDOUT_FILENO, 0) < 0)
		skip("pidfd_getfd is not allowed here");
	siblings_use(by_pidfd_getfd);
}

static void run_connect(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	in.sin_port = htons((uint16_t)atoi(getenv(PEER_PORT_VARIABLE)));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	require(syscall(SYS_connect, fd, &in, sizeof(in)) == 0);
	peer_ping(fd);
	run_child(peer_ping, fd);
	run_child(peer_ping, fd);
}

/* A child that was forked before the connection was opened gets it in a message; both use it. */
static void run_received(void)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS}};
	char byte = 'f';
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int channel[2], fd;
	pid_t pid;

	require(socketpair(AF_UNIX, SOCK_STREAM, 0, channel) == 0);
	pid = fork();
	require(pid >= 0);
	if (pid == 0) {
		require(syscall(SYS_recvmsg, channel[1], &message, 0) == 1);
		memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
		peer_ping(fd);
		_exit(0);
	}
	fd = peer_connect();
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	require(sendmsg(channel[0], &message, 0) == 1);
	require(waitpid(pid, NULL, 0) == pid);
	peer_ping(fd);
}

/* The giver has closed its own before the receiver takes what is on its way. */
static void run_passed_in_many(void)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS}};
	char byte = 'f';
	struct iovec iov = {&byte, 1};
	struct mmsghdr message = {.msg_hdr = {.msg_iov = &iov,
					      .msg_iovlen = 1,
					      .msg_control = &control,
					      .msg_controllen = sizeof(control)}};
	struct gate given;
	int channel[2], fd, status;
	pid_t pid;

	gate_init(&given);
	require(socketpair(AF_UNIX, SOCK_STREAM, 0, channel) == 0);
	pid = fork();
	require(pid >= 0);
	if (pid == 0) {
		gate_wait(&given);
		require(syscall(SYS_recvmmsg, channel[1], &message, 1, 0, NULL) == 1);
		memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
		peer_ping(fd);
		run_child(peer_ping, fd);
		peer_ping(fd);
		_exit(0);
	}
	fd = peer_connect();
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	require(syscall(SYS_sendmmsg, channel[0], &message, 1, 0) == 1);
	require(close(fd) == 0);
	gate_tell(&given);
	require(waitpid(pid, &status, 0) == pid && status == 0);
}

static void expect_child(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "shared-use") == 1);
	expect(log_string(log, "shared-use", 0, "other.relation") != NULL &&
	       strcmp(log_string(log, "shared-use", 0, "other.relation"), "child") == 0);
}

static void shut_down(int fd)
{
	require(syscall(SYS_shutdown, fd, SHUT_WR) == 0);
}

static void run_shutdown(void)
{
	run_child(shut_down, peer_connect());
}

static void expect_goodbye(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "foreign-goodbye") == 1);
}

/* As in test_close.c: the child's use is a hazard unless the opener's close was seen. */
static void close_by(long (*end)(int fd))
{
	struct gate closed;
	struct gate used;
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
	require(end(fd) == 0);
	gate_tell(&closed);
	gate_wait(&used);
	require(waitpid(pid, NULL, 0) == pid);
}

static long end_by_close(int fd)
{
	return syscall(SYS_close, fd);
}

static long end_by_range(int fd)
{
	return syscall(SYS_close_range, fd, fd, 0);
}

static void run_close(void)
{
	close_by(end_by_close);
}

static void run_close_range(void)
{
	if (syscall(SYS_close_range, 1000, 1000, 0) != 0)
		skip("no close_range here");
	close_by(end_by_range);
}

/* As in test_proc.c: the parent uses the connection after the fork, then the child does. */
static void parent_then_child(long (*make)(void))
{
	struct gate parent_used;
	int status;
	int fd;
	pid_t pid;

	gate_init(&parent_used);
	fd = peer_connect();
	pid = (pid_t)make();
	require(pid >= 0);
	if (pid == 0) {
		gate_wait(&parent_used);
		peer_ping(fd);
		_exit(0);
	}
	peer_ping(fd);
	gate_tell(&parent_used);
	require(waitpid(pid, &status, 0) == pid && status == 0);
}

#ifdef SYS_fork
static long make_by_fork(void)
{
	return syscall(SYS_fork);
}

static void run_fork(void)
{
	parent_then_child(make_by_fork);
}
#endif

static long make_by_clone(void)
{
	return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static void run_clone(void)
{
	parent_then_child(make_by_clone);
}

static long make_by_clone3(void)
{
	struct clone_args arguments = {.exit_signal = SIGCHLD};
	long pid = syscall(SYS_clone3, &arguments, sizeof(arguments));

	if (pid < 0 && errno == ENOSYS)
		skip("clone3 is not allowed here");
	return pid;
}

static void run_clone3(void)
{
	parent_then_child(make_by_clone3);
}

static void expect_parent(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "shared-use") == 1);
	expect(log_string(log, "shared-use", 0, "other.relation") != NULL &&
	       strcmp(log_string(log, "shared-use", 0, "other.relation"), "parent") == 0);
}

/* All numbers pass, with all their arguments and errors. */
static void run_others(void)
{
	long address;

	require(syscall(SYS_getpid) == getpid());
	address = syscall(SYS_mmap, NULL, 4096L, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
	require(address != -1 && *(volatile char *)address == 0);
	require(syscall(SYS_munmap, address, 4096L) == 0);
	require(syscall(-1) == -1 && errno == ENOSYS);
	require(syscall(100000) == -1 && errno == ENOSYS);
	require(syscall(SYS_read, -1, NULL, 0) == -1 && errno == EBADF);
	require(syscall(SYS_close, 100000000) == -1 && errno == EBADF);
	require(syscall(SYS_clone3, NULL, 0) == -1 && (errno == EINVAL || errno == ENOSYS));
	require(syscall(SYS_clone3, 8, 64) == -1 && (errno == EFAULT || errno == ENOSYS));
	errno = 0;
	require(syscall(SYS_getppid) == getppid() && errno == 0);
}

/* Rings move bytes unseen: that one was made is counted, whether or not the kernel allows it. */
static void run_ring(void)
{
	char parameters[256] = {0};

	peer_connect();
	syscall(SYS_io_uring_setup, 1, parameters);
}

static void expect_ring(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_counter(log, "io_uring") == 1);
}

static void make_ring(int fd)
{
	char parameters[256] = {0};

	(void)fd;
	syscall(SYS_io_uring_setup, 1, parameters);
}

/* Parent and child each have one of their own. */
static void run_rings(void)
{
	int fd = peer_connect();

	make_ring(fd);
	make_ring(fd);
	run_child(make_ring, fd);
}

static void expect_two_rings(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_counter(log, "io_uring") == 2);
}

#define CASE(number)                                                                               \
	{                                                                                          \
		.entry = "syscall", .name = #number " is a use", .run = run_##number,              \
		.check = expect_shared_use                                                         \
	}

static const struct entry_case cases[] = {
	CASE(read),
	CASE(readv),
	CASE(recvfrom),
	CASE(recvmsg),
	CASE(write),
	CASE(writev),
	CASE(sendto),
	CASE(sendmsg),
	CASE(recvmmsg),
	CASE(sendmmsg),
#define COPY(number)                                                                               \
	{                                                                                          \
		.entry = "syscall", .name = #number " gives a copy", .run = run_##number,          \
		.check = expect_shared_use, .operation = "send"                                    \
	}
	COPY(dup),
#ifdef SYS_dup2
	COPY(dup2),
#endif
	COPY(dup3),
	COPY(fcntl),
	COPY(pidfd_getfd),
	{.entry = "syscall",
	 .name = "connect begins a connection",
	 .run = run_connect,
	 .check = expect_shared_use,
	 .operation = "send"},
	{.entry = "syscall",
	 .name = "recvmsg brings a connection",
	 .run = run_received,
	 .check = expect_child},
	{.entry = "syscall",
	 .name = "sendmmsg and recvmmsg pass a connection",
	 .run = run_passed_in_many,
	 .check = expect_child},
	{.entry = "syscall",
	 .name = "shutdown is a goodbye",
	 .run = run_shutdown,
	 .check = expect_goodbye},
	{.entry = "syscall",
	 .name = "close_range ends the hold",
	 .run = run_close_range,
	 .check = expect_nothing},
	{.entry = "syscall",
	 .name = "close ends the hold",
	 .run = run_close,
	 .check = expect_nothing},
#ifdef SYS_fork
	{.entry = "syscall",
	 .name = "fork begins an epoch",
	 .run = run_fork,
	 .check = expect_parent},
#endif
	{.entry = "syscall",
	 .name = "clone begins an epoch",
	 .run = run_clone,
	 .check = expect_parent},
	{.entry = "syscall",
	 .name = "clone3 begins an epoch",
	 .run = run_clone3,
	 .check = expect_parent},
	{.entry = "syscall",
	 .name = "io_uring_setup is counted",
	 .run = run_ring,
	 .check = expect_ring},
	{.entry = "syscall",
	 .name = "io_uring_setup is counted for parent and child",
	 .run = run_rings,
	 .check = expect_two_rings},
	{.name = "all other numbers pass", .run = run_others},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
