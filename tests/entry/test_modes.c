/* SPDX-License-Identifier: MIT */
/*
 * What options change: strict mode stops a violation before its bytes move; exitcode, watch and
 * ignore.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "base/sys.h"

static int status_of(pid_t pid)
{
	int status;

	require(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The child ends by exit(), as programs do. */
static pid_t start(void (*function)(int fd), int fd)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	require(pid >= 0);
	if (pid == 0) {
		function(fd);
		exit(0);
	}
	return pid;
}

static void print_status(void (*function)(int fd), int fd)
{
	printf("status %d\n", status_of(start(function, fd)));
}

static long raw_receive(int fd)
{
	char reply[64];

	return sys_call(SYS_recvfrom, fd, (long)(uintptr_t)reply, sizeof(reply), MSG_DONTWAIT, 0,
			0);
}

static void expect_output(const struct log *log, const char *output)
{
	expect(strcmp(log_output(log), output) == 0);
}

/* --- strict mode ---------------------------------------------------------------------------------
 */

/* No request has left: no reply is there. */
static void run_strict_write(void)
{
	int fd = peer_connect();

	print_status(peer_ping, fd);
	print_status(peer_ping, fd);
	peer_connect(); /* the peer answers in order: a reply would be there now */
	printf("reply %ld\n", raw_receive(fd));
}

static void expect_write_stopped(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "status 0\nstatus 134\nreply -11\n");
	expect(log_count(log, "shared-use") == 1);
	expect(log_integer(log, "shared-use", 0, "operation.bytes") == 0);
	expect(strcmp(log_string(log, "shared-use", 0, "operation.message"), "PING") == 0);
}

/* The reply is there, and is not taken. */
static void receive_late(int fd)
{
	char reply[REPLY_BYTES];

	raw_send_request(fd);
	require(recv(fd, reply, sizeof(reply), MSG_WAITALL) == REPLY_BYTES);
}

static void run_strict_read(void)
{
	int fd = peer_connect();

	print_status(peer_ping, fd);
	print_status(receive_late, fd);
	printf("reply %ld\n", raw_receive(fd));
}

static void expect_read_stopped(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "status 0\nstatus 134\nreply 7\n");
	expect(log_count(log, "shared-use") == 1);
	expect(strcmp(log_string(log, "shared-use", 0, "operation.call"), "recv") == 0);
}

/* As many containers do: forksan sees none of it, and cannot read a write before its bytes leave
 * the easy way. */
static void forbid_reading_memory(void)
{
	refuse_call(SYS_process_vm_readv);
}

static void say_goodbye(int fd)
{
	char quit[] = "*1\r\n$4\r\nQUIT\r\n";
	struct iovec iov = {quit, sizeof(quit) - 1};

	sendmsg(fd, &(struct msghdr){.msg_iov = &iov, .msg_iovlen = 1}, 0);
}

static void run_strict_goodbye(void)
{
	int fd;

	if (getenv("FORKSAN_OPTIONS") == NULL)
		return;
	fd = peer_connect();
	forbid_reading_memory();
	print_status(say_goodbye, fd);
	/* The session would be at its end. */
	peer_connect();
	printf("reply %ld\n", raw_receive(fd));
	peer_ping(fd);
}

static void expect_goodbye_stopped(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "status 134\nreply -11\n");
	expect(log_count(log, "foreign-goodbye") == 1);
	expect(log_integer(log, "foreign-goodbye", 0, "operation.bytes") == 0);
}

/* A read with nothing to take is stopped by nobody. */
static void receive_nothing(int fd)
{
	char byte;

	require(recv(fd, &byte, 1, MSG_DONTWAIT) == -1);
	require(recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == -1);
}

static void run_strict_sound(void)
{
	int fd = peer_connect();

	print_status(receive_nothing, fd);
	print_status(peer_ping, fd);
	print_status(receive_nothing, fd);
	peer_ping(peer_connect());
}

static void expect_no_violation(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "shared-use") == 0);
	expect(log_counter(log, "connections_watched") == 2);
}

/* Two siblings whose first uses are at the same moment: never do both pass. */
static struct gate go;

