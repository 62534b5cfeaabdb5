/* SPDX-License-Identifier: MIT */
/*
 * Threads, forks and cancellation together: rows 10 and 27 of the pitfalls.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

#define TALKERS 8
#define FORKERS 2
#define FORKS 800

static atomic_bool over;

static void *talk(void *unused)
{
	int fd = peer_connect();

	while (!atomic_load(&over))
		peer_ping(fd);
	close(fd);
	return unused;
}

static void wait_for(pid_t pid)
{
	int status;

	require(pid > 0);
	require(waitpid(pid, &status, 0) == pid && status == 0);
}

/* Most children end at once; some go on with a connection of their own, which shows that they hold
 * those of the talkers. */
static void *fork_often(void *unused)
{
	for (int i = 0; i < FORKS; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			if (i % 16 == 0)
				peer_connect();
			_exit(0);
		}
		wait_for(pid);
	}
	return unused;
}

static void run_fork_storm(void)
{
	pthread_t talkers[TALKERS];
	pthread_t forkers[FORKERS];

	for (int i = 0; i < TALKERS; i++)
		require(pthread_create(&talkers[i], NULL, talk, NULL) == 0);
	for (int i = 0; i < FORKERS; i++)
		require(pthread_create(&forkers[i], NULL, fork_often, NULL) == 0);
	for (int i = 0; i < FORKERS; i++)
		require(pthread_join(forkers[i], NULL) == 0);
	atomic_store(&over, true);
	for (int i = 0; i < TALKERS; i++)
		require(pthread_join(talkers[i], NULL) == 0);
}

static void expect_forks(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, NULL) == log_count(log, "open-at-fork"));
	expect(log_counter(log, "uses_violation") == 0);
	expect(log_counter(log, "uses_hazard") == 0);
	expect(log_counter(log, "forks") == FORKERS * FORKS);
	expect(log_counter(log, "connections_watched") == TALKERS + FORKERS * FORKS / 16);
}

/* As daemons do: everything from 3 up, in the child of a process with threads. */
static void run_close_all(void)
{
	pthread_t talkers[TALKERS];

	for (int i = 0; i < TALKERS; i++)
		require(pthread_create(&talkers[i], NULL, talk, NULL) == 0);
	for (int i = 0; i < 20; i++) {
		struct timespec start;
		struct timespec end;
		pid_t pid = fork();

		if (pid == 0) {
			clock_gettime(CLOCK_MONOTONIC, &start);
			for (int fd = 3; fd < 65536; fd++)
				close(fd);
			clock_gettime(CLOCK_MONOTONIC, &end);
			_exit(end.tv_sec - start.tv_sec > 1);
		}
		wait_for(pid);
	}
	atomic_store(&over, true);
	for (int i = 0; i < TALKERS; i++)
		require(pthread_join(talkers[i], NULL) == 0);
}

/* --- cancellation
 * ---------------------------------------------------------------------------------- */

static atomic_bool cleaned;
static int connection;

static void note_cleanup(void *unused)
{
	(void)unused;
	atomic_store(&cleaned, true);
}

static void *wait_for_bytes(void *unused)
{
	char byte;

	pthread_cleanup_push(note_cleanup, NULL);
	recv(connection, &byte, 1, 0);
	pthread_cleanup_pop(0);
	return unused;
}

/* Blocked or about to be: both are cancelled. */
static void cancel_reader(int fd)
{
	for (int i = 0; i < 50; i++) {
		pthread_t thread;
		void *result = NULL;

		atomic_store(&cleaned, false);
		connection = fd;
		require(pthread_create(&thread, NULL, wait_for_bytes, NULL) == 0);
		if (i % 2 == 0)
			usleep(1000);
		require(pthread_cancel(thread) == 0);
		require(pthread_join(thread, &result) == 0);
		require(result == PTHREAD_CANCELED);
	}
	require(atomic_load(&cleaned));
	/* The connection is as good as before. */
	peer_ping(fd);
}

static void run_cancel_own(void)
{
	cancel_reader(peer_connect());
}

static void run_cancel_inherited(void)
{
	siblings_use(cancel_reader);
}

/* Not cancelled: a thread that does not want to be. */
static void *ping_uncancelled(void *unused)
{
	require(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL) == 0);
	for (int i = 0; i < 1000; i++)
		peer_ping(connection);
	return unused;
}

static void run_cancel_disabled(void)
{
	pthread_t thread;
	void *result = &thread;

	connection = peer_connect();
	require(pthread_create(&thread, NULL, ping_uncancelled, NULL) == 0);
	require(pthread_cancel(thread) == 0);
	require(pthread_join(thread, &result) == 0);
	require(result == NULL);
}

/* The child's first call is another thread's than the one that came out of fork(): it is one
 * process, and the last holder when its parent lets go. */

static int handed_over;

static void *ping_in_thread(void *unused)
{
	(void)unused;
	peer_ping(handed_over);
	return NULL;
}

static void use_in_thread(int fd)
{
	pthread_t thread;

	handed_over = fd;
	require(pthread_create(&thread, NULL, ping_in_thread, NULL) == 0);
	require(pthread_join(thread, NULL) == 0);
}

static void run_first_call_of_thread(void)
{
	run_child(use_in_thread, peer_connect());
}

static void expect_two_processes(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_counter(log, "processes") == 2);
	expect(log_counter(log, "forks") == 1);
}

static const struct entry_case cases[] = {
	{.name = "a child whose thread makes the first call is one process",
	 .run = run_first_call_of_thread,
	 .check = expect_two_processes},
	{.name = "threads talk while others fork", .run = run_fork_storm, .check = expect_forks},
	{.name = "a child of threads closes everything",
	 .run = run_close_all,
	 .check = expect_nothing},
	{.name = "a reader is cancelled", .run = run_cancel_own, .check = expect_nothing},
	{.name = "a reader of an inherited connection is cancelled",
	 .run = run_cancel_inherited,
	 .check = expect_shared_use,
	 .operation = "send"},
	{.name = "a thread that is not to be cancelled is not",
	 .run = run_cancel_disabled,
	 .check = expect_nothing},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
