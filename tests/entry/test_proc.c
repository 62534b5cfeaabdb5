/* SPDX-License-Identifier: MIT */
/*
 * shim/entry/proc.c: every way to make a process is noticed, and where it was made; every way to
 * end one writes the summary.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "base/sys.h"

/* In the program's dynamic symbols, from which a log has its names. */
#define named __attribute__((noinline, visibility("default")))

pid_t made_by_fork(void);
pid_t made_by___fork(void);
pid_t made_by_forkpty(void);
void made_by_daemon(void);

pid_t __fork(void);
pid_t _Fork(void);

static void wait_for(pid_t pid)
{
	int status;

	require(waitpid(pid, &status, 0) == pid && status == 0);
}

/* --- where the fork was made: functions whose names are looked for in the report ---------------
 */

named pid_t made_by_fork(void)
{
	pid_t pid = fork();

	require(pid >= 0);
	return pid;
}

named pid_t made_by___fork(void)
{
	pid_t pid = __fork();

	require(pid >= 0);
	return pid;
}

named pid_t made_by_forkpty(void)
{
	int terminal;
	pid_t pid = forkpty(&terminal, NULL, NULL, NULL);

	require(pid >= 0);
	return pid;
}

static void fork_by(pid_t (*function)(void))
{
	pid_t pid;

	peer_connect();
	pid = function();
	if (pid == 0) {
		poll(NULL, 0, 0);
		_exit(0);
	}
	wait_for(pid);
}

static void run_fork(void)
{
	fork_by(made_by_fork);
}

static void run___fork(void)
{
	fork_by(made_by___fork);
}

static void run_forkpty(void)
{
	fork_by(made_by_forkpty);
}

named void made_by_daemon(void)
{
	require(daemon(1, 1) == 0);
}

/* daemon()'s parent ends; somebody else must hold the connection, or there is nothing to tell. */
static void run_daemon(void)
{
	struct gate over;
	int fd = peer_connect();
	pid_t pid;

	gate_init(&over);
	pid = fork();
	require(pid >= 0);
	if (pid == 0) {
		/* Whoever does something that matters also says when it ends. */
		require(dup(fd) >= 0);
		gate_wait(&over);
		_exit(0);
	}
	made_by_daemon();
	poll(NULL, 0, 0);
	gate_tell(&over);
	_exit(0);
}

static void expect_frame(const struct log *log, const struct entry_case *self)
{
	char function[64];

	snprintf(function, sizeof(function), "made_by_%s", self->entry);
	expect(log_count(log, "open-at-fork") == 1);
	expect(log_has_frame(log, "open-at-fork", 0, "forked", function));
}

static void expect_daemon(const struct log *log, const struct entry_case *self)
{
	expect_frame(log, self);
	expect(log_counter(log, "processes") == 3);
	expect(log_counter(log, "forks") == 2);
}

/* --- forks that run no pthread_atfork handlers --------------------------------------------------
 */

static struct gate parent_used;
static int connection;

static int use_late(void *argument)
{
	(void)argument;
	gate_wait(&parent_used);
	peer_ping(connection);
	_exit(0);
}

static pid_t made_by__Fork(void)
{
	pid_t pid = _Fork();

	require(pid >= 0);
	if (pid == 0)
		use_late(NULL);
	return pid;
}

static pid_t made_by_clone(void)
{
	const size_t size = 256 * 1024;
	char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	pid_t pid;

	require(stack != MAP_FAILED);
	pid = clone(use_late, stack + size, SIGCHLD, NULL);
	require(pid >= 0);
	return pid;
}

/* The parent goes on with the connection, then the child uses it: only who knows that the parent
 * has forked knows that its use came after the fork. */
static void parent_then_child(pid_t (*function)(void))
{
	pid_t pid;

	gate_init(&parent_used);
	connection = peer_connect();
	pid = function();
	peer_ping(connection);
	gate_tell(&parent_used);
	wait_for(pid);
}

static void run__Fork(void)
{
	parent_then_child(made_by__Fork);
}

static void run_clone(void)
{
	parent_then_child(made_by_clone);
}

static void expect_parent(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "shared-use") == 1);
	expect(log_string(log, "shared-use", 0, "other.relation") != NULL &&
	       strcmp(log_string(log, "shared-use", 0, "other.relation"), "parent") == 0);
}

/* --- pid namespaces ------------------------------------------------------------------------------
 */

/* In a namespace of its own a child finds no process under its parent's number.  The parent lives
 * and holds the connection all the same. */
static void use_in_namespace(int fd)
{
	require(kill(getpid() == 1 ? 2 : 1, 0) == 0 || errno == ESRCH);
	peer_ping(fd);
}

static void run_unshare(void)
{
	int fd = peer_connect();

	if (unshare(CLONE_NEWPID) < 0)
		skip("pid namespaces are not allowed here");
	run_child(use_in_namespace, fd);
}

static int use_as_init(void *fd)
{
	require(getpid() == 1);
	peer_ping(*(int *)fd);
	_exit(0);
}

static void run_clone_newpid(void)
{
	static char stack[256 * 1024] __attribute__((aligned(16)));
	int fd = peer_connect();
	pid_t pid = clone(use_as_init, stack + sizeof(stack), CLONE_NEWPID | SIGCHLD, &fd);

	if (pid < 0)
		skip("pid namespaces are not allowed here");
	wait_for(pid);
}

