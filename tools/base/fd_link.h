/* SPDX-License-Identifier: MIT */
/*
 * What a descriptor of another process is, by the link of its name in /proc/PID/fd (proc(5)).
 */
#ifndef FORKSAN_TOOLS_BASE_FD_LINK_H
#define FORKSAN_TOOLS_BASE_FD_LINK_H

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum fd_link { FD_LINK_OTHER, FD_LINK_SOCKET, FD_LINK_EPOLL };

/* Reads `socket:[12345]` or `anon_inode:[eventpoll]`; `name` is relative to the directory, as for
 * openat(2).  Returns an enum fd_link, and the inode of a socket; or -errno. */
static inline int fd_link_read(int directory, const char *name, uint64_t *inode)
{
	char text[64];
	char end;
	ssize_t n = readlinkat(directory, name, text, sizeof text - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	if (sscanf(text, "socket:[%" SCNu64 "%c", inode, &end) == 2 && end == ']')
		return FD_LINK_SOCKET;
	return strcmp(text, "anon_inode:[eventpoll]") == 0 ? FD_LINK_EPOLL : FD_LINK_OTHER;
}

#endif
