/* SPDX-License-Identifier: MIT */
/*
 * A loop of calls for counting instructions: `calls KIND CALL N` makes N calls on a descriptor that
 * is, to forksan, of that KIND.  Run under callgrind with two N, bare and preloaded; the difference
 * of differences is what one call costs (tests/bench/instructions.sh).
 *
 *   unwatched   one end of a socketpair
 *   own         a connection to a Redis peer that only this process uses
 *   inherited   the same, held open by an idle child too
 *   shared      the same, and the child has used it once: its messages are followed
 *   fork, exec  N forks and waits with CALL connections open; the child ends, or becomes /bin/true
 *   aged        exec in a session in which CALL processes have ended before
 *   worker      N forks with CALL connections open; the child waits for events once, and is gone
 *   storm       two processes send in turn on one connection: each use is a violation; prints the
 *               microseconds of N uses for each, with the pipe by which they take turns
 *   connect     N times connect and close (system calls are counted from outside)
 *   epoll       N turns of an event loop: a connection is taken out, added, changed and waited for
 *   spawn       N posix_spawns and waits of /bin/true with CALL in its environment:
 * "LD_PRELOAD=...", or nothing; prints the median in microseconds
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char request[] = "*1\r\n$4\r\nPING\r\n";
static const char reply[] = "+PONG\r\n";

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* A peer in its own process: answers the first request, then only writes or only drains. */
static void serve(int listener, int gives)
{
	char buffer[65536];
	int fd = accept(listener, NULL, NULL);

	if (fd < 0 || read(fd, buffer, sizeof buffer) <= 0 ||
	    write(fd, reply, sizeof reply - 1) <= 0)
		_exit(1);
	if (gives)
		while (write(fd, reply, sizeof reply - 1) > 0)
			;
	else
		while (read(fd, buffer, sizeof buffer) > 0)
			;
	_exit(0);
}

static int listen_on(struct sockaddr_in *address)
{
	socklen_t len = sizeof *address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	memset(address, 0, sizeof *address);
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listener < 0 || bind(listener, (struct sockaddr *)address, sizeof *address) != 0 ||
	    listen(listener, 1024) != 0 ||
	    getsockname(listener, (struct sockaddr *)address, &len) != 0)
		die("listen");
	return listener;
}

static int connect_to(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) != 0)
		die("connect");
	return fd;
}

static int open_watched(int gives)
{
	struct sockaddr_in address;
	char buffer[sizeof reply];
	int listener = listen_on(&address);
	int fd;
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(listener, gives);
	}
	close(listener);
	fd = connect_to(&address);
	if (send(fd, request, sizeof request - 1, 0) <= 0 ||
	    recv(fd, buffer, sizeof reply - 1, MSG_WAITALL) <= 0)
		die("first exchange");
	return fd;
}

static void give_to_child(int used_fd)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready) != 0)
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (used_fd >= 0 && send(used_fd, request, sizeof request - 1, 0) <= 0)
			_exit(1);
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (read(ready[0], &byte, 1) != 1)
		die("read");
}

static void call_many(int fd, const char *call, long n)
{
	char buffer[sizeof reply];
	struct iovec iov = {(void *)(uintptr_t)request, sizeof request - 1};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	if (strcmp(call, "send") == 0)
		for (long i = 0; i < n; i++) {
			if (send(fd, request, sizeof request - 1, 0) <= 0)
				die("send");
		}
	else if (strcmp(call, "recv") == 0)
		for (long i = 0; i < n; i++) {
			if (recv(fd, buffer, sizeof reply - 1, MSG_WAITALL) <= 0)
				die("recv");
		}
	else if (strcmp(call, "sendmsg") == 0)
		for (long i = 0; i < n; i++) {
			if (sendmsg(fd, &message, 0) <= 0)
				die("sendmsg");
		}
	else
		for (long i = 0; i < n; i++) {
			if (write(fd, request, sizeof request - 1) <= 0)
				die("write");
		}
}

