/* SPDX-License-Identifier: MIT */
/*
 * Calls that are left without returning: a signal handler jumps out of recv(), a thread is
 * cancelled in it.  The process is then in no call, and what others do on the connection is as
 * provable as ever.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

/* What _FORTIFY_SOURCE makes of longjmp() (debug/longjmp_chk.c in glibc). */
void __longjmp_chk(struct __jmp_buf_tag environment[1], int value) __attribute__((noreturn));

static sigjmp_buf out;
static void (*jump)(void);

static void jump_siglongjmp(void)
{
	siglongjmp(out, 1);
}

static void jump_longjmp(void)
{
	longjmp(out, 1);
}

static void jump__longjmp(void)
{
	_longjmp(out, 1);
}

static void jump_longjmp_chk(void)
{
	__longjmp_chk(out, 1);
}

static void on_alarm(int unused)
{
	(void)unused;
	jump();
}

/* The classic timeout: a blocking recv() is left by a jump out of a handler. */
static void leave_recv(int fd)
{
	struct itimerval soon = {.it_value = {.tv_usec = 20000}};
	char byte;

	require(signal(SIGALRM, on_alarm) != SIG_ERR);
	if (sigsetjmp(out, 1) == 0) {
		require(setitimer(ITIMER_REAL, &soon, NULL) == 0);
		recv(fd, &byte, 1, 0);
		require(false);
	}
}

static void ping_often(int fd)
{
	for (int i = 0; i < 20; i++)
		peer_ping(fd);
}

/* Sound: from its fork on only the grandchild uses the connection. */
static void leave_and_fork(int fd)
{
	peer_ping(fd);
	leave_recv(fd);
	run_child(ping_often, fd);
}

static void run_siglongjmp(void)
{
	jump = jump_siglongjmp;
	run_child(leave_and_fork, peer_connect());
}

static void run_longjmp(void)
{
	jump = jump_longjmp;
	run_child(leave_and_fork, peer_connect());
}

static void run__longjmp(void)
{
	jump = jump__longjmp;
	run_child(leave_and_fork, peer_connect());
}

static void run_longjmp_chk(void)
{
	jump = jump_longjmp_chk;
	run_child(leave_and_fork, peer_connect());
}

static void *receive(void *fd)
{
	char byte;

	recv(*(int *)fd, &byte, 1, 0);
	return NULL;
}

static void cancel_and_go_on(int fd)
{
	peer_ping(fd);
	for (int i = 0; i < 8; i++) {
		pthread_t thread;

		require(pthread_create(&thread, NULL, receive, &fd) == 0);
		usleep(5000);
		require(pthread_cancel(thread) == 0 && pthread_join(thread, NULL) == 0);
	}
	ping_often(fd);
}

static void run_cancel(void)
{
	run_child(cancel_and_go_on, peer_connect());
}

static void expect_sound(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "inherited-use") > 0);
	expect(log_count(log, "shared-use") == 0);
	expect(log_count(log, "crossed-reply") == 0);
	expect(log_counter(log, "replies_crossed") == 0);
}

/* The handler jumps out of recv() in a child, whose parent then takes the reply to its request. */
static void run_proof(void)
{
	struct gate parent_may, child_may;
	char reply[REPLY_BYTES];
	int fd = peer_connect();
	pid_t pid;

	gate_init(&parent_may);
	gate_init(&child_may);
	jump = jump_siglongjmp;
	pid = fork();
	if (pid == 0) {
		peer_ping(fd);
		leave_recv(fd);
		require(send(fd, REQUEST, REQUEST_BYTES, 0) == REQUEST_BYTES);
		gate_tell(&parent_may);
		gate_wait(&child_may);
		_exit(0);
	}
	gate_wait(&parent_may);
	require(recv(fd, reply, sizeof reply, 0) == REPLY_BYTES);
	gate_tell(&child_may);
	require(waitpid(pid, NULL, 0) == pid);
}

/* In recv(), or about to be: both are cancelled. */
static void cancel_receiver(int fd)
{
	pthread_t thread;

	require(pthread_create(&thread, NULL, receive, &fd) == 0);
	usleep(20000);
	require(pthread_cancel(thread) == 0 && pthread_join(thread, NULL) == 0);
}

/* Forks a process that takes the answer to another's request. */
static pid_t fork_thief(int fd, struct gate *sent)
{
	char reply[REPLY_BYTES];
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	gate_wait(sent);
	require(recv(fd, reply, sizeof reply, 0) == REPLY_BYTES);
	_exit(0);
}

/* A process whose thread was cancelled in recv() makes no call any more; the opener's request is
 * answered to another process. */
static void run_cancelled_bystander(void)
{
	struct gate cancelled, over, sent;
	int fd = peer_connect();
	pid_t bystander, thief;

	gate_init(&cancelled);
	gate_init(&over);
	gate_init(&sent);
	bystander = fork();
	if (bystander == 0) {
		peer_ping(fd);
		cancel_receiver(fd);
		gate_tell(&cancelled);
		gate_wait(&over);
		_exit(0);
	}
	thief = fork_thief(fd, &sent);
	gate_wait(&cancelled);
	require(send(fd, REQUEST, REQUEST_BYTES, 0) == REQUEST_BYTES);
	gate_tell(&sent);
	require(waitpid(thief, NULL, 0) == thief);
	gate_tell(&over);
	require(waitpid(bystander, NULL, 0) == bystander);
}

/* The opener has done so, and its children go on: one asks, the other takes the answer. */
static void run_cancelled_opener(void)
{
	struct gate cancelled, sent;
	int fd = peer_connect();
	pid_t asker, thief;

	gate_init(&cancelled);
	gate_init(&sent);
	asker = fork();
	if (asker == 0) {
		gate_wait(&cancelled);
		require(send(fd, REQUEST, REQUEST_BYTES, 0) == REQUEST_BYTES);
		gate_tell(&sent);
		_exit(0);
	}
	thief = fork_thief(fd, &sent);
	peer_ping(fd);
	cancel_receiver(fd);
	gate_tell(&cancelled);
	require(waitpid(asker, NULL, 0) == asker);
	require(waitpid(thief, NULL, 0) == thief);
}

static void expect_proof(const struct log *log, const struct entry_case *self)
{
	const char *certainty = log_string(log, "crossed-reply", 0, "certainty");

	(void)self;
	expect(log_count(log, "crossed-reply") == 1);
	expect(certainty != NULL && strcmp(certainty, "proven") == 0);
}

static const struct entry_case cases[] = {
	{.entry = "siglongjmp",
	 .name = "recv left by siglongjmp()",
	 .run = run_siglongjmp,
	 .check = expect_sound},
	{.entry = "longjmp",
	 .name = "recv left by longjmp()",
	 .run = run_longjmp,
	 .check = expect_sound},
	{.entry = "_longjmp",
	 .name = "recv left by _longjmp()",
	 .run = run__longjmp,
	 .check = expect_sound},
	{.entry = "__longjmp_chk",
	 .name = "recv left by the checked longjmp()",
	 .run = run_longjmp_chk,
	 .check = expect_sound},
	{.name = "threads cancelled in recv", .run = run_cancel, .check = expect_sound},
	{.name = "a thread cancelled in recv takes nothing from a proof about others",
	 .run = run_cancelled_bystander,
	 .check = expect_proof},
	{.name = "a thread of the opener cancelled in recv takes nothing from it either",
	 .run = run_cancelled_opener,
	 .check = expect_proof},
	{.name = "after a jump another's theft is proven as before",
	 .run = run_proof,
	 .check = expect_proof},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
