/* SPDX-License-Identifier: MIT */
/*
 * shim/entry/change.c and F_SETFL: what all holders share is changed by one of them.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "harness.h"

/* The second child changes something before its use, whose report has the history. */

static void by_setsockopt(int fd)
{
	int on = 1;

	peer_ping(fd);
	require(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
}

static void by_ioctl(int fd)
{
	int on = 1;
	int off = 0;

	peer_ping(fd);
	require(ioctl(fd, FIONBIO, &on) == 0);
	require(ioctl(fd, FIONBIO, &off) == 0);
}

static void by_fcntl(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	peer_ping(fd);
	require(fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0);
	require(fcntl(fd, F_SETFL, flags) == 0);
}

/* A parent and two children use it; the last finding is the parent's, after the change. */
static void change_and_use(void (*change)(int fd))
{
	int fd = peer_connect();

	run_child(peer_ping, fd);
	run_child(change, fd);
	peer_ping(fd);
}

static void run_setsockopt(void)
{
	change_and_use(by_setsockopt);
}

static void run_ioctl(void)
{
	change_and_use(by_ioctl);
}

static void run_fcntl(void)
{
	change_and_use(by_fcntl);
}

/* Some finding's history has the call. */
static void expect_in_history(const struct log *log, const struct entry_case *self)
{
	const char *wanted = self->operation ? self->operation : self->entry;
	unsigned findings = log_count(log, "shared-use");

	for (unsigned n = 0; n < findings; n++)
		for (int i = 0; i < 64; i++) {
			char path[] = "history.00.call";
			const char *call;

			path[8] = (char)('0' + i / 10);
			path[9] = (char)('0' + i % 10);
			call = log_string(log, "shared-use", n, path);
			if (call && strcmp(call, wanted) == 0)
				return;
		}
	expect(!"the call stands in a history");
}

static void unknown_requests_pass(void)
{
	int fd = peer_connect();
	int waiting = -1;

	raw_send_request(fd);
	require(recv(fd, &(char){0}, 1, MSG_PEEK) == 1);
	require(ioctl(fd, FIONREAD, &waiting) == 0 && waiting > 0);
	require(ioctl(-1, FIONBIO, &waiting) == -1);
	require(setsockopt(fd, SOL_SOCKET, -1, &waiting, sizeof waiting) == -1);
	raw_receive_reply(fd);
}

static const struct entry_case cases[] = {
	{.entry = "setsockopt",
	 .name = "stands in the history",
	 .run = run_setsockopt,
	 .check = expect_in_history},
	{.entry = "ioctl",
	 .name = "FIONBIO stands in the history",
	 .run = run_ioctl,
	 .check = expect_in_history},
	{.entry = "fcntl",
	 .name = "F_SETFL stands in the history",
	 .run = run_fcntl,
	 .check = expect_in_history},
	{.name = "other requests and errors are libc's",
	 .run = unknown_requests_pass,
	 .check = expect_nothing},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
