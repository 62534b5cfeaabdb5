/* SPDX-License-Identifier: MIT */
/*
 * Asks the kernel about sockets: sock_diag(7), by netlink, once for each network namespace in which
 * a shared socket is held.
 *
 * A dump names every TCP and unix socket of the namespace.  Besides the addresses a dump shows
 * which ports have a listener, so that a connection from such a port is the server's side; and
 * which unix socket is whose peer, since only the server's side has a name of its own.
 */
#include "scan/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cli.h"
#include "wire/wire.h"

/* include/net/tcp_states.h; also the states of unix sockets. */
#define STATE_ESTABLISHED 1
#define STATE_LISTEN 10

/* A unix socket of the namespace: any unix socket may be the peer of a shared one. */
struct unix_socket {
	uint32_t inode;
	bool has_peer;
	uint32_t peer_inode;	 /* 0: the peer still waits for accept() */
	struct sockaddr_un name; /* sun_family 0: no name */
	UT_hash_handle hh;
};

struct dump {
	struct snapshot *snapshot;
	bool listens[65536];		  /* a TCP port of the namespace being dumped */
	struct unix_socket *unix_sockets; /* uthash; of all namespaces */
};

static struct scan_socket *find_socket(struct snapshot *snapshot, uint64_t inode)
{
	struct scan_socket *socket;

	HASH_FIND(hh, snapshot->sockets, &inode, sizeof inode, socket);
	return socket;
}

/* --- TCP ------------------------------------------------------------------------------------- */

static void set_address(union scan_address *address, int family, const __be32 *bytes, __be16 port)
{
	address->any.sa_family = (sa_family_t)family;
	if (family == AF_INET) {
		address->in.sin_port = port;
		memcpy(&address->in.sin_addr, bytes, sizeof address->in.sin_addr);
	} else {
		address->in6.sin6_port = port;
		memcpy(&address->in6.sin6_addr, bytes, sizeof address->in6.sin6_addr);
	}
}

/* struct tcp_info grows with the kernel: fields that an older kernel lacks read zero. */
static void take_traffic(struct scan_socket *socket, const struct rtattr *attribute)
{
	struct tcp_info info = {0};
	size_t len = RTA_PAYLOAD(attribute);

	memcpy(&info, RTA_DATA(attribute), len < sizeof info ? len : sizeof info);
	if (len < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received)
		return;
	socket->has_traffic = true;
	/* The handshake's SYN counts as one acknowledged byte. */
	socket->sent_bytes = info.tcpi_bytes_acked > 0 ? info.tcpi_bytes_acked - 1 : 0;
	socket->received_bytes = info.tcpi_bytes_received;
	socket->sent_idle_ms = info.tcpi_last_data_sent;
	socket->received_idle_ms = info.tcpi_last_data_recv;
}

static void take_tcp(struct dump *dump, const struct nlmsghdr *header)
{
	const struct inet_diag_msg *message = NLMSG_DATA(header);
	struct scan_socket *socket;
	int len = (int)header->nlmsg_len - (int)NLMSG_LENGTH(sizeof *message);

	if (len < 0)
		return;
	if (message->idiag_state == STATE_LISTEN)
		dump->listens[ntohs(message->id.idiag_sport)] = true;
	socket = find_socket(dump->snapshot, message->idiag_inode);
	if (socket == NULL)
		return;
	socket->kind = message->idiag_state == STATE_LISTEN ? SCAN_LISTENING : SCAN_CONNECTED;
	set_address(&socket->local, message->idiag_family, message->id.idiag_src,
		    message->id.idiag_sport);
	set_address(&socket->peer, message->idiag_family, message->id.idiag_dst,
		    message->id.idiag_dport);
	socket->protocol = wire_by_port(ntohs(message->id.idiag_dport));
	socket->unread_bytes = message->idiag_rqueue;
	for (const struct rtattr *attribute = (const void *)(message + 1); RTA_OK(attribute, len);
	     attribute = RTA_NEXT(attribute, len))
		if (attribute->rta_type == INET_DIAG_INFO)
			take_traffic(socket, attribute);
}

/* --- unix ------------------------------------------------------------------------------------ */

