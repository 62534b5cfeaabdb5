/* SPDX-License-Identifier: MIT */
/*
 * Children that share our memory, and children that nobody announced: rows 11 and 12 of the
 * pitfalls.
 *
 * A vfork child has its own descriptors and its parent's memory: whatever it does to descriptors
 * must change nothing of what we believe of the parent.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "base/sys.h"

extern char **environ;

static char true_path[] = "/bin/true";
static char *const arguments[] = {true_path, NULL};

static void wait_for(pid_t pid)
{
	int status;

	require(waitpid(pid, &status, 0) == pid && status == 0);
}

/* The parent's connection is what it was, for us and for the parent. */
static void still_ours(int fd)
{
	peer_ping(fd);
	run_child(peer_ping, fd);
	run_child(peer_ping, fd);
}

/* --- vfork and its kin
 * ------------------------------------------------------------------------------ */

static void run_vfork(void)
{
	int fd = peer_connect();
	int nowhere = open("/dev/null", O_RDWR);
	int other = peer_connect_only(0);
	pid_t pid = vfork();

	if (pid == 0) {
		/* What CPython's subprocess does between vfork and exec. */
		dup2(nowhere, fd);
		close(other);
		dup(nowhere);
		fcntl(nowhere, F_DUPFD_CLOEXEC, 50);
		close_range(3, 40, 0);
		execv(true_path, arguments);
		_exit(1);
	}
	require(pid > 0);
	wait_for(pid);
	still_ours(fd);
}

/* The child's write is not to its parent's connection, which the write finds used by another. */
static void vfork_and_write(int fd)
{
	int nowhere = open("/dev/null", O_RDWR);
	pid_t pid = vfork();

	if (pid == 0) {
		dup2(nowhere, fd);
		_exit(write(fd, "", 1) == 1 ? 0 : 1);
	}
	require(pid > 0);
	wait_for(pid);
	peer_ping(fd);
}

static void run_vfork_write(void)
{
	siblings_use(vfork_and_write);
}

static void run_vfork_exit(void)
{
	int fd = peer_connect();
	pid_t pid = vfork();

	if (pid == 0) {
		close(fd);
		_exit(0);
	}
	require(pid > 0);
	wait_for(pid);
	still_ours(fd);
}

static void run_vfork_exec_fails(void)
{
	int fd = peer_connect();
	pid_t pid = vfork();

	if (pid == 0) {
		execl("/nonexistent", "nonexistent", (char *)NULL);
		_exit(errno == ENOENT ? 0 : 1);
	}
	require(pid > 0);
	wait_for(pid);
	still_ours(fd);
}

static int close_and_exit(void *fd)
{
	close(*(int *)fd);
	_exit(0);
}

/* As musl's and glibc's posix_spawn are made: a stack of its own, memory shared. */
static void run_clone_vfork(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	int fd = peer_connect();
	pid_t pid =
		clone(close_and_exit, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &fd);

	require(pid > 0);
	wait_for(pid);
	still_ours(fd);
}

static void run_spawn(void)
{
	posix_spawn_file_actions_t actions;
	int fd = peer_connect();
	pid_t pid;

	require(posix_spawn_file_actions_init(&actions) == 0);
	require(posix_spawn_file_actions_addclose(&actions, fd) == 0);
	require(posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, fd) == 0);
	require(posix_spawn(&pid, true_path, &actions, NULL, arguments, environ) == 0);
	posix_spawn_file_actions_destroy(&actions);
	wait_for(pid);
	still_ours(fd);
}

static void run_system(void)
{
	int fd = peer_connect();
	char command[64];

	snprintf(command, sizeof(command), "exec %d>&-; exit 3", fd);
	require(WEXITSTATUS(system(command)) == 3);
	still_ours(fd);
}

static void run_popen(void)
{
	int fd = peer_connect();
	char line[32] = "";
	FILE *stream = popen("echo from the shell", "r");

	require(stream != NULL);
	require(fgets(line, sizeof(line), stream) == line);
	printf("%s", line);
	require(pclose(stream) == 0);
	still_ours(fd);
}

/* --- a new process whose first act is one of these ----------------------------------------------
 */

static void vfork_first(int fd)
{
	int nowhere = open("/dev/null", O_RDWR);
	pid_t pid = vfork();

	if (pid == 0) {
		dup2(nowhere, fd);
		close(fd);
		execv(true_path, arguments);
		_exit(1);
	}
	require(pid > 0);
	wait_for(pid);
}

static void vfork_and_exit_first(int fd)
{
	pid_t pid = vfork();

	if (pid == 0) {
		close(fd);
		_exit(0);
	}
	require(pid > 0);
	wait_for(pid);
}

static void clone_first(int fd)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t pid =
		clone(close_and_exit, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &fd);

	require(pid > 0);
	wait_for(pid);
}

