/* SPDX-License-Identifier: MIT */
/*
 * See dead.h.
 *
 * A dead TCP connection is a live one, on this host, whose listener goes before it has accepted:
 * the kernel resets the connections in a listener's queue (tcp(7), inet_csk_listen_stop() in
 * net/ipv4/inet_connection_sock.c).  So nothing has to be accepted, and no other program that
 * happens upon the port gets anything.  The listener has the local address of the live connection:
 * the family is right, the host certainly has the address, and getsockname() goes on to name it.
 */
#include "track/dead.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/sys.h"

/* The kernel ends a connection to itself at once; the wait is for a busy machine, and bounds what a
 * packet filter can cost that drops everything. */
#define WAIT_NS 20000000

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

#define PTR(p) ((long)(uintptr_t)(p))

static long make_socket(int family, int type)
{
	return sys_call(SYS_socket, family, type | SOCK_CLOEXEC, 0, 0, 0, 0);
}

/* True when the descriptor becomes ready for `events`, or has failed, in time. */
static bool wait_for(int fd, short events)
{
	struct pollfd waited = {.fd = fd, .events = events};
	struct timespec limit = {0, WAIT_NS};

	return sys_call(SYS_ppoll, PTR(&waited), 1, PTR(&limit), 0, 0, 0) == 1;
}

static void set_port(union address *address, in_port_t port)
{
	if (address->any.sa_family == AF_INET)
		address->in.sin_port = port;
	else
		address->in6.sin6_port = port;
}

/* The descriptor of a listener on that address, whose port is filled in; -errno. */
static long listen_at(union address *address, uint32_t len)
{
	long listener = make_socket(address->any.sa_family, SOCK_STREAM);
	long result;

	if (listener < 0)
		return listener;
	set_port(address, 0);
	result = sys_call(SYS_bind, listener, PTR(address), len, 0, 0, 0);
	if (result == 0)
		result = sys_call(SYS_listen, listener, 1, 0, 0, 0, 0);
	if (result == 0)
		result = sys_getsockname((int)listener, address, &len);
	if (result == 0)
		return listener;
	sys_close((int)listener);
	return result;
}

/* Connects to the listener at that address, and closes the listener. */
static long connect_and_reset(const union address *address, uint32_t len, int listener)
{
	long dead = make_socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK);
	long result;

	if (dead < 0) {
		sys_close(listener);
		return dead;
	}
	result = sys_call(SYS_connect, dead, PTR(address), len, 0, 0, 0);
	if (result == -EINPROGRESS)
		result = wait_for((int)dead, POLLOUT) ? 0 : -ETIMEDOUT;
	sys_close(listener);
	/* Whatever became of the attempt: only a connection with a pending error has ended. */
	if (result == 0)
		result = wait_for((int)dead, 0) ? 0 : -ETIMEDOUT;
	if (result == 0)
		return dead;
	sys_close((int)dead);
	return result;
}

static long make_tcp(const union address *local, uint32_t local_len)
{
	union address address = *local;
	uint32_t len = local_len;
	long listener = listen_at(&address, len);

	/* The address belongs to another network namespace, or has gone. */
	if (listener == -EADDRNOTAVAIL) {
		memset(&address, 0, sizeof address);
		address.any.sa_family = local->any.sa_family;
		if (local->any.sa_family == AF_INET)
			address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		else
			address.in6.sin6_addr = in6addr_loopback;
		listener = listen_at(&address, len);
	}
	return listener < 0 ? listener : connect_and_reset(&address, len, (int)listener);
}

static long make_unix(int fd)
{
	uint32_t len = sizeof(int);
	int ends[2] = {-1, -1};
	int type;
	long result = sys_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);

	if (result == 0)
		result = sys_call(SYS_socketpair, AF_UNIX, type | SOCK_CLOEXEC, 0, PTR(ends), 0, 0);
	if (result != 0)
		return result;
	sys_close(ends[1]);
	return ends[0];
}

/* Gives `dead` the blocking of `fd`. */
static void copy_blocking(int fd, int dead)
{
	long wanted = sys_call(SYS_fcntl, fd, F_GETFL, 0, 0, 0, 0) & O_NONBLOCK;
	long flags = sys_call(SYS_fcntl, dead, F_GETFL, 0, 0, 0, 0);

	sys_call(SYS_fcntl, dead, F_SETFL, (flags & ~(long)O_NONBLOCK) | wanted, 0, 0, 0);
}

long dead_make(int fd)
{
	union address local = {0};
	uint32_t len = sizeof local;
	long dead = sys_getsockname(fd, &local, &len);

	if (dead < 0)
		return dead;
	switch (local.any.sa_family) {
	case AF_INET:
	case AF_INET6:
		dead = make_tcp(&local, len);
		break;
	case AF_UNIX:
		dead = make_unix(fd);
		break;
	default:
		return -EAFNOSUPPORT;
	}
	if (dead >= 0)
		copy_blocking(fd, (int)dead);
	return dead;
}

void dead_forget_reset(int fd)
{
	uint32_t len = sizeof(int);
	int error;

	sys_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
}
