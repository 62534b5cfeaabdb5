/* SPDX-License-Identifier: MIT */
/*
 * What happens while a process ends: row 26 of the pitfalls.  Drivers say goodbye in exit handlers
 * and destructors, some of which run after ours.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

static int connection;

static void ping_connection(void)
{
	peer_ping(connection);
}

/* The second sibling's only use is made while it ends by end(). */
static void second_sibling_ends(void (*prepare)(int fd), void (*end)(void))
{
	int status;
	pid_t pid;

	connection = peer_connect();
	run_child(peer_ping, connection);
	pid = fork();
	require(pid >= 0);
	if (pid == 0) {
		prepare(connection);
		end();
		require(false);
	}
	require(waitpid(pid, &status, 0) == pid);
	printf("%d\n", WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

static void at_exit(int fd)
{
	(void)fd;
	require(atexit(ping_connection) == 0);
}

static void at_quick_exit_(int fd)
{
	(void)fd;
	require(at_quick_exit(ping_connection) == 0);
}

static void in_destructor(int fd)
{
	int *late_fd = dlsym(RTLD_DEFAULT, "late_fd");

	require(late_fd != NULL);
	*late_fd = fd;
}

static void exit_7(void)
{
	exit(7);
}

static void quick_exit_7(void)
{
	quick_exit(7);
}

static void run_atexit(void)
{
	second_sibling_ends(at_exit, exit_7);
}

static void run_quick_exit(void)
{
	second_sibling_ends(at_quick_exit_, quick_exit_7);
}

static void run_destructor(void)
{
	second_sibling_ends(in_destructor, exit_7);
}

/* Killed by its own hand or another's, right after its use: the report is there. */
static void ping_and_abort(int fd)
{
	peer_ping(fd);
	abort();
}

static void ping_and_die(int fd)
{
	peer_ping(fd);
	raise(SIGKILL);
}

static void never(void)
{
}

static void run_abort(void)
{
	second_sibling_ends(ping_and_abort, never);
}

static void run_kill(void)
{
	second_sibling_ends(ping_and_die, never);
}

#define CASE(what, subject, ...)                                                                   \
	{                                                                                          \
		.name = what, .run = subject, .check = expect_shared_use, .operation = "send",     \
		__VA_ARGS__                                                                        \
	}

static const struct entry_case cases[] = {
	CASE("a use in an exit handler", run_atexit, ),
	CASE("a use in a quick exit handler", run_quick_exit, ),
	CASE("a use in a destructor before ours", run_destructor, .before = "late"),
	CASE("a use in a destructor after ours", run_destructor, .after = "late"),
	CASE("a use before abort()", run_abort, ),
	CASE("a use before SIGKILL", run_kill, ),
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
