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
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
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

/* --- a unix connection -------------------------------------------------------------------------
 */

/* Connects, asks, and is answered by *served, the other end, which the subject has itself: what a
 * child writes is there at once. */
static int unix_connect(int *served)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char bytes[REQUEST_BYTES];
	socklen_t len;

	snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "forksan-test-redis-%d.sock", getpid());
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(un.sun_path + 1));
	require(bind(listener, (struct sockaddr *)&un, len) == 0 && listen(listener, 1) == 0);
	require(connect(fd, (struct sockaddr *)&un, len) == 0);
	*served = (int)sys_call(SYS_accept, listener, 0, 0, 0, 0, 0);
	require(*served >= 0);
	close(listener);
	require(send(fd, REQUEST, REQUEST_BYTES, 0) == REQUEST_BYTES);
	require(raw_read(*served, bytes, sizeof(bytes)) == REQUEST_BYTES);
	require(raw_write(*served, REPLY, REPLY_BYTES) == REPLY_BYTES);
	require(recv(fd, bytes, sizeof(bytes), 0) == REPLY_BYTES);
	return fd;
}

/* Runs a child to the beginning of that system call. */
static void run_to(pid_t pid, uint64_t number)
{
	struct __ptrace_syscall_info info = {0};

	require(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD) == 0);
	while (info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.nr != number) {
		require(advance(pid, PTRACE_SYSCALL));
		require(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0);
	}
}

/* Kills a child so many stops after the beginning of that system call, and prints what became of
 * its request and of the next one of its parent. */
static void kill_at(uint64_t number, int stops)
{
	int served, fd = unix_connect(&served);
	pid_t pid = start_child(fd);
	char bytes[REQUEST_BYTES];

	run_to(pid, number);
	while (stops-- > 0)
		require(advance(pid, PTRACE_SYSCALL));
	kill(pid, SIGKILL);
	require(waitpid(pid, NULL, 0) == pid);
	printf("%s, ", sys_call(SYS_recvfrom, served, (long)(uintptr_t)bytes, sizeof(bytes),
				MSG_DONTWAIT, 0, 0) == REQUEST_BYTES
			       ? "sent"
			       : "not sent");
	printf("%s\n", send(fd, REQUEST, REQUEST_BYTES, 0) < 0 ? "isolated" : "goes on");
	close(fd);
	close(served);
}

static void run_unix_kills(void)
{
	if (getenv("FORKSAN_OPTIONS") == NULL)
		return;
	signal(SIGPIPE, SIG_IGN);
	kill_at(SYS_openat, 0); /* asks who holds the connection: before the claim */
	kill_at(SYS_gettid, 0); /* after the claim */
	kill_at(SYS_sendto, 0); /* may have sent for all that anybody knows */
	kill_at(SYS_sendto, 1);
}

static void expect_safe(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(strcmp(log_output(log), "not sent, goes on\n"
				       "not sent, goes on\n"
				       "not sent, isolated\n"
				       "sent, isolated\n") == 0);
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
	{.name = "isolate: killed before a write to a unix socket",
	 .run = run_unix_kills,
	 .check = expect_safe,
	 .options = ":mode=isolate",
	 .differs = true},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
