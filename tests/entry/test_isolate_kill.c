/* SPDX-License-Identifier: MIT */
/*
 * mode=isolate, and a process that is killed at any instruction of its first use: the connection of
 * its parent is cut exactly when the process has moved a byte.
 *
 * The subject runs a child through send() from system call to system call, then some instructions
 * further, kills it there, and asks the peer whether the request came.  FORKSAN_KILLS: how many
 * children.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "base/sys.h"

#define KILLS 200
#define STEPS_MAX 1500 /* instructions after a system call */

/* A child that waits, traced, before its first use. */
static pid_t start_child(int fd)
{
	pid_t pid = fork();
	int status;

	require(pid >= 0);
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(send(fd, REQUEST, REQUEST_BYTES, 0) == REQUEST_BYTES ? 0 : 1);
	}
	require(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	return pid;
}

/* To the next instruction (PTRACE_SINGLESTEP), or the next beginning or end of a system call
 * (PTRACE_SYSCALL); false when the child has ended. */
static bool advance(pid_t pid, int how)
{
	int status;

	require(ptrace(how, pid, 0, 0) == 0);
	require(waitpid(pid, &status, 0) == pid);
	return WIFSTOPPED(status);
}

/* Beginnings and ends of system calls in a child. */
static int count_stops(void)
{
	int fd = peer_connect();
	pid_t pid = start_child(fd);
	int stops = 0;

	while (advance(pid, PTRACE_SYSCALL))
		stops++;
	close(fd);
	return stops;
}

/* Kills a child after so many stops and instructions.  1: it had sent its request; 0: it had not.
 */
static int kill_after(int stops, int steps, int fd)
{
	pid_t pid = start_child(fd);
	char reply[REPLY_BYTES];
	bool lives = true;

	while (lives && stops-- > 0)
		lives = advance(pid, PTRACE_SYSCALL);
	while (lives && steps-- > 0)
		lives = advance(pid, PTRACE_SINGLESTEP);
	if (lives) {
		kill(pid, SIGKILL);
		require(waitpid(pid, NULL, 0) == pid);
	}
	/* The peer answers in order: a reply to the child would be there now. */
	close(peer_connect());
	return sys_call(SYS_recvfrom, fd, (long)(uintptr_t)reply, sizeof(reply), MSG_DONTWAIT, 0,
			0) == REPLY_BYTES;
}

/* True when a reply comes within a second. */
static bool is_answered(int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};

	return poll(&polled, 1, 1000) == 1;
}

static void run_kills(void)
{
	const char *wanted = getenv("FORKSAN_KILLS");
	const char *seed = getenv("FORKSAN_SEED");
	long kills = wanted != NULL ? atol(wanted) : KILLS;
	int all = 0, sent = 0;

	if (getenv("FORKSAN_OPTIONS") == NULL)
		return;
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 3; i++) /* the first children meet what is met once */
		all = count_stops();
	srand(seed != NULL ? (unsigned)atol(seed) : (unsigned)getpid());
	for (long i = 0; i < kills; i++) {
		int stops = rand() % (all + 1), steps = rand() % STEPS_MAX;
		int fd = peer_connect();
		int copy = (int)sys_call(SYS_dup, fd, 0, 0, 0, 0, 0); /* which nobody sees */
		int used = kill_after(stops, steps, fd);
		ssize_t n = send(fd, REQUEST, REQUEST_BYTES, 0);

		/* On a busy machine the request may still be on its way. */
		if (n < 0 && !used)
			used = is_answered(copy);
		if ((n < 0) != (used != 0))
			printf("killed after %d of %d stops and %d steps: used %d, send %zd\n",
			       stops, all, steps, used, n);
		if (n > 0)
			raw_receive_reply(fd);
		sent += used;
		close(fd);
		raw_close(copy);
	}
	require(sent > 0 && sent < kills);
	printf("as it should be\n");
}

static void expect_right(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(strcmp(log_output(log), "as it should be\n") == 0);
	expect(log_counter(log, "isolated") > 0);
	expect(log_counter(log, "isolate_failed") == 0);
}

static const struct entry_case cases[] = {
	{.name = "isolate: killed at any instruction",
	 .run = run_kills,
	 .check = expect_right,
	 .options = ":mode=isolate",
	 .differs = true},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
