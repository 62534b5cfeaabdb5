/* SPDX-License-Identifier: MIT */
/*
 * The peer.  See peer.h.
 */
#include "peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

#define MAX_CLIENTS 256

struct client {
	size_t at; /* bytes of the request that have come */
};

/* The control connection: the driver writes a byte, the peer answers with '0' or '1'. */
static int control[2];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Returns false when the client has gone. */
static bool serve(int fd, struct client *client, bool *stray)
{
	char bytes[4096];
	ssize_t got = read(fd, bytes, sizeof(bytes));

	if (got <= 0)
		return false;
	for (ssize_t i = 0; i < got; i++) {
		if (bytes[i] != REQUEST[client->at])
			*stray = true;
		client->at++;
		if (client->at == REQUEST_BYTES) {
			client->at = 0;
			/* A client that has gone is no fault: SIGPIPE is ignored. */
			if (write(fd, REPLY, REPLY_BYTES) < 0)
				return false;
		}
	}
	return true;
}

static void answer_control(int fd, bool *stray)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		exit(0);
	byte = *stray ? '1' : '0';
	*stray = false;
	if (write(fd, &byte, 1) != 1)
		exit(0);
}

static void serve_all(int listener, int control_fd)
{
	static struct pollfd fds[2 + MAX_CLIENTS];
	static struct client clients[2 + MAX_CLIENTS];
	nfds_t count = 2;
	bool stray = false;

	fds[0] = (struct pollfd){.fd = listener, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = control_fd, .events = POLLIN};
	for (;;) {
		if (poll(fds, count, -1) < 0)
			die("poll");
		/* Clients first: what they sent before the driver asks is then known. */
		for (nfds_t i = 2; i < count; i++) {
			if (fds[i].revents == 0 || serve(fds[i].fd, &clients[i], &stray))
				continue;
			close(fds[i].fd);
			count--;
			fds[i] = fds[count];
			clients[i] = clients[count];
			i--;
		}
		if (fds[0].revents != 0 && count < 2 + MAX_CLIENTS) {
			clients[count] = (struct client){0};
			fds[count] = (struct pollfd){.fd = accept(listener, NULL, NULL),
						     .events = POLLIN};
			count++;
		}
		if (fds[1].revents != 0)
			answer_control(control_fd, &stray);
	}
}

void peer_start(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof(in);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t driver = getpid();
	char port[16];
	pid_t pid;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listener < 0 || bind(listener, (struct sockaddr *)&in, len) < 0 ||
	    listen(listener, 64) < 0 || getsockname(listener, (struct sockaddr *)&in, &len) < 0)
		die("the peer's port");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0)
		die("socketpair");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != driver)
			exit(1);
		signal(SIGPIPE, SIG_IGN);
		close(control[0]);
		serve_all(listener, control[1]);
	}
	close(control[1]);
	close(listener);
	snprintf(port, sizeof(port), "%u", ntohs(in.sin_port));
	setenv(PEER_PORT_VARIABLE, port, 1);
}

bool peer_got_stray_bytes(void)
{
	char byte = '?';

	if (write(control[0], "?", 1) != 1 || read(control[0], &byte, 1) != 1)
		die("the peer has gone");
	return byte == '1';
}
