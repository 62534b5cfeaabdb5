/* SPDX-License-Identifier: MIT */
/*
 * Uses and reports inside signal handlers: row 14 of the pitfalls.  Whatever the handler
 * interrupted (malloc, the loader, stdio, our own code) and however small its stack, nothing hangs.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

static volatile sig_atomic_t handled;
static int connection;

static void ping_in_handler(int signal)
{
	int error = errno;

	(void)signal;
	peer_ping(connection);
	handled++;
	errno = error;
}

static void handle(int signal, int flags)
{
	struct sigaction action = {.sa_handler = ping_in_handler, .sa_flags = flags};

	require(sigaction(signal, &action, NULL) == 0);
}

/* SIGUSR1 once, after some microseconds of this thread's life. */
static void interrupt_after(long microseconds)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec when = {.it_value = {.tv_nsec = microseconds * 1000}};
	timer_t timer;

	require(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	require(timer_settime(timer, 0, &when, NULL) == 0);
}

static long delay_us;

static void interrupt_malloc(int fd)
{
	connection = fd;
	handle(SIGUSR1, SA_RESTART);
	interrupt_after(delay_us);
	while (handled == 0) {
		void *blocks[16];

		for (int i = 0; i < 16; i++)
			blocks[i] = malloc((size_t)(i + 1) * 3000);
		for (int i = 0; i < 16; i++)
			free(blocks[i]);
	}
}

static void interrupt_loader(int fd)
{
	connection = fd;
	handle(SIGUSR1, SA_RESTART);
	interrupt_after(delay_us);
	while (handled == 0) {
		void *library = dlopen(plugin_path("global"), RTLD_NOW | RTLD_LOCAL);

		require(library != NULL);
		dlclose(library);
	}
}

/* Our own code, too: the handler interrupts a ping on another connection that is judged. */
static void interrupt_ping(int fd)
{
	int other = peer_connect();

	connection = fd;
	handle(SIGUSR1, SA_RESTART);
	interrupt_after(delay_us);
	while (handled == 0)
		peer_ping(other);
}

static void many_children(void (*function)(int fd))
{
	int fd = peer_connect();

	for (int i = 0; i < 100; i++) {
		delay_us = 1 + i * 7;
		run_child(function, fd);
	}
}

static void run_in_malloc(void)
{
	many_children(interrupt_malloc);
}

static void run_in_loader(void)
{
	many_children(interrupt_loader);
}

static void run_in_ping(void)
{
	many_children(interrupt_ping);
}

/* A crash handler that says goodbye to the database. */
static sigjmp_buf after_crash;

static void ping_and_jump(int signal)
{
	(void)signal;
	peer_ping(connection);
	siglongjmp(after_crash, 1);
}

static void crash(int fd)
{
	struct sigaction action = {.sa_handler = ping_and_jump};

	connection = fd;
	require(sigaction(SIGSEGV, &action, NULL) == 0);
	if (sigsetjmp(after_crash, 1) == 0) {
		char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		*(volatile char *)page = 1;
		require(false);
	}
	peer_ping(fd);
}

static void run_crash(void)
{
	siblings_use(crash);
}

/* --- small stacks --------------------------------------------------------------------------------
 */

#define SMALL_STACK (16 * 1024)

/* With a page below it that nobody may touch. */
static char *small_stack(void)
{
	const size_t guard = 4096;
	char *pages = mmap(NULL, guard + SMALL_STACK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	require(pages != MAP_FAILED && mprotect(pages, guard, PROT_NONE) == 0);
	return pages + guard;
}

static void ping_on_alternate_stack(int fd)
{
	stack_t stack = {.ss_sp = small_stack(), .ss_size = SMALL_STACK};

	connection = fd;
	require(sigaltstack(&stack, NULL) == 0);
	handle(SIGUSR1, SA_ONSTACK);
	require(raise(SIGUSR1) == 0 && handled == 1);
}

static void run_alternate_stack(void)
{
	siblings_use(ping_on_alternate_stack);
}

static void *ping_in_thread(void *unused)
{
	peer_ping(connection);
	return unused;
}

static void ping_on_small_thread(int fd)
{
	pthread_attr_t attributes;
	pthread_t thread;

	connection = fd;
	require(pthread_attr_init(&attributes) == 0);
	require(pthread_attr_setstack(&attributes, small_stack(), SMALL_STACK) == 0);
	require(pthread_create(&thread, &attributes, ping_in_thread, NULL) == 0);
	require(pthread_join(thread, NULL) == 0);
}

static void run_small_thread(void)
{
	siblings_use(ping_on_small_thread);
}

static void expect_some(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "shared-use") > 0);
	expect(log_counter(log, "lost_reports") == 0);
	expect(log_counter(log, "uses_violation") > 0);
}

