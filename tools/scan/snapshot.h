/* SPDX-License-Identifier: MIT */
/*
 * One look at this machine: which sockets several processes hold open, which processes these are,
 * and which of them wait.
 *
 *   snapshot_take()   /proc        processes, their descriptors          (proc.c)
 *                     iterator     their descriptors, where permitted    (iterator.c)
 *                     sock_diag    each socket's kind and its addresses  (sockets.c)
 *                     /proc        threads that are blocked on a socket  (waits.c)
 *                     memory       where they are, when asked for        (holder_stacks.c)
 *
 * Nothing is stopped and nothing is loaded into the processes looked at.  A change meanwhile is
 * seen as before or as after; an object that this user may not look at is counted.
 * Single-threaded.
 */
#ifndef FORKSAN_TOOLS_SNAPSHOT_H
#define FORKSAN_TOOLS_SNAPSHOT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/cli.h"
#include "scan/cgroup.h"
#include "forksan/protocols.h"

#define uthash_fatal(message) cli_no_memory()
#include <uthash.h>

/* Epoll instances of one process that are looked into: an event loop has one, a thread of it one.
 */
#define SCAN_EPOLLS 16

/* Whether a process's system calls have the numbers of this machine's own ABI. */
enum scan_abi { SCAN_ABI_UNKNOWN, SCAN_ABI_OWN, SCAN_ABI_OTHER };

struct scan_process {
	pid_t pid;
	pid_t parent_pid;
	uint64_t network_namespace;   /* inode of /proc/PID/ns/net, of holders; 0: not known */
	uint64_t cgroups, namespaces; /* those of two processes are the same when the numbers are;
					 0: not known */
	enum scan_abi abi;
	char comm[32];
	char command[160]; /* the command line, arguments parted by blanks; comm where there is none
			    */
	int thread_count;
	uint64_t started_ticks; /* since the boot */
	struct cgroup cgroup;	/* of holders */
	int epoll_fds[SCAN_EPOLLS];
	int epoll_count;
	bool in_scope;	   /* the user asked for it */
	bool denied;	   /* its descriptors may not be listed by this user */
	UT_hash_handle hh; /* by pid */
};

/* A process that has a socket open: once for each process, by its lowest descriptor. */
struct scan_holder {
	struct scan_process *process;
	int fd;
	int fd_count;
	bool close_on_exec;
	const char *waits_in; /* the call in which a thread waits on this socket; NULL: none */
	pid_t waits_tid;      /* that thread */
	char *waits_as;	      /* its call and arguments, as /proc shows them; NULL: none */
	int epoll_fd;	      /* an epoll instance of the process that has the socket; -1: none */
	/* With --stacks: json_t of tools/stacks, and why there is none, or what it lacks. */
	struct json_t *stack;
	char no_stack[128];
	bool stack_is_later; /* the thread went on between the wait and the stack */
};

enum scan_kind {
	SCAN_UNSEEN, /* the kernel did not say: gone meanwhile, or of a namespace not reached */
	SCAN_LISTENING,
	SCAN_ACCEPTED,	/* the server's side */
	SCAN_CONNECTED, /* the side that called connect(), which forksan watches */
	SCAN_PAIR,	/* socketpair(2) */
	SCAN_NO_STREAM, /* datagrams, netlink and others */
};

union scan_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

struct scan_socket {
	uint64_t inode; /* of sockfs, as in /proc/PID/fd: unique on this machine */
	enum scan_kind kind;
	int family;		/* AF_UNSPEC: not known before the kernel is asked */
	enum protocol protocol; /* by port or path: one look sees no bytes */
	union scan_address local, peer;
	bool has_traffic;
	uint64_t sent_bytes,
		received_bytes; /* acknowledged by the peer; delivered to the process (tcp(7)) */
	uint32_t sent_idle_ms,
		received_idle_ms; /* since the latest byte; of none, since it was opened */
	uint64_t least_age_s;	  /* it is at least so old; 0: not known */
	uint64_t most_age_s;	  /* and at most, if `opener` opened it; 0: not known */
	const struct scan_process *opener;
	uint32_t unread_bytes;		      /* received, and read by nobody yet */
	const struct server_session *session; /* what the server says of it; NULL: not asked */
	struct scan_holder *holders;
	size_t holder_count;
	UT_hash_handle hh; /* by inode */
};

struct snapshot {
	struct scan_process *processes; /* uthash */
	struct scan_socket *sockets;	/* uthash; those that several processes hold */
	bool by_iterator;		/* the descriptors are from iterator.h, not from /proc */
	uint64_t processes_seen;
	uint64_t processes_denied; /* their descriptors may not be listed by this user */
	uint64_t descriptors_seen;
	uint64_t namespaces_denied; /* network namespaces that could not be entered */
	uint64_t waits_denied;	    /* holders whose threads may not be looked at */
};

/* Which connections the user asked for. */
struct scan_scope {
	pid_t pid;	    /* held by this process; 0: by any */
	const char *name;   /* held by a process of that name (comm); NULL: whatever its name */
	bool with_children; /* or by a descendant of it */
};

/* Whose stacks are taken. */
enum scan_stacks {
	SCAN_NO_STACKS,
	SCAN_STACKS,	     /* of threads that sleep */
	SCAN_STACKS_STOPPED, /* of all; each is stopped for the moment */
};

/* Takes a snapshot; `by_proc`: no program is given to the kernel for it.  0, or -errno when not
 * even /proc can be read; -ESRCH when there is no process that the scope means.  The caller frees
 * the snapshot in every case, with snapshot_free(). */
int snapshot_take(struct snapshot *snapshot, const struct scan_scope *scope, bool by_proc,
		  enum scan_stacks stacks);
void snapshot_free(struct snapshot *snapshot);

/* True when the process is one of the socket's holders. */
static inline bool scan_is_held_by(const struct scan_socket *socket, pid_t pid)
{
	for (size_t i = 0; i < socket->holder_count; i++)
		if (socket->holders[i].process->pid == pid)
			return true;
	return false;
}

/* --- the steps of snapshot_take(), for their files ---------------------------------------------
 */

/* Fills processes, and of sockets (kind SCAN_UNSEEN) those alone that several processes hold and
 * the scope asks for.  0 or -errno, as snapshot_take(). */
int proc_read(struct snapshot *snapshot, const struct scan_scope *scope, bool by_proc);

/* Fills command, network_namespace and cgroup of holders: of other processes nobody asks. */
void proc_read_holders(struct snapshot *snapshot);

/* Fills how old the connections can be. */
void ages_estimate(struct snapshot *snapshot);

/* Asks the kernel for kind, addresses and traffic of each socket. */
void sockets_ask(struct snapshot *snapshot);

/* Fills holders' close_on_exec for connected sockets. */
void proc_read_flags(struct snapshot *snapshot);

/* Fills holders' waits_in and epoll_fd for connected sockets. */
void waits_find(struct snapshot *snapshot);

/* Fills the stacks of the holders of connections: of the thread that waits, else of the first one.
 * stop: each thread is stopped for the moment (tools/stacks). */
void holder_stacks_take(struct snapshot *snapshot, bool stop);

#endif