static void ping_at_once(int fd)
{
	gate_wait(&go);
	raw_close(go.ends[0]);
	require(send(fd, REQUEST, REQUEST_BYTES, 0) == REQUEST_BYTES);
}

static void run_strict_race(void)
{
	unsigned passed[3] = {0};

	for (int round = 0; round < 60; round++) {
		int fd = peer_connect();
		pid_t one;
		pid_t two;

		gate_init(&go);
		one = start(ping_at_once, fd);
		two = start(ping_at_once, fd);
		raw_close(go.ends[0]);
		raw_close(go.ends[1]);
		passed[(status_of(one) == 0) + (status_of(two) == 0)]++;
		close(fd);
	}
	printf("%u %u %u\n", passed[0], passed[1], passed[2]);
}

static void expect_one_of_two(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "0 60 0\n");
	expect(log_count(log, "shared-use") == 60);
}

/* --- other options
 * -------------------------------------------------------------------------------- */

static void run_exitcode(void)
{
	int fd = peer_connect();

	print_status(peer_ping, fd);
	print_status(peer_ping, fd);
	print_status(receive_nothing, fd);
}

static void expect_exitcode(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "status 0\nstatus 66\nstatus 0\n");
}

static void *read_stdin(void *line)
{
	return fgets(line, 2, stdin);
}

/* libc's exit() flushes what was written and waits for nobody who reads. */
static void end_beside_a_reader(int fd)
{
	static char line[2];
	pthread_t reader;
	int input[2];

	alarm(10);
	require(pipe(input) == 0 && dup2(input[0], STDIN_FILENO) == STDIN_FILENO);
	require(pthread_create(&reader, NULL, read_stdin, line) == 0);
	while (ftrylockfile(stdin) == 0) { /* the reader is not inside yet */
		funlockfile(stdin);
		sched_yield();
	}
	peer_ping(fd);
	printf("written\n");
	exit(0);
}

static void run_exitcode_beside_a_reader(void)
{
	int fd = peer_connect();

	run_child(peer_ping, fd);
	fflush(stdout);
	print_status(end_beside_a_reader, fd);
}

static void expect_exitcode_at_once(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "written\nstatus 66\n");
}

static void run_siblings(void)
{
	siblings_use(peer_ping);
}

static void expect_unwatched(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, NULL) == 0);
	expect(log_counter(log, "connections_watched") == 0);
	expect(log_counter(log, "connections_other") > 0);
}

static const struct entry_case cases[] = {
	{.name = "strict mode stops a write before its bytes leave",
	 .run = run_strict_write,
	 .check = expect_write_stopped,
	 .options = ":strict=1",
	 .differs = true},
	{.name = "strict mode stops a read before its bytes are taken",
	 .run = run_strict_read,
	 .check = expect_read_stopped,
	 .options = ":mode=strict",
	 .differs = true},
	{.name = "strict mode stops a goodbye where process_vm_readv() is denied",
	 .run = run_strict_goodbye,
	 .check = expect_goodbye_stopped,
	 .options = ":strict=1",
	 .differs = true},
	{.name = "strict mode stops nothing that is sound",
	 .run = run_strict_sound,
	 .check = expect_no_violation,
	 .options = ":strict=1"},
	{.name = "strict mode lets one of two siblings pass",
	 .run = run_strict_race,
	 .check = expect_one_of_two,
	 .options = ":strict=1",
	 .differs = true},
	{.name = "exitcode is the status of who broke the rule",
	 .run = run_exitcode,
	 .check = expect_exitcode,
	 .options = ":exitcode=66",
	 .differs = true},
	{.name = "exitcode waits for no thread that reads stdin",
	 .run = run_exitcode_beside_a_reader,
	 .check = expect_exitcode_at_once,
	 .options = ":exitcode=66",
	 .differs = true},
	{.name = "watch leaves other classes alone",
	 .run = run_siblings,
	 .check = expect_unwatched,
	 .options = ":watch=database"},
	{.name = "ignore by protocol",
	 .run = run_siblings,
	 .check = expect_unwatched,
	 .options = ":ignore=redis"},
	{.name = "ignore by address",
	 .run = run_siblings,
	 .check = expect_unwatched,
	 .options = ":ignore='127.0.0.*'"},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
