/* SPDX-License-Identifier: MIT */
/*
 * A program like many: threads, forks and children that exec, each with connections of their own,
 * an allocator in constant use, and some digits of the clock and of files.  Nothing is shared by
 * mistake, so the shim has nothing to report.  It prints what it computed, the same in every run.
 *
 *	talk [ROUNDS]
 *
 * test_neighbours.py runs it beside other preloaded libraries and under sanitizers, in C and with
 * what they interpose in use.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 4

static int rounds = 20;
static struct sockaddr_in server;

static void must(int good, const char *what)
{
	if (!good) {
		printf("%s failed: errno %d\n", what, errno);
		fflush(stdout);
		_exit(2);
	}
}

/* Answers each request of a Redis client with its length, until the client goes.  Nothing is
 * allocated while a client could go on and the program fork: in the child, where this thread is
 * not, it would be lost, and memcheck would say so now and then. */
static void *serve(void *data)
{
	int fd = (int)(intptr_t)data;
	char request[256];
	ssize_t n;

	while ((n = recv(fd, request, sizeof request, 0)) > 0) {
		char *answer = malloc(64);
		int len = snprintf(answer, 64, ":%zd\r\n", n);

		memcpy(request, answer, (size_t)len);
		free(answer);
		must(send(fd, request, (size_t)len, MSG_NOSIGNAL) == len, "the server's send");
	}
	close(fd);
	return NULL;
}

static void *accept_all(void *data)
{
	int listener = (int)(intptr_t)data;
	int fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		pthread_t thread;

		must(pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0, "a thread");
		pthread_detach(thread);
	}
	return NULL;
}

static void start_server(void)
{
	socklen_t len = sizeof server;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pthread_t thread;

	server.sin_family = AF_INET;
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(fd >= 0 && bind(fd, (struct sockaddr *)&server, sizeof server) == 0 &&
		     listen(fd, 64) == 0 && getsockname(fd, (struct sockaddr *)&server, &len) == 0,
	     "listen");
	must(pthread_create(&thread, NULL, accept_all, (void *)(intptr_t)fd) == 0, "a thread");
	pthread_detach(thread);
}

/* The sum of what the server answered. */
static long talk(void)
{
	static const char request[] = "*1\r\n$4\r\nPING\r\n";
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	long sum = 0;

	must(fd >= 0 && connect(fd, (struct sockaddr *)&server, sizeof server) == 0, "connect");
	for (int i = 0; i < rounds; i++) {
		struct pollfd poller = {.fd = fd, .events = POLLIN};
		char *answer = calloc(1, 64 + (size_t)i * 100);

		must(send(fd, request, sizeof request - 1, 0) == sizeof request - 1, "send");
		must(poll(&poller, 1, 10000) == 1, "poll");
		must(recv(fd, answer, 64, 0) > 0, "recv");
		sum += strtol(answer + 1, NULL, 10);
		free(answer);
	}
	close(fd);
	return sum;
}

static void *talk_in_thread(void *data)
{
	*(long *)data = talk();
	return NULL;
}

static int status_of(pid_t pid)
{
	int status = -1;

	must(pid > 0 && waitpid(pid, &status, 0) == pid, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	long sums[THREADS];
	struct timespec now;
	pid_t child;
	FILE *file;

	if (argc > 1)
		rounds = atoi(argv[1]);
	start_server();
	printf("main: %ld\n", talk());
	for (int i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, talk_in_thread, &sums[i]) == 0, "a thread");
	for (int i = 0; i < THREADS; i++) {
		must(pthread_join(threads[i], NULL) == 0, "pthread_join");
		printf("thread %d: %ld\n", i, sums[i]);
	}
	for (int i = 0; i < 5; i++) {
		fflush(stdout);
		child = fork();
		if (child == 0)
			_exit(talk() == 14L * rounds ? 20 + i : 1);
		printf("child %d: status %d\n", i, status_of(child));
	}
	printf("system: %d\n", WEXITSTATUS(system("exit 7")));
	fflush(stdout);
	child = vfork();
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", "exit 8", (char *)NULL);
		_exit(1);
	}
	printf("vfork and exec: %d\n", status_of(child));
	file = tmpfile();
	must(file != NULL && fprintf(file, "%d", 12345) == 5 && fflush(file) == 0 &&
		     fsync(fileno(file)) == 0 && fclose(file) == 0,
	     "a file");
	must(clock_gettime(CLOCK_REALTIME, &now) == 0, "clock_gettime");
	printf("it is %s\n", now.tv_sec < 1000000000 ? "long ago" : "today");
	return 9;
}
