/* SPDX-License-Identifier: MIT */
/*
 * Processes and their sockets: by one pass of the kernel where that is permitted (iterator.h), else
 * from /proc (proc(5)); what is known of holders beside that is from /proc.
 *
 * A process may end between any two reads; such a process is left out, or has fewer sockets.
 * Descriptors are gathered for all processes, since any other process may hold a connection of the
 * one asked for.
 */
#include "scan/snapshot.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/fd_link.h"
#include "scan/iterator.h"

#define NAME_BYTES 32 /* "4194304/cmdline" */

/* Reads a file of /proc, cut to size - 1 bytes, with a NUL behind them.  Returns the length in
 * bytes, or -errno. */
static ssize_t read_text(int directory, const char *name, char *text, size_t size)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n;
}

/* Reads `pid (comm) state ppid ... num_threads itrealvalue starttime ...`; comm may hold blanks and
 * parentheses, so the last ')' ends comm.  num_threads is the 20th field; starttime is in clock
 * ticks since the boot.  False: the process has ended or is a zombie. */
static bool read_stat(int proc, struct scan_process *process)
{
	char name[NAME_BYTES], text[512];
	char *open, *close;
	char state;

	snprintf(name, sizeof name, "%d/stat", process->pid);
	if (read_text(proc, name, text, sizeof text) <= 0)
		return false;
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (open == NULL || close == NULL || close < open ||
	    sscanf(close + 1,
		   " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d %*d "
		   "%" SCNu64,
		   &state, &process->parent_pid, &process->thread_count,
		   &process->started_ticks) != 4)
		return false;
	*close = '\0';
	snprintf(process->comm, sizeof process->comm, "%s", open + 1);
	return state != 'Z' && state != 'X'; /* a zombie holds nothing */
}

static void read_command(int proc, struct scan_process *process)
{
	char name[NAME_BYTES];
	ssize_t n;

	snprintf(name, sizeof name, "%d/cmdline", process->pid);
	n = read_text(proc, name, process->command, sizeof process->command);
	while (n > 0 && process->command[n - 1] == '\0')
		n--;
	for (ssize_t i = 0; i < n; i++)
		if (process->command[i] == '\0')
			process->command[i] = ' ';
	if (n <= 0)
		snprintf(process->command, sizeof process->command, "%s", process->comm);
}

static bool read_cgroup(int proc, struct scan_process *process)
{
	char name[NAME_BYTES], text[4096];

	snprintf(name, sizeof name, "%d/cgroup", process->pid);
	if (read_text(proc, name, text, sizeof text) <= 0)
		return false;
	cgroup_read(text, &process->cgroup);
	return true;
}

static struct scan_process *new_process(pid_t pid)
{
	struct scan_process *process = calloc(1, sizeof *process);

	if (process == NULL)
		cli_no_memory();
	process->pid = pid;
	return process;
}

static void add_process(struct snapshot *snapshot, struct scan_process *process)
{
	HASH_ADD_INT(snapshot->processes, pid, process);
	snapshot->processes_seen++;
}

static void add_holder(struct snapshot *snapshot, uint64_t inode, struct scan_process *process,
		       int fd, bool close_on_exec)
{
	struct scan_socket *socket;
	struct scan_holder *last;

	HASH_FIND(hh, snapshot->sockets, &inode, sizeof inode, socket);
	if (socket == NULL) {
		socket = calloc(1, sizeof *socket);
		if (socket == NULL)
			cli_no_memory();
		socket->inode = inode;
		HASH_ADD(hh, snapshot->sockets, inode, sizeof inode, socket);
	}
	last = socket->holder_count > 0 ? &socket->holders[socket->holder_count - 1] : NULL;
	if (last != NULL && last->process == process) { /* a process's descriptors come together */
		last->fd_count++;
		if (fd < last->fd)
			last->fd = fd;
		return;
	}
	socket->holders =
		reallocarray(socket->holders, socket->holder_count + 1, sizeof *socket->holders);
	if (socket->holders == NULL)
		cli_no_memory();
	socket->holders[socket->holder_count++] = (struct scan_holder){
		.process = process,
		.fd = fd,
		.fd_count = 1,
		.epoll_fd = -1,
		.close_on_exec = close_on_exec,
	};
}

static void add_epoll(struct scan_process *process, int fd)
{
	if (process->epoll_count < SCAN_EPOLLS)
		process->epoll_fds[process->epoll_count++] = fd;
}

static bool is_denial(int error)
{
	return error == EACCES || error == EPERM;
}