/* A namespace made unseen, by a process that holds it open. */
static pid_t raw_namespace(struct gate *over)
{
	pid_t pid = (pid_t)sys_call(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0, 0);
	char byte;

	if (pid == 0) {
		raw_read(over->ends[0], &byte, 1);
		sys_call(SYS_exit_group, 0, 0, 0, 0, 0, 0);
	}
	return pid;
}

static void run_setns(void)
{
	struct gate over;
	char path[64];
	int namespace;
	pid_t pid;
	int fd;

	gate_init(&over);
	pid = raw_namespace(&over);
	if (pid < 0)
		skip("pid namespaces are not allowed here");
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	namespace = open(path, O_RDONLY | O_CLOEXEC);
	fd = peer_connect();
	require(setns(namespace, 0) == 0);
	run_child(use_in_namespace, fd);
	gate_tell(&over);
	wait_for(pid);
}

static void expect_hazard(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "inherited-use") == 1);
	expect(log_string(log, "inherited-use", 0, "other.relation") != NULL &&
	       strcmp(log_string(log, "inherited-use", 0, "other.relation"), "parent") == 0);
	expect(log_count(log, "shared-use") == 0);
}

/* --- time namespaces: clocks that differ
 * ---------------------------------------------------------- */

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080 /* time_namespaces(7) */
#endif

/* The child's CLOCK_BOOTTIME and its /proc are ahead of the parent's. */
static void run_time_namespace(void)
{
	static const char offsets[] = "boottime 100000 0\n";
	int fd = peer_connect();
	int file;

	if (unshare(CLONE_NEWTIME) < 0)
		skip("time namespaces are not allowed here");
	file = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	require(file >= 0 && raw_write(file, offsets, sizeof(offsets) - 1) > 0);
	close(file);
	run_child(peer_ping, fd);
}

/* --- ends ----------------------------------------------------------------------------------------
 */

static void run__exit(void)
{
	peer_connect();
	_exit(0);
}

static void run__Exit(void)
{
	peer_connect();
	_Exit(0);
}

static void say_goodbye(void)
{
	raw_write(STDOUT_FILENO, "goodbye\n", 8);
}

static void run_quick_exit(void)
{
	peer_connect();
	require(at_quick_exit(say_goodbye) == 0);
	quick_exit(0);
}

static void run_exit(void)
{
	peer_connect();
	exit(0);
}

/* SIGTERM ends a program that has no handler for it; a handler goes on. */
static sigjmp_buf *jump_back;

static void terminated(int signal)
{
	(void)signal;
	say_goodbye();
	if (jump_back)
		siglongjmp(*jump_back, 1);
}

static void prepare_end(void)
{
	peer_connect();
	require(signal(SIGTERM, terminated) != SIG_ERR && raise(SIGTERM) == 0 &&
		kill(getpid(), SIGTERM) == 0 && kill(getpid(), 0) == 0);
	require(signal(SIGTERM, SIG_DFL) != SIG_ERR);
}

static void run_raise(void)
{
	prepare_end();
	raise(SIGTERM);
}

static void run_kill(void)
{
	prepare_end();
	kill(getpid(), SIGTERM);
}

/* A handler runs and may jump away; it ends the process though the signal is ignored. */
static void run_abort(void)
{
	static sigjmp_buf back;

	peer_connect();
	require(signal(SIGABRT, terminated) != SIG_ERR);
	jump_back = &back;
	if (sigsetjmp(back, 1) == 0)
		abort();
	jump_back = NULL;
	require(signal(SIGABRT, SIG_IGN) != SIG_ERR);
	abort();
}

#define FORK(line)                                                                                 \
	{                                                                                          \
		.entry = #line, .name = "its place is in the report", .run = run_##line,           \
		.check = expect_frame                                                              \
	}
#define EXIT(line, status)                                                                         \
	{                                                                                          \
		.entry = #line, .name = "writes the summary", .run = run_##line,                   \
		.exit_status = status, .check = expect_nothing                                     \
	}

static const struct entry_case cases[] = {
	FORK(fork),
	FORK(__fork),
	FORK(forkpty),
	{.entry = "daemon",
	 .name = "its place is in the report",
	 .run = run_daemon,
	 .check = expect_daemon},
	{.entry = "_Fork",
	 .name = "begins an epoch of its parent",
	 .run = run__Fork,
	 .check = expect_parent},
	{.entry = "clone",
	 .name = "begins an epoch of its parent",
	 .run = run_clone,
	 .check = expect_parent},
	{.entry = "unshare",
	 .name = "a parent in another pid namespace lives",
	 .run = run_unshare,
	 .check = expect_hazard},
	{.entry = "setns",
	 .name = "a parent in another pid namespace lives",
	 .run = run_setns,
	 .check = expect_hazard},
	{.name = "a parent in another time namespace lives",
	 .run = run_time_namespace,
	 .check = expect_hazard},
	{.entry = "clone",
	 .name = "a parent in another pid namespace lives",
	 .run = run_clone_newpid,
	 .check = expect_hazard},
	EXIT(_exit, 0),
	EXIT(_Exit, 0),
	EXIT(quick_exit, 0),
	EXIT(raise, 128 + SIGTERM),
	EXIT(kill, 128 + SIGTERM),
	EXIT(abort, 128 + SIGABRT),
	{.name = "exit() writes the summary", .run = run_exit, .check = expect_nothing},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
