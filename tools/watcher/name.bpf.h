/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * A connection as user space is told of it: its two names, its holders' count, its inode.
 */
#ifndef FORKSAN_TOOLS_WATCHER_NAME_BPF_H
#define FORKSAN_TOOLS_WATCHER_NAME_BPF_H

#include "watcher/event.h"
#include "watcher/kernel.bpf.h"
#include "watcher/socket_state.bpf.h"

static __always_inline void fill_inet(struct event_name *name, struct sock *sk, bool peer)
{
	__u16 family = sk->__sk_common.skc_family;
	__u16 port = peer ? sk->__sk_common.skc_dport : __builtin_bswap16(sk->__sk_common.skc_num);

	/* struct sockaddr_in, struct sockaddr_in6 */
	__builtin_memset(name->bytes, 0, 28);
	*(__u16 *)name->bytes = family;
	*(__u16 *)(name->bytes + 2) = port;
	if (family == AF_INET) {
		*(__u32 *)(name->bytes + 4) =
			peer ? sk->__sk_common.skc_daddr : sk->__sk_common.skc_rcv_saddr;
		name->len_bytes = 16;
		return;
	}
	if (peer)
		BPF_CORE_READ_INTO((struct in6_addr___kernel *)(name->bytes + 8), sk,
				   __sk_common.skc_v6_daddr);
	else
		BPF_CORE_READ_INTO((struct in6_addr___kernel *)(name->bytes + 8), sk,
				   __sk_common.skc_v6_rcv_saddr);
	name->len_bytes = 28;
}

static __always_inline void fill_unix(struct event_name *name, struct sock *sk)
{
	struct unix_sock *peer = (struct unix_sock *)BPF_CORE_READ((struct unix_sock *)sk, peer);
	struct unix_address *address = peer ? BPF_CORE_READ(peer, addr) : NULL;
	__u32 len;

	name->len_bytes = 0;
	if (!address)
		return;
	len = BPF_CORE_READ(address, len);
	if (len > EVENT_NAME_BYTES)
		len = EVENT_NAME_BYTES;
	if (bpf_probe_read_kernel(name->bytes, len & 127, &address->name) == 0)
		name->len_bytes = len;
}

/* True for the end of a connection that called connect(): the accepted end has the name of the
 * listener, the ends of socketpair() have none. */
static __always_inline bool is_unix_client(struct sock *sk)
{
	struct unix_sock *self = (struct unix_sock *)sk;
	struct unix_sock *peer;

	if (sk->sk_type != SOCK_STREAM && sk->sk_type != SOCK_SEQPACKET)
		return false;
	if (BPF_CORE_READ(self, addr))
		return false;
	peer = (struct unix_sock *)BPF_CORE_READ(self, peer);
	return peer && BPF_CORE_READ(peer, addr);
}

static __always_inline void fill_socket(struct event_socket *out, struct sock *sk,
					struct task_struct *task)
{
	struct socket *socket = sk->sk_socket;

	out->cookie = bpf_get_socket_cookie(sk);
	out->inode = socket ? BPF_CORE_READ(socket, file, f_inode, i_ino) : 0;
	out->refs = references(sk);
	out->threads = task->signal->nr_threads;
	out->own = out->refs > 1 ? own_descriptors(sk, task) : 1;
	out->fd = -1;
	if (sk->__sk_common.skc_family == AF_UNIX) {
		fill_unix(&out->peer, sk);
		out->local.len_bytes = 0;
	} else {
		fill_inet(&out->peer, sk, true);
		fill_inet(&out->local, sk, false);
	}
}

#endif
