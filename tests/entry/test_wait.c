/* SPDX-License-Identifier: MIT */
/*
 * shim/entry/wait.c: a forked process that waits for events or clients is a worker that goes on,
 * and what it inherited is told (open-at-fork), before any of it is used.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t fds_len);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
		const sigset_t *mask, size_t fds_len);
int epoll_pwait2(int epfd, struct epoll_event *events, int max, const struct timespec *timeout,
		 const sigset_t *mask);

static const struct timespec now;

/* Made before the fork, as a server's listener is. */
static int listener;
static int epoll;

static void by_accept(int fd)
{
	(void)fd;
	require(accept(listener, NULL, NULL) == -1 && errno == EAGAIN);
}

static void by_accept4(int fd)
{
	(void)fd;
	require(accept4(listener, NULL, NULL, SOCK_CLOEXEC) == -1 && errno == EAGAIN);
}

static void by_poll(int fd)
{
	(void)fd;
	require(poll(NULL, 0, 0) == 0);
}

static void by_ppoll(int fd)
{
	(void)fd;
	require(ppoll(NULL, 0, &now, NULL) == 0);
}

static void by___poll_chk(int fd)
{
	struct pollfd fds[1] = {{.fd = -1}};

	(void)fd;
	require(__poll_chk(fds, 1, 0, sizeof(fds)) == 0);
}

static void by___ppoll_chk(int fd)
{
	struct pollfd fds[1] = {{.fd = -1}};

	(void)fd;
	require(__ppoll_chk(fds, 1, &now, NULL, sizeof(fds)) == 0);
}

static void by_select(int fd)
{
	struct timeval at_once = {0};

	(void)fd;
	require(select(0, NULL, NULL, NULL, &at_once) == 0);
}

static void by_pselect(int fd)
{
	(void)fd;
	require(pselect(0, NULL, NULL, NULL, &now, NULL) == 0);
}

static void by_epoll_wait(int fd)
{
	struct epoll_event event;

	(void)fd;
	require(epoll_wait(epoll, &event, 1, 0) == 0);
}

static void by_epoll_pwait(int fd)
{
	struct epoll_event event;

	(void)fd;
	require(epoll_pwait(epoll, &event, 1, 0, NULL) == 0);
}

static void by_epoll_pwait2(int fd)
{
	struct epoll_event event;
	int result = epoll_pwait2(epoll, &event, 1, &now, NULL);

	(void)fd;
	require(result == 0 || errno == ENOSYS);
}

static void worker_calls(void (*call)(int fd))
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	int fd;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	require(bind(listener, (struct sockaddr *)&in, sizeof(in)) == 0);
	require(listen(listener, 1) == 0);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	require(epoll >= 0);
	fd = peer_connect();
	run_child(call, fd);
}

#define SUBJECT(line)                                                                              \
	static void run_##line(void)                                                               \
	{                                                                                          \
		worker_calls(by_##line);                                                           \
	}
SUBJECT(accept)
SUBJECT(accept4)
SUBJECT(poll)
SUBJECT(ppoll)
SUBJECT(__poll_chk)
SUBJECT(__ppoll_chk)
SUBJECT(select)
SUBJECT(pselect)
SUBJECT(epoll_wait)
SUBJECT(epoll_pwait)
SUBJECT(epoll_pwait2)

static void do_nothing(int fd)
{
	(void)fd;
}

static void run_nothing(void)
{
	worker_calls(do_nothing);
}

static void do_close(int fd)
{
	close(fd);
	require(poll(NULL, 0, 0) == 0);
}

static void run_close(void)
{
	worker_calls(do_close);
}

#define CASE(line)                                                                                 \
	{                                                                                          \
		.entry = #line, .name = "shows what a worker inherited", .run = run_##line,        \
		.check = expect_open_at_fork                                                       \
	}

/* A server that finds nothing for months is heard from all the same. */
static void run_long(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	require(pid > 0 && waitpid(pid, &status, 0) == pid);
	for (int i = 0; i < 192; i++)
		require(poll(NULL, 0, 8) == 0);
}

static void expect_heartbeats(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_heartbeats(log) >= 1 && log_heartbeats(log) <= 3);
}

static const struct entry_case cases[] = {
	{.name = "a session that goes on writes summaries",
	 .run = run_long,
	 .check = expect_heartbeats,
	 .options = ":summary_interval=1"},
	CASE(accept),
	CASE(accept4),
	CASE(poll),
	CASE(ppoll),
	CASE(__poll_chk),
	CASE(__ppoll_chk),
	CASE(select),
	CASE(pselect),
	CASE(epoll_wait),
	CASE(epoll_pwait),
	CASE(epoll_pwait2),
	{.name = "a child that ends at once is no worker",
	 .run = run_nothing,
	 .check = expect_nothing},
	{.name = "a worker that closed what it inherited is silent",
	 .run = run_close,
	 .check = expect_nothing},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
