/* SPDX-License-Identifier: MIT */
/*
 * What subjects are made of.  See harness.h.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peer.h"
#include "base/kernel.h"
#include "base/sys.h"

#define SKIPPED 77
#define FAILED 99

void require_failed(const char *file, int line, const char *condition)
{
	char text[512];
	int len = snprintf(text, sizeof(text), "%s:%d: %s (errno %d)\n", file, line, condition,
			   errno);

	raw_write(STDOUT_FILENO, text, (size_t)len);
	_exit(FAILED);
}

void skip(const char *reason)
{
	printf("skipped: %s\n", reason);
	fflush(stdout);
	_exit(SKIPPED);
}

void sandbox_unseen(struct sock_filter *filter, size_t count)
{
	struct sock_fprog program = {(unsigned short)count, filter};

	require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (sys_call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, (long)(uintptr_t)&program, 0, 0, 0) !=
	    0)
		skip("seccomp is not allowed here");
}

void refuse_call(long number)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	sandbox_unseen(filter, sizeof filter / sizeof filter[0]);
}

int peer_connect_only(int flags)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	const char *port = getenv(PEER_PORT_VARIABLE);
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0);

	require(fd >= 0 && port != NULL);
	in.sin_port = htons((uint16_t)atoi(port));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	require(connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0);
	return fd;
}

int peer_connect(void)
{
	int fd = peer_connect_only(0);

	peer_ping(fd);
	return fd;
}

void peer_ping(int fd)
{
	char reply[REPLY_BYTES];

	require(send(fd, REQUEST, REQUEST_BYTES, 0) == REQUEST_BYTES);
	require(recv(fd, reply, sizeof(reply), MSG_WAITALL) == REPLY_BYTES);
	require(memcmp(reply, REPLY, REPLY_BYTES) == 0);
}

ssize_t raw_read(int fd, void *buffer, size_t len)
{
	return sys_call(SYS_read, fd, (long)(uintptr_t)buffer, (long)len, 0, 0, 0);
}

ssize_t raw_write(int fd, const void *buffer, size_t len)
{
	return sys_call(SYS_write, fd, (long)(uintptr_t)buffer, (long)len, 0, 0, 0);
}

long raw_close(int fd)
{
	return sys_call(SYS_close, fd, 0, 0, 0, 0, 0);
}

void raw_send_request(int fd)
{
	require(raw_write(fd, REQUEST, REQUEST_BYTES) == REQUEST_BYTES);
}

void raw_receive_reply(int fd)
{
	char reply[REPLY_BYTES];

	require(sys_call(SYS_recvfrom, fd, (long)(uintptr_t)reply, sizeof(reply), MSG_WAITALL, 0,
			 0) == REPLY_BYTES);
	require(memcmp(reply, REPLY, REPLY_BYTES) == 0);
}

void raw_ping(int fd)
{
	raw_send_request(fd);
	raw_receive_reply(fd);
}

void run_child(void (*function)(int fd), int fd)
{
	pid_t pid = fork();
	int status;

	require(pid >= 0);
	if (pid == 0) {
		function(fd);
		_exit(0);
	}
	require(waitpid(pid, &status, 0) == pid);
	require(status == 0);
}

void siblings_use(void (*use)(int fd))
{
	int fd = peer_connect();

	run_child(peer_ping, fd);
	run_child(use, fd);
}

void gate_init(struct gate *gate)
{
	require(pipe2(gate->ends, O_CLOEXEC) == 0);
}

void gate_tell(struct gate *gate)
{
	require(raw_write(gate->ends[1], "", 1) == 1);
}

void gate_wait(struct gate *gate)
{
	char byte;

	raw_close(gate->ends[1]);
	gate->ends[1] = -1;
	require(raw_read(gate->ends[0], &byte, 1) >= 0);
}

void subject_arguments(char *argv[4], char *bytes, size_t size)
{
	int cmdline = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);

	memset(bytes, 0, size);
	require(raw_read(cmdline, bytes, size - 1) > 0);
	raw_close(cmdline);
	for (int i = 0; i < 3; i++) { /* "subject", "--run", the case */
		argv[i] = bytes;
		bytes += strlen(bytes) + 1;
	}
	argv[3] = NULL;
}

void subject_start_again(const char *variable, int number)
{
	char *argv[4];
	char bytes[64];
	char value[16];

	subject_arguments(argv, bytes, sizeof(bytes));
	snprintf(value, sizeof(value), "%d", number);
	setenv(variable, value, 1);
	execv("/proc/self/exe", argv);
	require(false);
	abort(); /* for compilers */
}

const char *plugin_path(const char *name)
{
	static char path[PATH_MAX + 64];
	char self[PATH_MAX];
	ssize_t len;

	if (getenv("FORKSAN_SUBJECT") != NULL) {
		snprintf(self, sizeof(self), "%s", getenv("FORKSAN_SUBJECT"));
	} else {
		len = readlink("/proc/self/exe", self, sizeof(self) - 1);
		require(len > 0);
		self[len] = '\0';
	}
	snprintf(path, sizeof(path), "%s/plugin_%s.so", dirname(self), name);
	return path;
}
