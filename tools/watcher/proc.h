/* SPDX-License-Identifier: MIT */
/* What /proc says of processes and their descriptors. */
#ifndef FORKSAN_TOOLS_WATCHER_PROC_H
#define FORKSAN_TOOLS_WATCHER_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_status {
	pid_t pid;
	pid_t parent_pid;
	uint64_t started_ns; /* CLOCK_BOOTTIME */
	char comm[16];
};

/* False: there is no such process. */
bool proc_read_status(pid_t pid, struct proc_status *status);

/* The processes of the machine, parents before their children; freed by the caller.  NULL: /proc
 * cannot be read. */
struct proc_status *proc_list(size_t *count);

enum proc_answer { PROC_NO, PROC_YES, PROC_UNKNOWN };

/* Whether the process has the socket with that inode open.  PROC_UNKNOWN also for a process that
 * has ended.  `fd`: where it is looked for first; replaced by the descriptor that was found. */
enum proc_answer proc_holds(pid_t pid, uint64_t inode, int *fd);

struct proc_socket {
	uint64_t inode;
	pid_t pid;
	int fd;
};

/* The sockets that processes have open, and who has them. */
struct proc_sockets {
	struct proc_socket *list; /* from malloc() */
	size_t count, room;
};

/* Adds those of the process.  False: there is no memory. */
bool proc_add_sockets(struct proc_sockets *sockets, pid_t pid);

/* To be called after the last addition, and before the first proc_find_socket(). */
void proc_sort_sockets(struct proc_sockets *sockets);

/* The first entry of the inode, and behind it the others; NULL: none. */
const struct proc_socket *proc_find_socket(const struct proc_sockets *sockets, uint64_t inode);

#endif
