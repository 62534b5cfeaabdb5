/* SPDX-License-Identifier: MIT */
/*
 * Finds the threads that are blocked on a shared connection: /proc/PID/task/TID/syscall (proc(5))
 * names the system call in which a thread of a holder sleeps.  The call waits for its descriptor,
 * for the arrays of poll() and select() in the process's memory (process_vm_readv(2)), or for the
 * set of an epoll instance (/proc/PID/fdinfo).  The thread goes on sleeping.
 *
 * The kernel shows this to users who may trace the process (ptrace(2), PTRACE_MODE_ATTACH_FSCREDS).
 * Numbers of calls are those of this machine's own ABI; a 32-bit process has others and is passed
 * over.
 */
#include "scan/snapshot.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <elf.h>

#include "base/fd_link.h"

#define MAX_POLLED 4096

/* How a call names the descriptors for which the call waits. */
enum wait_way { WAITS_FOR_FD, WAITS_IN_POLL, WAITS_IN_SELECT, WAITS_IN_EPOLL };

static const struct {
	long number;
	const char *name;
	enum wait_way way;
} waits[] = {
	{SYS_read, "read", WAITS_FOR_FD},
	{SYS_readv, "readv", WAITS_FOR_FD},
	{SYS_recvfrom, "recvfrom", WAITS_FOR_FD},
	{SYS_recvmsg, "recvmsg", WAITS_FOR_FD},
	{SYS_recvmmsg, "recvmmsg", WAITS_FOR_FD},
	{SYS_write, "write", WAITS_FOR_FD},
	{SYS_writev, "writev", WAITS_FOR_FD},
	{SYS_sendto, "sendto", WAITS_FOR_FD},
	{SYS_sendmsg, "sendmsg", WAITS_FOR_FD},
	{SYS_ppoll, "ppoll", WAITS_IN_POLL},
	{SYS_pselect6, "pselect", WAITS_IN_SELECT},
	{SYS_epoll_pwait, "epoll_pwait", WAITS_IN_EPOLL},
#ifdef SYS_poll /* machines of before 2012 have these, too */
	{SYS_poll, "poll", WAITS_IN_POLL},
	{SYS_select, "select", WAITS_IN_SELECT},
	{SYS_epoll_wait, "epoll_wait", WAITS_IN_EPOLL},
#endif
#ifdef SYS_epoll_pwait2
	{SYS_epoll_pwait2, "epoll_pwait2", WAITS_IN_EPOLL},
#endif
};

/* A thread's call: its place in `waits` and its first two arguments. */
struct call {
	size_t wait;
	uint64_t arguments[2];
	char text[256]; /* as /proc shows it */
};

static bool read_memory(pid_t pid, uint64_t address, void *out, size_t len)
{
	struct iovec here = {out, len};
	struct iovec there = {(void *)(uintptr_t)address, len};

	return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)len;
}

static bool is_socket(pid_t pid, uint64_t fd, uint64_t inode)
{
	char path[64];
	uint64_t found;

	if (fd > INT32_MAX)
		return false;
	snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, (int)fd);
	return fd_link_read(AT_FDCWD, path, &found) == FD_LINK_SOCKET && found == inode;
}

static bool polls(pid_t pid, const struct call *call, uint64_t inode)
{
	static struct pollfd polled[MAX_POLLED];
	uint64_t count = call->arguments[1];

	if (count > MAX_POLLED)
		count = MAX_POLLED;
	if (count == 0 || !read_memory(pid, call->arguments[0], polled, count * sizeof polled[0]))
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (polled[i].fd >= 0 && is_socket(pid, (uint64_t)polled[i].fd, inode))
			return true;
	return false;
}

/* The kernel's set is a bit for each descriptor, in words of long (select(2)). */
static bool selects(pid_t pid, const struct call *call, uint64_t inode)
{
	fd_set readable;
	uint64_t count = call->arguments[0];

	if (count > FD_SETSIZE)
		count = FD_SETSIZE;
	FD_ZERO(&readable);
	if (count == 0 || call->arguments[1] == 0 ||
	    !read_memory(pid, call->arguments[1], &readable, (count + 63) / 64 * 8))
		return false;
	for (uint64_t fd = 0; fd < count; fd++)
		if (FD_ISSET((int)fd, &readable) && is_socket(pid, fd, inode))
			return true;
	return false;
}

/* Lines `tfd: 7 events: 19 data: 7 pos:0 ino:2f3a sdev:8`; the inode is hexadecimal. */
static bool epolls(pid_t pid, uint64_t fd, uint64_t inode)
{
	char path[64];
	char line[256];
	FILE *file;
	bool found = false;

	if (fd > INT32_MAX)
		return false;
	snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", pid, (int)fd);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	while (!found && fgets(line, sizeof line, file) != NULL) {
		const char *text = strncmp(line, "tfd:", 4) == 0 ? strstr(line, "ino:") : NULL;

		found = text != NULL && strtoull(text + 4, NULL, 16) == inode;
	}
	fclose(file);
	return found;
}

static bool waits_for(const struct scan_holder *holder, const struct call *call, uint64_t inode)
{
	pid_t pid = holder->process->pid;

	switch (waits[call->wait].way) {
	case WAITS_FOR_FD:
		return call->arguments[0] == (uint64_t)holder->fd ||
		       (holder->fd_count > 1 && is_socket(pid, call->arguments[0], inode));
	case WAITS_IN_POLL:
		return polls(pid, call, inode);
	case WAITS_IN_SELECT:
		return selects(pid, call, inode);
	case WAITS_IN_EPOLL:
		return epolls(pid, call->arguments[0], inode);
	}
	return false;
}