/* Adds the sockets of one process.  A process that may not be looked at refuses its directory, or
 * lists its descriptors and refuses each link. */
static void read_descriptors(struct snapshot *snapshot, int proc, struct scan_process *process)
{
	char name[NAME_BYTES];
	int fd;
	DIR *directory;
	const struct dirent *each;
	bool denied;

	snprintf(name, sizeof name, "%d/fd", process->pid);
	fd = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	directory = fd >= 0 ? fdopendir(fd) : NULL;
	denied = directory == NULL && is_denial(errno);
	while (directory != NULL && (each = readdir(directory)) != NULL) {
		uint64_t inode = 0;
		int result;

		if (!isdigit((unsigned char)each->d_name[0]))
			continue;
		snapshot->descriptors_seen++;
		result = fd_link_read(dirfd(directory), each->d_name, &inode);
		if (result == FD_LINK_SOCKET)
			add_holder(snapshot, inode, process, atoi(each->d_name), false);
		else if (result == FD_LINK_EPOLL)
			add_epoll(process, atoi(each->d_name));
		denied = denied || is_denial(-result);
	}
	process->denied = denied;
	snapshot->processes_denied += denied;
	if (directory != NULL)
		closedir(directory);
	else if (fd >= 0)
		close(fd);
}

static void read_proc(struct snapshot *snapshot, DIR *proc)
{
	const struct dirent *each;
	struct scan_process *process;

	while ((each = readdir(proc)) != NULL) {
		if (!isdigit((unsigned char)each->d_name[0]))
			continue;
		process = new_process((pid_t)atoi(each->d_name));
		if (!read_stat(dirfd(proc), process)) {
			free(process);
			continue;
		}
		add_process(snapshot, process);
		read_descriptors(snapshot, dirfd(proc), process);
	}
}

/* A process that was born between the two passes has descriptors alone, and is left out. */
static void take_records(struct snapshot *snapshot, const struct iterator_records *records)
{
	uint64_t tick_ns = UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK);
	struct scan_process *process = NULL;

	for (size_t i = 0; i < records->process_count; i++) {
		const struct process_record *record = &records->processes[i];

		process = new_process((pid_t)record->pid);
		process->parent_pid = (pid_t)record->parent_pid;
		process->thread_count = (int)record->thread_count;
		process->started_ticks = record->started_ns / tick_ns;
		process->cgroups = record->cgroups;
		process->namespaces = record->namespaces;
		process->abi = (record->is_narrow != 0) == (sizeof(long) == 4) ? SCAN_ABI_OWN
									       : SCAN_ABI_OTHER;
		snprintf(process->comm, sizeof process->comm, "%.*s", (int)sizeof record->comm,
			 record->comm);
		add_process(snapshot, process);
	}
	for (size_t i = 0; i < records->descriptor_count; i++) {
		const struct descriptor_record *record = &records->descriptors[i];
		pid_t pid = (pid_t)record->pid;

		if (process == NULL || process->pid != pid)
			HASH_FIND_INT(snapshot->processes, &pid, process);
		if (process != NULL && record->inode != 0)
			add_holder(snapshot, record->inode, process, record->fd,
				   record->close_on_exec != 0);
		else if (process != NULL)
			add_epoll(process, record->fd);
	}
	snapshot->descriptors_seen = records->descriptors_seen;
}

static bool is_meant(const struct scan_scope *scope, const struct scan_process *process)
{
	return scope->name != NULL ? strcmp(process->comm, scope->name) == 0
				   : process->pid == scope->pid;
}

/* True for a process that the scope means, and with with_children for each descendant of one.  A
 * parent that has ended is no parent any more (credentials(7)), so the chain is walked upwards at
 * most once for each process. */
static bool is_asked_for(const struct snapshot *snapshot, const struct scan_scope *scope,
			 const struct scan_process *process)
{
	pid_t parent;

	if (scope->pid == 0 && scope->name == NULL)
		return true;
	for (size_t depth = 0; process != NULL && depth < snapshot->processes_seen; depth++) {
		if (is_meant(scope, process))
			return true;
		if (!scope->with_children)
			return false;
		parent = process->parent_pid;
		HASH_FIND_INT(snapshot->processes, &parent, process);
	}
	return false;
}

static bool is_held_in_scope(const struct scan_socket *socket)
{
	for (size_t i = 0; i < socket->holder_count; i++)
		if (socket->holders[i].process->in_scope)
			return true;
	return false;
}