static void spawn_first(int fd)
{
	pid_t pid;

	(void)fd;
	require(posix_spawn(&pid, true_path, NULL, NULL, arguments, environ) == 0);
	wait_for(pid);
}

static void system_first(int fd)
{
	(void)fd;
	require(system("exit 0") == 0);
}

static void popen_first(int fd)
{
	FILE *stream = popen("exit 0", "r");

	(void)fd;
	require(stream != NULL && pclose(stream) == 0);
}

/* What comes after it: a use of the inherited connection, and one that the worker opens itself,
 * which its child uses too. */
static void work_after(void (*first)(int fd), int fd)
{
	int own;

	first(fd);
	peer_ping(fd);
	own = peer_connect();
	run_child(peer_ping, own);
	peer_ping(own);
}

#define FIRST(act)                                                                                 \
	static void work_after_##act(int fd)                                                       \
	{                                                                                          \
		work_after(act##_first, fd);                                                       \
	}                                                                                          \
	static void run_##act##_first(void)                                                        \
	{                                                                                          \
		siblings_use(work_after_##act);                                                    \
	}

FIRST(vfork)
FIRST(vfork_and_exit)
FIRST(clone)
FIRST(spawn)
FIRST(system)
FIRST(popen)

static void expect_worker(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "shared-use") == 2);
	expect(log_counter(log, "connections_watched") == 2);
	expect(log_counter(log, "lost_processes") == 0);
}

/* --- forks that nobody announced
 * --------------------------------------------------------------------- */

static pid_t raw_clone(void)
{
	return (pid_t)sys_call(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
}

static void run_raw_clone(void)
{
	int fd = peer_connect();
	pid_t pid = raw_clone();

	require(pid >= 0);
	if (pid == 0) {
		peer_ping(fd);
		sys_call(SYS_exit_group, 0, 0, 0, 0, 0, 0);
	}
	wait_for(pid);
	peer_ping(fd);
}

static void expect_child(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "shared-use") == 1);
	expect(log_string(log, "shared-use", 0, "other.relation") != NULL &&
	       strcmp(log_string(log, "shared-use", 0, "other.relation"), "child") == 0);
	expect(log_counter(log, "forks") == 1);
}

static void run_raw_siblings(void)
{
	int fd = peer_connect();

	for (int i = 0; i < 2; i++) {
		pid_t pid = raw_clone();

		require(pid >= 0);
		if (pid == 0) {
			peer_ping(fd);
			sys_call(SYS_exit_group, 0, 0, 0, 0, 0, 0);
		}
		wait_for(pid);
	}
}

static void run_raw_vfork_first(void)
{
	int fd = peer_connect();
	pid_t pid;

	run_child(peer_ping, fd);
	pid = raw_clone();
	require(pid >= 0);
	if (pid == 0) {
		vfork_first(fd);
		peer_ping(fd);
		sys_call(SYS_exit_group, 0, 0, 0, 0, 0, 0);
	}
	wait_for(pid);
}

#define CASE(subject, what)                                                                        \
	{                                                                                          \
		.name = what " changes nothing of its parent's", .run = subject,                   \
		.check = expect_shared_use, .operation = "send"                                    \
	}

#define FIRST_CASE(act, what)                                                                      \
	{                                                                                          \
		.name = "a worker whose first act is " what " is seen", .run = run_##act##_first,  \
		.check = expect_worker                                                             \
	}

static const struct entry_case cases[] = {
	CASE(run_vfork, "a vfork child that closes, and execs"),
	CASE(run_vfork_write, "a vfork child that writes to what took a number"),
	CASE(run_vfork_exit, "a vfork child that closes, and exits"),
	CASE(run_vfork_exec_fails, "a vfork child whose exec fails"),
	CASE(run_clone_vfork, "a clone with CLONE_VM and CLONE_VFORK"),
	CASE(run_spawn, "posix_spawn()"),
	CASE(run_system, "system()"),
	CASE(run_popen, "popen()"),
	FIRST_CASE(vfork, "vfork() and exec"),
	FIRST_CASE(vfork_and_exit, "vfork() and _exit()"),
	FIRST_CASE(clone, "a clone with CLONE_VM"),
	FIRST_CASE(spawn, "posix_spawn()"),
	FIRST_CASE(system, "system()"),
	FIRST_CASE(popen, "popen()"),
	{.name = "a worker by a raw clone whose first act is vfork() is seen",
	 .run = run_raw_vfork_first,
	 .check = expect_shared_use,
	 .operation = "send"},
	{.name = "a child by a raw clone is another process",
	 .run = run_raw_clone,
	 .check = expect_child},
	{.name = "children by raw clones are siblings",
	 .run = run_raw_siblings,
	 .check = expect_shared_use,
	 .operation = "send"},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