/* --- a handler that forks while its thread forks ------------------------------------------------
 */

pid_t _Fork(void);

static bool forks_in_prepare;
static pid_t made_by_handler; /* 0 in that process and its children */

static void fork_in_handler(int signal)
{
	(void)signal;
	made_by_handler = _Fork();
}

static void raise_in_prepare(void)
{
	if (forks_in_prepare)
		raise(SIGUSR1);
	forks_in_prepare = false;
}

/* fork(), interrupted by a handler that forks. */
static pid_t fork_interrupted(void)
{
	struct sigaction action = {.sa_handler = fork_in_handler};

	require(sigaction(SIGUSR1, &action, NULL) == 0);
	require(pthread_atfork(raise_in_prepare, NULL, NULL) == 0);
	made_by_handler = -1;
	forks_in_prepare = true;
	return fork();
}

static void wait_for(pid_t pid)
{
	int status;

	require(waitpid(pid, &status, 0) == pid && status == 0);
}

/* The handler's child and its own end; the connection is handed over to the other one. */
static void run_fork_in_fork(void)
{
	struct gate closed;
	int fd = peer_connect();
	pid_t pid;

	gate_init(&closed);
	pid = fork_interrupted();
	require(pid >= 0 && made_by_handler >= 0);
	if (made_by_handler == 0) {
		if (pid > 0)
			wait_for(pid); /* it holds the connection, too */
		_exit(0);
	}
	if (pid == 0) {
		gate_wait(&closed);
		peer_ping(fd);
		_exit(0);
	}
	wait_for(made_by_handler);
	close(fd);
	gate_tell(&closed);
	wait_for(pid);
}

/* The handler's child returns into the fork that its parent began, and so has a child of its own.
 */
static void run_fork_in_fork_goes_on(void)
{
	int fd = peer_connect();
	pid_t pid = fork_interrupted();

	require(pid >= 0 && made_by_handler >= 0);
	if (pid == 0) {
		if (made_by_handler == 0)
			peer_ping(fd);
		_exit(0);
	}
	wait_for(pid);
	if (made_by_handler == 0) {
		peer_ping(fd);
		_exit(0);
	}
	wait_for(made_by_handler);
}

static void expect_child_of_handlers_child(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "shared-use") == 1);
	expect(log_string(log, "shared-use", 0, "other.relation") != NULL &&
	       strcmp(log_string(log, "shared-use", 0, "other.relation"), "child") == 0);
	expect(log_counter(log, "forks") == 3);
	expect(log_counter(log, "processes") == 4);
}

static const struct entry_case cases[] = {
	{.name = "a handler that forks while fork() runs leaves no holder behind",
	 .run = run_fork_in_fork,
	 .check = expect_nothing},
	{.name = "a handler's child that returns into fork() is a process of its own",
	 .run = run_fork_in_fork_goes_on,
	 .check = expect_child_of_handlers_child},
	{.name = "a handler that interrupts malloc", .run = run_in_malloc, .check = expect_some},
	{.name = "a handler that interrupts the loader",
	 .run = run_in_loader,
	 .check = expect_some},
	{.name = "a handler that interrupts us", .run = run_in_ping, .check = expect_some},
	{.name = "a crash handler", .run = run_crash, .check = expect_some},
	{.name = "a report on an alternate stack of 16 KiB",
	 .run = run_alternate_stack,
	 .check = expect_some},
	{.name = "a report on a thread with a stack of 16 KiB",
	 .run = run_small_thread,
	 .check = expect_some},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