/* The program that stands for a child which is a worker. */
static const char worker[] = "";

static void run_child(const char *program)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0 && program == worker) {
		poll(NULL, 0, 0);
		syscall(SYS_kill, getpid(), SIGKILL); /* kill() would leave first */
	}
	if (pid == 0) {
		if (program)
			execl(program, program, (char *)NULL);
		_exit(program ? 1 : 0);
	}
	waitpid(pid, NULL, 0);
}

/* Page faults of this process and of the children that it has waited for. */
static long faults(void)
{
	struct rusage self, children;

	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	return self.ru_minflt + children.ru_minflt;
}

/* Microseconds on a processor of this process and of the children that it has waited for. */
static double processor_us(void)
{
	struct rusage self, children;

	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	timeradd(&self.ru_utime, &self.ru_stime, &self.ru_utime);
	timeradd(&children.ru_utime, &children.ru_stime, &children.ru_utime);
	timeradd(&self.ru_utime, &children.ru_utime, &self.ru_utime);
	return (double)self.ru_utime.tv_sec * 1e6 + (double)self.ru_utime.tv_usec;
}

/* N children with CONNECTIONS open, which end at once (NULL) or become the program; prints
 * microseconds for each, by the clock and on a processor, and its page faults. */
static void fork_many(int connections, const char *program, long n)
{
	struct sockaddr_in address;
	struct timespec begin;
	struct timespec end;
	double processor;
	long faulted;
	int listener = listen_on(&address);

	for (int i = 0; i < connections; i++) {
		int fd = connect_to(&address);
		int accepted = accept(listener, NULL, NULL);

		/* The other end goes at once: a process may have 20 000 descriptors here. */
		if (accepted < 0 || send(fd, request, sizeof request - 1, 0) <= 0 ||
		    close(accepted) != 0)
			die("connect");
	}
	faulted = faults();
	processor = processor_us();
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (long i = 0; i < n; i++)
		run_child(program);
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.3f %.3f %.1f\n",
	       ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) /
		       (double)n / 1e3,
	       (processor_us() - processor) / (double)n, (double)(faults() - faulted) / (double)n);
}

static void take_turns(int fd, int from, int to, long n)
{
	char byte = 't';

	for (long i = 0; i < n; i++)
		if (read(from, &byte, 1) != 1 || send(fd, request, sizeof request - 1, 0) <= 0 ||
		    write(to, &byte, 1) != 1)
			_exit(1);
}

static void storm(long n)
{
	int fd = open_watched(0);
	struct timespec begin;
	struct timespec end;
	int forth[2];
	int back[2];
	pid_t pid;

	if (pipe(forth) != 0 || pipe(back) != 0)
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		take_turns(fd, forth[0], back[1], n / 2);
		_exit(0);
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (write(back[1], "t", 1) != 1)
		die("write");
	take_turns(fd, back[0], forth[1], n / 2);
	waitpid(pid, NULL, 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.3f\n",
	       ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) /
		       (double)n / 1e3);
}

static int by_value(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

static void spawn_many(char *variable, long n)
{
	char options[] = "FORKSAN_OPTIONS=log_path=/dev/null";
	char name[] = "true";
	char *argv[] = {name, NULL};
	char *envp[] = {options, variable, NULL};
	double *times = calloc((size_t)n, sizeof *times);

	for (long i = 0; times && i < n; i++) {
		struct timespec begin, end;
		pid_t pid;

		clock_gettime(CLOCK_MONOTONIC, &begin);
		if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, envp) != 0 ||
		    waitpid(pid, NULL, 0) != pid)
			die("posix_spawn");
		clock_gettime(CLOCK_MONOTONIC, &end);
		times[i] = ((double)(end.tv_sec - begin.tv_sec) * 1e9 +
			    (double)(end.tv_nsec - begin.tv_nsec)) /
			   1e3;
	}
	if (!times || n < 1)
		die("spawn");
	qsort(times, (size_t)n, sizeof *times, by_value);
	printf("%.3f\n", times[n / 2]);
	free(times);
}

