/* SPDX-License-Identifier: MIT */
/*
 * shim/registry/liveness.c: a process that was killed in another pid namespace holds nothing: seen
 * from outside, from inside, and from a namespace whose /proc is still its parent's.
 *
 * In each case the opener lets go of the connection, and its heir uses what it has inherited: a
 * hazard as long as anybody else holds the connection, and none afterwards.
 */
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

/* What the first process of a new namespace is given. */
struct inner {
	int fd;
	struct gate ready; /* told by the inner process */
	struct gate go;	   /* told to it */
};

static void inner_init(struct inner *inner, int fd)
{
	inner->fd = fd;
	gate_init(&inner->ready);
	gate_init(&inner->go);
}

static pid_t enter_namespace(int (*run)(void *), int flags, struct inner *inner)
{
	static char stack[256 * 1024] __attribute__((aligned(16)));
	pid_t pid = clone(run, stack + sizeof stack, CLONE_NEWPID | flags | SIGCHLD, inner);

	if (pid < 0)
		skip("pid namespaces are not allowed here");
	return pid;
}

static void expect_end(pid_t pid)
{
	int status;

	require(waitpid(pid, &status, 0) == pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip("pid namespaces are not allowed here");
	require(status == 0);
}

static void kill_and_reap(pid_t pid)
{
	int status;

	require(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip("its child said why");
	require(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Opens a connection and lets go of it; runs function(fd) in a child that has inherited it. */
static pid_t start_heir(void (*function)(int fd))
{
	int fd = peer_connect();
	struct gate alone;
	pid_t pid;

	gate_init(&alone);
	pid = fork();
	require(pid >= 0);
	if (pid == 0) {
		gate_wait(&alone);
		function(fd);
		_exit(0);
	}
	close(fd);
	gate_tell(&alone);
	return pid;
}

/* --- from outside ------------------------------------------------------------------------------
 */

static int hold(void *argument)
{
	struct inner *inner = argument;

	require(getpid() == 1);
	gate_tell(&inner->ready);
	gate_wait(&inner->go);
	_exit(0);
}

static int hold_with_own_proc(void *argument)
{
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) != 0)
		skip("/proc cannot be mounted here");
	return hold(argument);
}

static void use_beside_killed(int (*run)(void *), int flags, int fd)
{
	struct inner inner;
	pid_t pid;

	inner_init(&inner, fd);
	pid = enter_namespace(run, flags, &inner);
	gate_wait(&inner.ready);
	kill_and_reap(pid);
	peer_ping(fd);
}

static void heir_of_killed(int fd)
{
	use_beside_killed(hold, 0, fd);
}

static void heir_of_killed_with_proc(int fd)
{
	use_beside_killed(hold_with_own_proc, CLONE_NEWNS, fd);
}

static void heir_of_living(int fd)
{
	struct inner inner;
	pid_t pid;

	inner_init(&inner, fd);
	pid = enter_namespace(hold, 0, &inner);
	gate_wait(&inner.ready);
	peer_ping(fd);
	gate_tell(&inner.go);
	expect_end(pid);
}

static void run_killed(void)
{
	expect_end(start_heir(heir_of_killed));
}

static void run_killed_with_proc(void)
{
	expect_end(start_heir(heir_of_killed_with_proc));
}

static void run_living(void)
{
	expect_end(start_heir(heir_of_living));
}

/* Its parent in the namespace lets go of the connection and lives on. */
static int lose_child(void *argument)
{
	struct inner *inner = argument;
	struct inner child;
	pid_t pid;

	inner_init(&child, inner->fd);
	pid = fork();
	require(pid >= 0);
	if (pid == 0) {
		gate_tell(&child.ready);
		for (;;)
			pause();
	}
	gate_wait(&child.ready);
	kill_and_reap(pid);
	close(inner->fd);
	return hold(inner);
}

/* With its own /proc it cannot say by which pid its child is known outside. */
static int lose_child_with_own_proc(void *argument)
{
	struct inner *inner = argument;

	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) != 0)
		skip("/proc cannot be mounted here");
	gate_tell(&inner->go); /* for hold() */
	return lose_child(inner);
}

/* With the first process of the namespace all others have ended. */
static void heir_of_namespace(int fd)
{
	struct inner inner;
	pid_t pid;

	inner_init(&inner, fd);
	pid = enter_namespace(lose_child_with_own_proc, CLONE_NEWNS, &inner);
	expect_end(pid);
	peer_ping(fd);
}

static void run_namespace_over(void)
{
	expect_end(start_heir(heir_of_namespace));
}

