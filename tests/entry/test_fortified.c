/* SPDX-License-Identifier: MIT */
/*
 * The checks of _FORTIFY_SOURCE stay in force: row 3 of the pitfalls.  An overflow ends the program
 * as it does without us, and before a byte is taken.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

#define ABORTED (128 + SIGABRT)

ssize_t __read_chk(int fd, void *buffer, size_t len, size_t buffer_len);
ssize_t __recv_chk(int fd, void *buffer, size_t len, size_t buffer_len, int flags);
ssize_t __recvfrom_chk(int fd, void *buffer, size_t len, size_t buffer_len, int flags,
		       struct sockaddr *address, socklen_t *address_len);
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t fds_len);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
		const sigset_t *mask, size_t fds_len);

static char buffer[64];

static void run_read(void)
{
	int fd = peer_connect();

	raw_send_request(fd);
	__read_chk(fd, buffer, 9, 8);
	require(false);
}

static void run_recv(void)
{
	int fd = peer_connect();

	raw_send_request(fd);
	__recv_chk(fd, buffer, 9, 8, 0);
	require(false);
}

static void run_recvfrom(void)
{
	int fd = peer_connect();

	raw_send_request(fd);
	__recvfrom_chk(fd, buffer, 9, 8, 0, NULL, NULL);
	require(false);
}

static void run_poll(void)
{
	struct pollfd fds[2] = {{.fd = -1}, {.fd = -1}};

	__poll_chk(fds, 2, 0, sizeof(fds[0]));
	require(false);
}

static void run_ppoll(void)
{
	struct pollfd fds[2] = {{.fd = -1}, {.fd = -1}};

	__ppoll_chk(fds, 2, NULL, NULL, sizeof(fds[0]));
	require(false);
}

/* As large as the buffer is no overflow. */
static void run_exact(void)
{
	struct pollfd fds[2] = {{.fd = -1}, {.fd = -1}};
	int fd = peer_connect();

	raw_send_request(fd);
	require(__read_chk(fd, buffer, 2, 2) == 2);
	require(__recv_chk(fd, buffer, 2, 2, 0) == 2);
	require(__recvfrom_chk(fd, buffer, 3, 3, 0, NULL, NULL) == 3);
	require(__poll_chk(fds, 2, 0, sizeof(fds)) == 0);
}

static const struct entry_case cases[] = {
	{.name = "__read_chk aborts", .run = run_read, .exit_status = ABORTED},
	{.name = "__recv_chk aborts", .run = run_recv, .exit_status = ABORTED},
	{.name = "__recvfrom_chk aborts", .run = run_recvfrom, .exit_status = ABORTED},
	{.name = "__poll_chk aborts", .run = run_poll, .exit_status = ABORTED},
	{.name = "__ppoll_chk aborts", .run = run_ppoll, .exit_status = ABORTED},
	{.name = "what fits passes", .run = run_exact, .check = expect_nothing},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
