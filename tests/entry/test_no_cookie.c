/* SPDX-License-Identifier: MIT */
/*
 * A kernel without SO_COOKIE (before Linux 4.12, qemu-user, gVisor): a seccomp filter answers
 * ENOPROTOOPT to the question, as such kernels do.  The socket's inode is the identity then, and
 * everything is found that is found elsewhere.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"
#include "base/sys.h"

/* By a system call of the test's own, so that the shim knows of no sandbox. */
static void hide_cookies(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsockopt, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SO_COOKIE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOPROTOOPT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	sandbox_unseen(filter, sizeof(filter) / sizeof(filter[0]));
}

static void run_siblings(void)
{
	hide_cookies();
	siblings_use(peer_ping);
}

static void expect_found(const struct log *log, const struct entry_case *self)
{
	expect_shared_use(log, self);
	expect(log_counter(log, "connections_watched") == 1);
	expect(log_counter(log, "stale_fds") == 0);
	expect(log_counter(log, "sandboxed") == 0);
}

static void run_own(void)
{
	int fd;

	hide_cookies();
	fd = peer_connect();
	peer_ping(fd);
}

/* The number of a connection that was closed unseen is another socket's: another inode. */
static void ping_another(int fd)
{
	int other = peer_connect();

	raw_close(fd);
	require(dup(other) == fd);
	peer_ping(fd);
}

static void run_reused(void)
{
	int fd;

	hide_cookies();
	fd = peer_connect();
	run_child(peer_ping, fd);
	run_child(ping_another, fd);
}

/* Of the first connection's: the hazard, and that the second child has it open. */
static void expect_no_violation(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "inherited-use") == 1);
	expect(log_count(log, "open-at-fork") == 1);
	expect(log_count(log, NULL) == 2);
	expect(log_counter(log, "connections_watched") == 2);
}

/* The program after exec finds its connection in the session. */
static void run_exec(void)
{
	const char *came = getenv("CAME");
	int fd;

	if (came == NULL) {
		hide_cookies();
		fd = peer_connect();
		run_child(peer_ping, fd);
		subject_start_again("CAME", fd);
	}
	peer_ping(atoi(came));
}

static void expect_heir(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_counter(log, "connections_watched") == 1);
	expect(log_count(log, "shared-use") == 1);
}

static const struct entry_case cases[] = {
	{.name = "siblings are found",
	 .run = run_siblings,
	 .check = expect_found,
	 .operation = "send"},
	{.name = "one's own connection is watched", .run = run_own, .check = expect_nothing},
	{.name = "a number that is another socket's now is no use",
	 .run = run_reused,
	 .check = expect_no_violation},
	{.name = "a connection comes through exec", .run = run_exec, .check = expect_heir},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
