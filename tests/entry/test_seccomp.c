/* SPDX-License-Identifier: MIT */
/*
 * Sandboxes: row 22 of the pitfalls.  A program that allows itself only the system calls that it
 * needs needs no more of them with us, as long as it uses its own connections; and where we do need
 * one, a refusal changes nothing for the program.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"
#include "base/sys.h"

#define ALLOW(number)                                                                              \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1),                                       \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static int enter_by_prctl(struct sock_fprog *program)
{
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program);
}

/* Not by a function of libc: we do not see it. */
static int enter_unseen(struct sock_fprog *program)
{
	return (int)sys_call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, (long)(uintptr_t)program, 0,
			     0, 0);
}

/* From now on only what peer_ping(), kill() and the end of a process need. */
static void sandbox(int (*enter)(struct sock_fprog *program), uint32_t otherwise)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_sendto),
		ALLOW(SYS_recvfrom),
		ALLOW(SYS_write),
		ALLOW(SYS_kill),
		ALLOW(SYS_rt_sigreturn),
		ALLOW(SYS_exit),
		ALLOW(SYS_exit_group),
		BPF_STMT(BPF_RET | BPF_K, otherwise),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (enter(&program) < 0)
		skip("seccomp is not allowed here");
}

/* A system call too many kills. */
static void run_own_connection(void)
{
	int fd = peer_connect();

	for (int i = 0; i < 3; i++)
		peer_ping(fd);
	sandbox(enter_by_prctl, SECCOMP_RET_KILL_PROCESS);
	for (int i = 0; i < 100; i++)
		peer_ping(fd);
	sys_call(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}

/* The signal, which ends no process here, could have been one's own end. */
static void run_kill(void)
{
	pid_t self = getpid();

	peer_connect();
	require(signal(SIGTERM, SIG_IGN) != SIG_ERR);
	sandbox(enter_by_prctl, SECCOMP_RET_KILL_PROCESS);
	require(kill(self, SIGTERM) == 0);
	sys_call(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}

/* A system call too many fails, with an errno that no other does. */
static void ping_refused_in(int (*enter)(struct sock_fprog *program), int fd)
{
	sandbox(enter, SECCOMP_RET_ERRNO | ENOTNAM);
	for (int i = 0; i < 10; i++)
		peer_ping(fd);
	errno = 0;
	require(send(fd, REQUEST, REQUEST_BYTES, 0) == REQUEST_BYTES && errno == 0);
	raw_receive_reply(fd);
}

static void ping_refused(int fd)
{
	ping_refused_in(enter_by_prctl, fd);
}

static void ping_refused_unseen(int fd)
{
	ping_refused_in(enter_unseen, fd);
}

static void run_refused_unseen(void)
{
	int fd = peer_connect();

	run_child(peer_ping, fd);
	run_child(ping_refused_unseen, fd);
}

static void run_refused(void)
{
	int fd = peer_connect();

	run_child(peer_ping, fd);
	run_child(ping_refused, fd);
}

/* Strict seccomp: read, write and exit. */
static void ping_by_read_and_write(int fd)
{
	char reply[REPLY_BYTES];

	require(write(fd, REQUEST, REQUEST_BYTES) == REQUEST_BYTES);
	for (size_t got = 0; got < sizeof(reply);) {
		ssize_t n = read(fd, reply + got, sizeof(reply) - got);

		require(n > 0);
		got += (size_t)n;
	}
	sys_call(SYS_exit, 0, 0, 0, 0, 0, 0);
}

/* An inherited connection would take system calls of ours, had we not been told. */
static void strict_by_prctl(int fd)
{
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
		skip("seccomp is not allowed here");
	ping_by_read_and_write(fd);
}

static void strict_by_syscall(int fd)
{
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL) != 0)
		skip("seccomp is not allowed here");
	ping_by_read_and_write(fd);
}

/* The filter answers nothing: it asks a supervisor, whose descriptor the call returns.  A thread
 * that could not be brought along is a number above zero too, and no sandbox. */
static void listened_to(int fd)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_sendto),
		ALLOW(SYS_recvfrom),
		ALLOW(SYS_write),
		ALLOW(SYS_connect),
		ALLOW(SYS_exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
	struct sockaddr address = {.sa_family = AF_UNSPEC};
	int other = socket(AF_UNIX, SOCK_STREAM, 0);

	require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
		    &program) < 0)
		skip("seccomp with a listener is not allowed here");
	connect(other, &address, sizeof(address));
	raw_ping(fd);
	sys_call(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}

static void run_listener(void)
{
	run_child(listened_to, peer_connect());
}

static void run_prctl(void)
{
	run_child(strict_by_prctl, peer_connect());
}

static void run_syscall(void)
{
	run_child(strict_by_syscall, peer_connect());
}

static void expect_sandboxed(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_counter(log, "sandboxed") == 1);
	expect(log_counter(log, "stale_fds") == 0);
}

static const struct entry_case cases[] = {
	{.entry = "prctl",
	 .name = "no system call of ours in a strict sandbox",
	 .run = run_prctl,
	 .check = expect_sandboxed},
	{.entry = "syscall",
	 .name = "seccomp(2) is seen",
	 .run = run_syscall,
	 .check = expect_sandboxed},
	{.entry = "syscall",
	 .name = "seccomp(2) with a listener is seen",
	 .run = run_listener,
	 .check = expect_sandboxed},
	{.name = "its own connection takes no system call of ours", .run = run_own_connection},
	{.name = "kill() takes no system call of ours", .run = run_kill},
	{.name = "an inherited one works although ours are refused", .run = run_refused},
	{.name = "a sandbox that nobody told of is no closed descriptor",
	 .run = run_refused_unseen,
	 .check = expect_sandboxed},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