static void take_unix(struct dump *dump, const struct nlmsghdr *header)
{
	const struct unix_diag_msg *message = NLMSG_DATA(header);
	struct unix_socket *unix_socket = calloc(1, sizeof *unix_socket);
	struct unix_diag_rqlen queue = {0};
	struct scan_socket *socket;
	int len = (int)header->nlmsg_len - (int)NLMSG_LENGTH(sizeof *message);

	if (unix_socket == NULL)
		cli_no_memory();
	if (len < 0) {
		free(unix_socket);
		return;
	}
	unix_socket->inode = message->udiag_ino;
	for (const struct rtattr *attribute = (const void *)(message + 1); RTA_OK(attribute, len);
	     attribute = RTA_NEXT(attribute, len)) {
		size_t n = RTA_PAYLOAD(attribute);

		if (attribute->rta_type == UNIX_DIAG_PEER && n >= sizeof(uint32_t)) {
			unix_socket->has_peer = true;
			memcpy(&unix_socket->peer_inode, RTA_DATA(attribute), sizeof(uint32_t));
		} else if (attribute->rta_type == UNIX_DIAG_RQLEN && n >= sizeof queue) {
			memcpy(&queue, RTA_DATA(attribute), sizeof queue);
		} else if (attribute->rta_type == UNIX_DIAG_NAME && n > 0) {
			if (n > sizeof unix_socket->name.sun_path)
				n = sizeof unix_socket->name.sun_path;
			unix_socket->name.sun_family = AF_UNIX;
			memcpy(unix_socket->name.sun_path, RTA_DATA(attribute), n);
		}
	}
	HASH_ADD(hh, dump->unix_sockets, inode, sizeof unix_socket->inode, unix_socket);
	socket = find_socket(dump->snapshot, message->udiag_ino);
	if (socket == NULL)
		return;
	socket->unread_bytes = queue.udiag_rqueue;
	if (message->udiag_type != SOCK_STREAM && message->udiag_type != SOCK_SEQPACKET)
		socket->kind = SCAN_NO_STREAM;
	else if (message->udiag_state == STATE_LISTEN)
		socket->kind = SCAN_LISTENING;
	else
		socket->kind = SCAN_CONNECTED;
}

/* Sets the kind of a unix socket, when the dumps of all namespaces are there.  The side with a name
 * is the server's: accept() gives the new socket the listener's name (unix(7)).  Two sides without
 * a name were made together.  A peer that no dump has waits for accept(), or is of a namespace that
 * was not looked at: a path leads out of the namespace, a pair never does. */
static void tell_side(const struct dump *dump, struct scan_socket *socket)
{
	const struct unix_socket *own, *peer;
	uint32_t inode = (uint32_t)socket->inode;

	HASH_FIND(hh, dump->unix_sockets, &inode, sizeof inode, own);
	if (own == NULL)
		return;
	HASH_FIND(hh, dump->unix_sockets, &own->peer_inode, sizeof own->peer_inode, peer);
	if (own->name.sun_family != 0) {
		socket->kind = SCAN_ACCEPTED;
	} else if (!own->has_peer || (peer != NULL && peer->name.sun_family == 0)) {
		socket->kind = SCAN_PAIR;
	} else if (peer != NULL) {
		socket->peer.un = peer->name;
		socket->protocol =
			wire_by_path(peer->name.sun_path,
				     strnlen(peer->name.sun_path, sizeof peer->name.sun_path));
	}
}

/* --- the dumps ------------------------------------------------------------------------------- */

/* Reads one dump to its end, and calls `take` for each message.  False when the kernel refuses the
 * dump (no such module, or no permission). */
static bool read_dump(int fd, struct dump *dump,
		      void (*take)(struct dump *, const struct nlmsghdr *))
{
	static _Alignas(struct nlmsghdr) char buffer[65536];

	for (;;) {
		ssize_t got = recv(fd, buffer, sizeof buffer, 0);
		uint32_t left = (uint32_t)got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		for (const struct nlmsghdr *header = (const void *)buffer; NLMSG_OK(header, left);
		     header = NLMSG_NEXT(header, left)) {
			if (header->nlmsg_type == NLMSG_DONE)
				return true;
			if (header->nlmsg_type == NLMSG_ERROR)
				return false;
			take(dump, header);
		}
	}
}

static bool dump_tcp(int fd, struct dump *dump, int family)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} message = {
		.header = {.nlmsg_len = sizeof message,
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.request = {.sdiag_family = (uint8_t)family,
			    .sdiag_protocol = IPPROTO_TCP,
			    .idiag_ext = 1 << (INET_DIAG_INFO - 1),
			    .idiag_states = UINT32_MAX},
	};

	return send(fd, &message, sizeof message, 0) == sizeof message &&
	       read_dump(fd, dump, take_tcp);
}

