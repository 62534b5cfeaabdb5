/* SPDX-License-Identifier: MIT */
/* See proc.h. */
#include "watcher/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd_link.h"

#define NS_PER_SECOND UINT64_C(1000000000)

bool proc_read_status(pid_t pid, struct proc_status *status)
{
	char path[32], text[512];
	char *name, *end;
	uint64_t ticks;
	size_t len;
	ssize_t got;
	int fd;

	*status = (struct proc_status){.pid = pid};
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, text, sizeof text - 1);
	close(fd);
	if (got <= 0)
		return false;
	text[got] = '\0';
	/* PID (NAME) STATE PPID, 17 more, and the start in ticks since boot (proc(5)): the name may
	 * hold anything, blanks and brackets too */
	name = strchr(text, '(');
	end = strrchr(text, ')');
	if (!name || !end || end < name ||
	    sscanf(end + 1,
		   " %*c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
		   " %" SCNu64,
		   &status->parent_pid, &ticks) != 2)
		return false;
	status->started_ns = ticks * (NS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK));
	len = (size_t)(end - name - 1);
	if (len > sizeof status->comm - 1)
		len = sizeof status->comm - 1;
	memcpy(status->comm, name + 1, len);
	return true;
}

/* Moves the processes behind their parents. */
static void put_parents_first(struct proc_status *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t tries = count;

		for (size_t j = i + 1; j < count && tries > 0; j++) {
			struct proc_status child = list[i];

			if (list[j].pid != child.parent_pid)
				continue;
			list[i] = list[j];
			list[j] = child;
			j = i; /* that one's parent may stand behind, too */
			tries--;
		}
	}
}

struct proc_status *proc_list(size_t *count)
{
	DIR *directory = opendir("/proc");
	struct proc_status *list = NULL;
	size_t room = 0;
	struct dirent *entry;

	*count = 0;
	while (directory && (entry = readdir(directory)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (*count == room) {
			struct proc_status *more;

			room = room ? 2 * room : 256;
			more = reallocarray(list, room, sizeof *list);
			if (!more)
				break;
			list = more;
		}
		if (proc_read_status((pid_t)atoi(entry->d_name), &list[*count]))
			++*count;
	}
	if (directory)
		closedir(directory);
	put_parents_first(list, *count);
	return list;
}

/* The inode of the socket to which a link of /proc/PID/fd leads; 0: none. */
static uint64_t read_inode(int directory, const char *name)
{
	uint64_t inode = 0;

	return fd_link_read(directory, name, &inode) == FD_LINK_SOCKET ? inode : 0;
}

enum proc_answer proc_holds(pid_t pid, uint64_t inode, int *fd)
{
	char path[48];
	struct dirent *entry;
	DIR *directory;
	bool found = false, any = false;

	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, *fd);
	if (*fd >= 0 && read_inode(AT_FDCWD, path) == inode)
		return PROC_YES;
	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	if (!directory)
		return PROC_UNKNOWN;
	while (!found && (entry = readdir(directory)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		any = true;
		if (read_inode(dirfd(directory), entry->d_name) != inode)
			continue;
		*fd = atoi(entry->d_name);
		found = true;
	}
	closedir(directory);
	/* A process that has ended and is not waited for yet (a zombie) has none. */
	if (!any)
		return PROC_UNKNOWN;
	return found ? PROC_YES : PROC_NO;
}

static bool add_socket(struct proc_sockets *sockets, struct proc_socket socket)
{
	if (sockets->count == sockets->room) {
		size_t room = sockets->room ? 2 * sockets->room : 256;
		void *more = reallocarray(sockets->list, room, sizeof *sockets->list);

		if (!more)
			return false;
		sockets->list = more;
		sockets->room = room;
	}
	sockets->list[sockets->count++] = socket;
	return true;
}

bool proc_add_sockets(struct proc_sockets *sockets, pid_t pid)
{
	char path[32];
	struct dirent *entry;
	bool has_memory = true;
	DIR *directory;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	if (!directory)
		return true;
	while (has_memory && (entry = readdir(directory)) != NULL) {
		struct proc_socket socket = {read_inode(dirfd(directory), entry->d_name), pid,
					     atoi(entry->d_name)};

		if (socket.inode != 0)
			has_memory = add_socket(sockets, socket);
	}
	closedir(directory);
	return has_memory;
}

static int by_inode(const void *a, const void *b)
{
	uint64_t left = ((const struct proc_socket *)a)->inode;
	uint64_t right = ((const struct proc_socket *)b)->inode;

	return (left > right) - (left < right);
}

void proc_sort_sockets(struct proc_sockets *sockets)
{
	if (sockets->count > 0)
		qsort(sockets->list, sockets->count, sizeof *sockets->list, by_inode);
}

const struct proc_socket *proc_find_socket(const struct proc_sockets *sockets, uint64_t inode)
{
	struct proc_socket wanted = {.inode = inode};
	const struct proc_socket *found = NULL;

	if (sockets->count > 0)
		found = bsearch(&wanted, sockets->list, sockets->count, sizeof wanted, by_inode);
	while (found && found > sockets->list && found[-1].inode == inode)
		found--;
	return found;
}