static void connect_many(long n)
{
	struct sockaddr_in address;
	int listener = listen_on(&address);

	for (long i = 0; i < n; i++) {
		int fd = connect_to(&address);
		int accepted = accept(listener, NULL, NULL);

		if (accepted < 0 || close(accepted) != 0 || close(fd) != 0)
			die("connect");
	}
}

static void control(int epfd, int operation, int fd)
{
	struct epoll_event event = {.events = EPOLLOUT, .data.fd = fd};

	if (epoll_ctl(epfd, operation, fd, &event) != 0)
		die("epoll_ctl");
}

static void poll_many(long n)
{
	struct sockaddr_in address;
	struct epoll_event event;
	int epfd = epoll_create1(EPOLL_CLOEXEC);
	int fd;

	listen_on(&address);
	fd = connect_to(&address);
	control(epfd, EPOLL_CTL_ADD, fd);
	for (long i = 0; i < n; i++) {
		control(epfd, EPOLL_CTL_DEL, fd);
		control(epfd, EPOLL_CTL_ADD, fd);
		control(epfd, EPOLL_CTL_MOD, fd);
		if (epoll_wait(epfd, &event, 1, -1) != 1)
			die("epoll_wait");
	}
}

int main(int argc, char **argv)
{
	const char *kind = argc == 4 ? argv[1] : "";
	int pair[2];
	int fd;

	if (argc != 4) {
		fprintf(stderr,
			"usage: calls unwatched|own|inherited|shared send|recv|write|sendmsg N\n"
			"       calls fork|exec|worker CONNECTIONS N\n"
			"       calls aged PROCESSES N\n"
			"       calls storm 0 N\n"
			"       calls connect 0 N\n"
			"       calls epoll 0 N\n"
			"       calls spawn VARIABLE=VALUE N\n");
		return 2;
	}
	if (strcmp(kind, "fork") == 0) {
		fork_many(atoi(argv[2]), NULL, atol(argv[3]));
		return 0;
	}
	if (strcmp(kind, "worker") == 0) {
		fork_many(atoi(argv[2]), worker, atol(argv[3]));
		return 0;
	}
	if (strcmp(kind, "exec") == 0) {
		fork_many(atoi(argv[2]), "/bin/true", atol(argv[3]));
		return 0;
	}
	if (strcmp(kind, "aged") == 0) {
		for (int i = 0; i < atoi(argv[2]); i++)
			run_child(NULL);
		fork_many(0, "/bin/true", atol(argv[3]));
		return 0;
	}
	if (strcmp(kind, "spawn") == 0) {
		spawn_many(argv[2], atol(argv[3]));
		return 0;
	}
	if (strcmp(kind, "storm") == 0) {
		storm(atol(argv[3]));
		return 0;
	}
	if (strcmp(kind, "connect") == 0) {
		connect_many(atol(argv[3]));
		return 0;
	}
	if (strcmp(kind, "epoll") == 0) {
		poll_many(atol(argv[3]));
		return 0;
	}
	if (strcmp(kind, "unwatched") == 0) {
		pid_t pid;

		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
			die("socketpair");
		pid = fork();
		if (pid == 0) {
			char buffer[65536];

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(pair[0]);
			if (strcmp(argv[2], "recv") == 0)
				while (write(pair[1], reply, sizeof reply - 1) > 0)
					;
			while (read(pair[1], buffer, sizeof buffer) > 0)
				;
			_exit(0);
		}
		close(pair[1]);
		fd = pair[0];
	} else {
		fd = open_watched(strcmp(argv[2], "recv") == 0);
		if (strcmp(kind, "inherited") == 0)
			give_to_child(-1);
		if (strcmp(kind, "shared") == 0)
			give_to_child(fd);
	}
	call_many(fd, argv[2], atol(argv[3]));
	return 0;
}