static bool dump_unix(int fd, struct dump *dump)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req request;
	} message = {
		.header = {.nlmsg_len = sizeof message,
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.request = {.sdiag_family = AF_UNIX,
			    .udiag_states = UINT32_MAX,
			    .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN},
	};

	return send(fd, &message, sizeof message, 0) == sizeof message &&
	       read_dump(fd, dump, take_unix);
}

/* Dumps the namespace of the netlink socket `fd`.  TCP connections from a port with a listener are
 * the server's side; tell_side() sorts unix sockets when all namespaces are known.  False: a dump
 * is not complete. */
static bool dump_namespace(struct dump *dump, int fd, uint64_t network_namespace)
{
	struct scan_socket *socket;
	bool complete;

	memset(dump->listens, 0, sizeof dump->listens);
	complete = dump_tcp(fd, dump, AF_INET);
	complete = dump_tcp(fd, dump, AF_INET6) && complete;
	complete = dump_unix(fd, dump) && complete;
	for (socket = dump->snapshot->sockets; socket != NULL; socket = socket->hh.next)
		if (socket->kind == SCAN_CONNECTED && socket->local.any.sa_family != AF_UNSPEC &&
		    socket->holders[0].process->network_namespace == network_namespace &&
		    dump->listens[ntohs(socket->local.in.sin_port)])
			socket->kind = SCAN_ACCEPTED;
	return complete;
}

static int open_here(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
}

/* Opens a netlink socket of the namespace of `pid`.  A netlink socket belongs for ever to the
 * namespace of its making (network_namespaces(7)): the tool enters the other namespace for that
 * moment only.  -1 when the kernel does not permit this. */
static int open_in_namespace(pid_t pid)
{
	char path[64];
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int other, fd = -1;

	snprintf(path, sizeof path, "/proc/%d/ns/net", pid);
	other = open(path, O_RDONLY | O_CLOEXEC);
	if (own >= 0 && other >= 0 && setns(other, CLONE_NEWNET) == 0) {
		fd = open_here();
		if (setns(own, CLONE_NEWNET) != 0)
			abort(); /* the tool would look at the wrong namespace from now on */
	}
	if (own >= 0)
		close(own);
	if (other >= 0)
		close(other);
	return fd;
}

static uint64_t own_namespace(void)
{
	struct stat namespace;

	return stat("/proc/self/ns/net", &namespace) == 0 ? namespace.st_ino : 0;
}

/* True when an earlier socket of the table is of the same namespace, which then is dumped already.
 */
static bool was_dumped(const struct snapshot *snapshot, const struct scan_socket *until)
{
	uint64_t network_namespace = until->holders[0].process->network_namespace;

	for (const struct scan_socket *each = snapshot->sockets; each != until;
	     each = each->hh.next)
		if (each->holders[0].process->network_namespace == network_namespace)
			return true;
	return false;
}

static void dump_and_count(struct dump *dump, int fd, uint64_t network_namespace)
{
	if (fd < 0 || !dump_namespace(dump, fd, network_namespace))
		dump->snapshot->namespaces_denied++;
	if (fd >= 0)
		close(fd);
}

/* A socket keeps the namespace of its making even where all holders moved on; a socket that no dump
 * has stays SCAN_UNSEEN. */
void sockets_ask(struct snapshot *snapshot)
{
	struct dump *dump = calloc(1, sizeof *dump);
	uint64_t own = own_namespace();
	struct scan_socket *socket;
	struct unix_socket *unix_socket, *next_unix;

	if (dump == NULL)
		cli_no_memory();
	dump->snapshot = snapshot;
	dump_and_count(dump, open_here(), own);
	for (socket = snapshot->sockets; socket != NULL; socket = socket->hh.next) {
		const struct scan_process *holder = socket->holders[0].process;

		if (holder->network_namespace != own && holder->network_namespace != 0 &&
		    !was_dumped(snapshot, socket))
			dump_and_count(dump, open_in_namespace(holder->pid),
				       holder->network_namespace);
	}
	for (socket = snapshot->sockets; socket != NULL; socket = socket->hh.next)
		if (socket->kind == SCAN_CONNECTED && socket->local.any.sa_family == AF_UNSPEC)
			tell_side(dump, socket);
	unix_socket = dump->unix_sockets;
	HASH_CLEAR(hh, dump->unix_sockets);
	for (; unix_socket != NULL; unix_socket = next_unix) {
		next_unix = unix_socket->hh.next;
		free(unix_socket);
	}
	free(dump);
}