/* Reads `NUMBER 0xARG 0xARG ...`; a running thread shows `running`, a thread outside of any call
 * -1. Returns 1 for a call that may wait, 0 for no such call, -errno when the thread may not be
 * looked at. */
static int read_call(int proc, pid_t pid, pid_t tid, struct call *call)
{
	char name[64];
	ssize_t n;
	long number;
	int fd;

	/* The first thread's is there without a look through the directory of threads. */
	if (tid == pid)
		snprintf(name, sizeof name, "%d/syscall", pid);
	else
		snprintf(name, sizeof name, "%d/task/%d/syscall", pid, tid);
	fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, call->text, sizeof call->text - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return (int)n;
	call->text[n] = '\0';
	if (sscanf(call->text, "%ld %" SCNx64 " %" SCNx64, &number, &call->arguments[0],
		   &call->arguments[1]) != 3)
		return 0;
	for (call->wait = 0; call->wait < sizeof waits / sizeof waits[0]; call->wait++)
		if (waits[call->wait].number == number)
			return 1;
	return 0;
}

/* The class is the fifth byte of an ELF file (e_ident[EI_CLASS]). */
static enum scan_abi read_abi(int proc, const char *exe)
{
	unsigned char identity[EI_CLASS + 1] = "";
	ssize_t n = -1;
	int fd = openat(proc, exe, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		n = read(fd, identity, sizeof identity);
		close(fd);
	}
	return n != (ssize_t)sizeof identity ||
			       (identity[EI_CLASS] == ELFCLASS64) == (sizeof(long) == 8)
		       ? SCAN_ABI_OWN
		       : SCAN_ABI_OTHER;
}

/* The latest file of which the class was read: many processes run one program. */
struct known_program {
	struct stat stat;
	enum scan_abi abi;
};

static bool has_own_abi(int proc, struct scan_process *process, struct known_program *known)
{
	char exe[32];
	struct stat stat;

	if (process->abi != SCAN_ABI_UNKNOWN)
		return process->abi == SCAN_ABI_OWN;
	snprintf(exe, sizeof exe, "%d/exe", process->pid);
	if (fstatat(proc, exe, &stat, 0) != 0)
		return true;
	if (known->abi == SCAN_ABI_UNKNOWN || stat.st_ino != known->stat.st_ino ||
	    stat.st_dev != known->stat.st_dev)
		*known = (struct known_program){stat, read_abi(proc, exe)};
	process->abi = known->abi;
	return process->abi == SCAN_ABI_OWN;
}

/* Sets holder->epoll_fd when one of the process's epoll instances has the socket. */
static void find_epoll(struct scan_holder *holder, uint64_t inode)
{
	const struct scan_process *process = holder->process;

	for (int i = 0; i < process->epoll_count && holder->epoll_fd < 0; i++)
		if (epolls(process->pid, (uint64_t)process->epoll_fds[i], inode))
			holder->epoll_fd = process->epoll_fds[i];
}

/* Sets holder->waits_in when the thread waits on the socket.  False when this user may not look at
 * the thread. */
static bool look_at_thread(int proc, struct scan_holder *holder, pid_t tid, uint64_t inode)
{
	struct call call = {0};
	int result = read_call(proc, holder->process->pid, tid, &call);

	if (result > 0 && waits_for(holder, &call, inode)) {
		holder->waits_in = waits[call.wait].name;
		holder->waits_tid = tid;
		holder->waits_as = strdup(call.text);
	}
	return result != -EACCES && result != -EPERM;
}

/* Sets holder->waits_in when a thread of the holder waits on the socket.  False when this user may
 * not look at a thread. */
static bool find_wait(int proc, struct scan_holder *holder, uint64_t inode)
{
	pid_t pid = holder->process->pid;
	char path[64];
	DIR *directory;
	const struct dirent *each;
	bool permitted = true;

	if (holder->process->thread_count == 1)
		return look_at_thread(proc, holder, pid, inode);

	snprintf(path, sizeof path, "/proc/%d/task", pid);
	directory = opendir(path);
	if (directory == NULL)
		return errno != EACCES && errno != EPERM;
	while ((each = readdir(directory)) != NULL && holder->waits_in == NULL)
		if (isdigit((unsigned char)each->d_name[0]))
			permitted =
				look_at_thread(proc, holder, (pid_t)atoi(each->d_name), inode) &&
				permitted;
	closedir(directory);
	return permitted;
}

void waits_find(struct snapshot *snapshot)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct known_program known = {.abi = SCAN_ABI_UNKNOWN};
	struct scan_socket *socket;

	for (socket = snapshot->sockets; socket != NULL; socket = socket->hh.next) {
		if (socket->kind != SCAN_CONNECTED)
			continue;
		for (size_t i = 0; i < socket->holder_count; i++) {
			struct scan_holder *holder = &socket->holders[i];

			find_epoll(holder, socket->inode);
			if (has_own_abi(proc, holder->process, &known) &&
			    !find_wait(proc, holder, socket->inode))
				snapshot->waits_denied++;
		}
	}
	close(proc);
}
