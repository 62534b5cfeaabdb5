/* SPDX-License-Identifier: MIT */
/*
 * How much of the host's stack forksan uses: a handler may run on 8 KiB, of which the kernel takes
 * up to 3.4 for registers, and every call, the first that finds something too, must fit into the
 * rest. Each case makes its call on a painted stack and looks how deep the paint is gone.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "harness.h"

#define ROOM_BYTES 2048
#define PAINT 0x5a

static char stack[262144];
static ucontext_t outer, inner;
static const char *top;
static void (*made)(int fd);
static int inherited;

static void on_painted_stack(void)
{
	top = __builtin_frame_address(0);
	made(inherited);
}

static void require_room(void (*call)(int fd))
{
	const char *end = stack;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
	skip("instrumented frames are larger");
#endif

	made = call;
	memset(stack, PAINT, sizeof(stack));
	require(getcontext(&inner) == 0);
	inner.uc_stack.ss_sp = stack;
	inner.uc_stack.ss_size = sizeof(stack);
	inner.uc_link = &outer;
	makecontext(&inner, on_painted_stack, 0);
	require(swapcontext(&outer, &inner) == 0);
	while (*end == PAINT)
		end++;
	if (top - end > ROOM_BYTES) {
		fprintf(stderr, "%td bytes\n", top - end);
		require(!"fits");
	}
}

static void call_send(int fd)
{
	require(send(fd, REQUEST, REQUEST_BYTES, 0) == (ssize_t)REQUEST_BYTES);
}

static void call_recv(int fd)
{
	char reply[REPLY_BYTES];

	require(recv(fd, reply, sizeof(reply), MSG_WAITALL) == (ssize_t)sizeof(reply));
}

static void call_connect(int fd)
{
	(void)fd;
	raw_close(peer_connect_only(0));
}

static void call_poll(int fd)
{
	(void)fd;
	require(poll(NULL, 0, 0) == 0);
}

static void call_fork(int fd)
{
	pid_t pid = fork();

	(void)fd;
	require(pid >= 0);
	if (pid == 0)
		_exit(0);
	require(waitpid(pid, NULL, 0) == pid);
}

static void call_execve(int fd)
{
	static char *const empty[] = {NULL};

	(void)fd;
	require(execve("/nonexistent", empty, environ) == -1);
	require(execve("/proc/self/exe/nonexistent", empty, empty) == -1);
}

/* A program that nobody may execute, and a script that names it. */
static char program[] = "/tmp/forksan-room-XXXXXX";
static char script[sizeof(program) + sizeof(".sh")];

static void make_programs(void)
{
	char head[4096];
	int self = open("/proc/self/exe", O_RDONLY);
	int fd = mkstemp(program);

	require(self >= 0 && fd >= 0 && read(self, head, sizeof(head)) == sizeof(head) &&
		raw_write(fd, head, sizeof(head)) == sizeof(head));
	raw_close(fd);
	raw_close(self);
	snprintf(script, sizeof(script), "%s.sh", program);
	fd = open(script, O_WRONLY | O_CREAT | O_EXCL, 0700);
	require(fd >= 0 && dprintf(fd, "#!%s\n", program) > 0);
	raw_close(fd);
	require(setenv("PATH", "/tmp", 1) == 0);
}

static void call_exec_script(int fd)
{
	char *const empty[] = {NULL};

	(void)fd;
	require(execve(script, empty, environ) == -1);
	require(execvp(strrchr(script, '/') + 1, empty) == -1);
}

/* The loader binds a function at its first call, on the caller's stack: 3 KiB of its own. */
static void bind_functions(void)
{
	int fd = peer_connect();

	call_connect(fd);
	call_poll(fd);
	call_fork(fd);
	require(close(fd) == 0);
}

static void use_twice(int fd)
{
	inherited = fd;
	require_room(call_send);
	require_room(call_recv);
	require_room(call_send);
	require_room(call_recv);
}

static void run_uses(void)
{
	bind_functions();
	inherited = peer_connect();
	run_child(use_twice, inherited);
	use_twice(inherited);
}

static void expect_uses(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "inherited-use") == 1);
	expect(log_count(log, "shared-use") == 1);
}

static void wait_for_events(int fd)
{
	inherited = fd;
	require_room(call_poll);
}

static void run_worker(void)
{
	bind_functions();
	run_child(wait_for_events, peer_connect());
}

static void run_execve(void)
{
	bind_functions();
	call_execve(-1);
	require_room(call_execve);
	make_programs();
	call_exec_script(-1);
	require_room(call_exec_script);
	unlink(script);
	unlink(program);
}

static void run_connect(void)
{
	bind_functions();
	require_room(call_connect);
	require_room(call_connect);
}

static void run_fork(void)
{
	bind_functions();
	inherited = peer_connect();
	require_room(call_fork);
}

static const struct entry_case cases[] = {
	{.name = "uses, and what they find", .run = run_uses, .check = expect_uses},
	{.name = "uses, with texts", .run = run_uses, .options = ":verbosity=2"},
	{.name = "a worker's first poll", .run = run_worker, .check = expect_open_at_fork},
	{.name = "connect", .run = run_connect},
	{.name = "execve", .run = run_execve},
	{.name = "fork", .run = run_fork},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
