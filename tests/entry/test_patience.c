/* SPDX-License-Identifier: MIT */
/*
 * A record waits for what another process is about to record (conversation.c), and not for what it
 * will not record soon: a write that blocks slows nobody who reads.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

/* Each would wait 10 ms. */
#define READS 400
#define READS_MS 1500

/* More than the buffers of two sockets hold: 6 MiB and 4 MiB at most by default, tcp(7). */
#define HUGE_REQUESTS (1 << 22)

static unsigned now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static int waiting_bytes(int fd)
{
	int bytes = 0;

	require(ioctl(fd, FIONREAD, &bytes) == 0);
	return bytes;
}

/* Nobody reads the replies: soon the peer does not read the requests either. */
static void write_until_blocked(int fd)
{
	size_t len = HUGE_REQUESTS * REQUEST_BYTES;
	char *requests = malloc(len);

	require(requests != NULL);
	for (size_t i = 0; i < HUGE_REQUESTS; i++)
		memcpy(requests + i * REQUEST_BYTES, REQUEST, REQUEST_BYTES);
	for (int i = 0; i < READS; i++)
		require(write(fd, REQUEST, REQUEST_BYTES) == REQUEST_BYTES);
	require(write(fd, requests, len) == -1); /* never: it is killed in here */
}

static void run_blocked_write(void)
{
	int fd = peer_connect(), before;
	pid_t child = fork();
	unsigned began;

	require(child >= 0);
	if (child == 0) {
		write_until_blocked(fd);
		_exit(1);
	}
	do {
		before = waiting_bytes(fd);
		usleep(100000);
	} while (before == 0 || waiting_bytes(fd) != before);
	began = now_ms();
	for (int i = 0; i < READS; i++) {
		char reply[REPLY_BYTES];

		require(recv(fd, reply, sizeof reply, MSG_WAITALL) == REPLY_BYTES);
	}
	require(now_ms() - began < READS_MS);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void expect_crossed(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "shared-use") == 1);
	expect(log_count(log, "crossed-reply") > 0);
	expect(log_counter(log, "replies_crossed") == READS);
}

static const struct entry_case cases[] = {
	{.name = "a write that blocks slows no reader",
	 .run = run_blocked_write,
	 .check = expect_crossed},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