static void heir_of_grandchild(int fd)
{
	struct inner inner;
	pid_t pid;

	inner_init(&inner, fd);
	pid = enter_namespace(lose_child, 0, &inner);
	gate_wait(&inner.ready);
	peer_ping(fd);
	gate_tell(&inner.go);
	expect_end(pid);
}

static void run_grandchild(void)
{
	expect_end(start_heir(heir_of_grandchild));
}

/* --- from inside -------------------------------------------------------------------------------
 */

/* Process 2 of the namespace is another one in /proc. */
static int use_beside_zombie(void *argument)
{
	struct inner *inner = argument;
	siginfo_t info;
	pid_t pid = fork();

	require(pid >= 0);
	if (pid == 0) {
		gate_tell(&inner->ready);
		for (;;)
			pause();
	}
	gate_wait(&inner->ready);
	require(kill(pid, SIGKILL) == 0);
	require(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
	gate_wait(&inner->go);
	peer_ping(inner->fd);
	_exit(0);
}

static void heir_with_zombie(int fd)
{
	struct inner inner;
	pid_t pid;

	inner_init(&inner, fd);
	pid = enter_namespace(use_beside_zombie, 0, &inner);
	close(fd);
	gate_tell(&inner.go);
	expect_end(pid);
}

static void run_zombie(void)
{
	expect_end(start_heir(heir_with_zombie));
}

/* The second process that is born in a namespace which no function of libc's has made. */
static void heir_in_raw_namespace(int fd)
{
	struct inner first;
	pid_t pids[2];

	inner_init(&first, fd);
	if (syscall(SYS_unshare, CLONE_NEWPID) < 0)
		skip("pid namespaces are not allowed here");
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		require(pids[i] >= 0);
		if (pids[i] == 0 && i == 0)
			hold(&first);
		if (pids[i] == 0) {
			gate_wait(&first.ready);
			require(getpid() == 2);
			peer_ping(fd);
			_exit(0);
		}
	}
	close(fd);
	expect_end(pids[1]);
	gate_tell(&first.go); /* with its first process the namespace ends */
	expect_end(pids[0]);
}

static void run_raw_namespace(void)
{
	expect_end(start_heir(heir_in_raw_namespace));
}

static struct inner orphan;

static int use_as_orphan(void *argument)
{
	struct inner *inner = argument;

	gate_tell(&inner->ready);
	gate_wait(&inner->go);
	peer_ping(inner->fd);
	gate_tell(&inner->ready);
	_exit(0);
}

static void make_orphan(int fd)
{
	orphan.fd = fd;
	enter_namespace(use_as_orphan, 0, &orphan);
	for (;;)
		pause();
}

static void run_parent_killed(void)
{
	char byte;
	pid_t pid;

	inner_init(&orphan, -1);
	pid = start_heir(make_orphan);
	/* The orphan is told by this process, and holds the only other end of `ready`. */
	require(raw_close(orphan.ready.ends[1]) == 0);
	if (raw_read(orphan.ready.ends[0], &byte, 1) != 1) {
		expect_end(pid);
		require(false);
	}
	kill_and_reap(pid);
	gate_tell(&orphan.go);
	require(raw_read(orphan.ready.ends[0], &byte, 1) == 1);
}

/* --- verdicts ----------------------------------------------------------------------------------
 */

static void expect_no_hazard(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_counter(log, "connections_watched") == 1);
	expect(log_count(log, "inherited-use") == 0);
	expect(log_count(log, "shared-use") == 0);
}

static void expect_hazard(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "inherited-use") == 1);
	expect(log_count(log, "shared-use") == 0);
}

static const struct entry_case cases[] = {
	{.name = "a process that lives in a namespace holds what it has inherited",
	 .run = run_living,
	 .check = expect_hazard},
	{.name = "a process that was killed in a namespace holds nothing",
	 .run = run_killed,
	 .check = expect_no_hazard},
	{.name = "a process that was killed in a namespace with its own /proc holds nothing",
	 .run = run_killed_with_proc,
	 .check = expect_no_hazard},
	{.name = "a child that was killed within a namespace holds nothing",
	 .run = run_grandchild,
	 .check = expect_no_hazard},
	{.name = "a child that was killed within a namespace that is over holds nothing",
	 .run = run_namespace_over,
	 .check = expect_no_hazard},
	{.name = "a zombie is seen where /proc is the outer namespace's",
	 .run = run_zombie,
	 .check = expect_no_hazard},
	{.entry = "syscall",
	 .name = "a namespace made by a system call is another",
	 .run = run_raw_namespace,
	 .check = expect_hazard},
	{.name = "a parent that was killed outside of the namespace holds nothing",
	 .run = run_parent_killed,
	 .check = expect_no_hazard},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