static void keep_shared(struct snapshot *snapshot)
{
	struct scan_socket *socket = snapshot->sockets, *next;

	HASH_CLEAR(hh, snapshot->sockets);
	for (; socket != NULL; socket = next) {
		next = socket->hh.next;
		if (socket->holder_count >= 2 && is_held_in_scope(socket)) {
			HASH_ADD(hh, snapshot->sockets, inode, sizeof socket->inode, socket);
			continue;
		}
		free(socket->holders);
		free(socket);
	}
}

/* Sets close_on_exec from O_CLOEXEC in the octal `flags:` of /proc/PID/fdinfo/FD (proc(5)). */
static void read_flags(struct scan_holder *holder)
{
	char path[64];
	char text[256];
	const char *flags;

	snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", holder->process->pid, holder->fd);
	if (read_text(AT_FDCWD, path, text, sizeof text) <= 0)
		return;
	flags = strstr(text, "flags:");
	holder->close_on_exec = flags != NULL && (strtoul(flags + 6, NULL, 8) & O_CLOEXEC) != 0;
}

/* Where processes belong, read once for all that belong to the same.  The first one was still there
 * after the pass, so that the kernel has not given its numbers to others during the pass. */
struct place {
	struct place_key {
		uint64_t cgroups, namespaces;
	} key;
	const struct scan_process *first; /* in whom it was read */
	UT_hash_handle hh;
};

/* False: the process has ended, or this user may not look at it. */
static bool read_place(int proc, struct scan_process *process)
{
	struct stat namespace;
	char name[NAME_BYTES];
	bool has_cgroup = read_cgroup(proc, process);

	snprintf(name, sizeof name, "%d/ns/net", process->pid);
	if (fstatat(proc, name, &namespace, 0) != 0)
		return false;
	process->network_namespace = namespace.st_ino;
	return has_cgroup;
}

static void find_place(int proc, struct place **places, struct scan_process *process)
{
	struct place_key key = {process->cgroups, process->namespaces};
	struct place *place = NULL;

	if (key.cgroups != 0 && key.namespaces != 0)
		HASH_FIND(hh, *places, &key, sizeof key, place);
	if (place != NULL) {
		process->cgroup = place->first->cgroup;
		process->network_namespace = place->first->network_namespace;
		return;
	}
	if (!read_place(proc, process) || key.cgroups == 0 || key.namespaces == 0)
		return;
	place = calloc(1, sizeof *place);
	if (place == NULL)
		cli_no_memory();
	place->key = key;
	place->first = process;
	HASH_ADD(hh, *places, key, sizeof key, place);
}

static void read_details(const struct snapshot *snapshot, int proc)
{
	struct place *places = NULL, *place, *next;
	struct scan_socket *socket;

	for (socket = snapshot->sockets; socket != NULL; socket = socket->hh.next) {
		for (size_t i = 0; i < socket->holder_count; i++) {
			struct scan_process *process = socket->holders[i].process;

			if (process->command[0] != '\0')
				continue;
			read_command(proc, process);
			find_place(proc, &places, process);
		}
	}
	place = places;
	HASH_CLEAR(hh, places);
	for (; place != NULL; place = next) {
		next = place->hh.next;
		free(place);
	}
}

int proc_read(struct snapshot *snapshot, const struct scan_scope *scope, bool by_proc)
{
	struct iterator_records records = {0};
	DIR *proc = opendir("/proc");
	struct scan_process *process;
	bool found = scope->pid == 0 && scope->name == NULL;

	if (proc == NULL)
		return -errno;
	snapshot->by_iterator = !by_proc && iterator_read(&records);
	if (snapshot->by_iterator)
		take_records(snapshot, &records);
	else
		read_proc(snapshot, proc);
	iterator_free(&records);
	for (process = snapshot->processes; process != NULL; process = process->hh.next) {
		process->in_scope = is_asked_for(snapshot, scope, process);
		found = found || process->in_scope;
	}
	if (found)
		keep_shared(snapshot);
	closedir(proc);
	return found ? 0 : -ESRCH;
}

void proc_read_holders(struct snapshot *snapshot)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (proc >= 0) {
		read_details(snapshot, proc);
		close(proc);
	}
}

void proc_read_flags(struct snapshot *snapshot)
{
	struct scan_socket *socket;

	if (snapshot->by_iterator) /* the records have them */
		return;
	for (socket = snapshot->sockets; socket != NULL; socket = socket->hh.next)
		for (size_t i = 0; socket->kind == SCAN_CONNECTED && i < socket->holder_count; i++)
			read_flags(&socket->holders[i]);
}
