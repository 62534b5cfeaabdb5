/* SPDX-License-Identifier: MIT */
/*
 * shim/entry/syscall.c: system calls by number are what their functions are, and all others pass.
 */
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

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

/* As in test_close.c: the child's use is a hazard unless the opener's close was seen. */
static void run_close(void)
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
	require(syscall(SYS_close, fd) == 0);
	gate_tell(&closed);
	gate_wait(&used);
	require(waitpid(pid, NULL, 0) == pid);
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
