/* SPDX-License-Identifier: MIT */
/*
 * Stacks where nothing may block: in a signal handler that interrupts malloc and the loader, and in
 * fork children of a process whose other threads are inside both.  An alarm ends a program that
 * hangs.
 *
 *   interrupted signals|forks
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIGNALS 1500
#define FORKS 300
#define LIMIT_S 50

static atomic_int handled;
static atomic_int stop;

/* The probe takes a stack and prints it; the connection itself fails at once. */
static void take_stack(void)
{
	connect(-1, NULL, 0);
}

/* Not static: the test knows it by its dynamic symbol. */
void on_signal(int signal)
{
	(void)signal;
	take_stack();
	handled++;
}

static void use_the_heap(void)
{
	void *blocks[64];

	for (int i = 0; i < 64; i++)
		blocks[i] = malloc((size_t)(i * 37 % 4000 + 1));
	for (int i = 0; i < 64; i++)
		free(blocks[i]);
}

static void use_the_loader(void)
{
	void *library = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);

	if (library == NULL || dlsym(library, "cos") == NULL)
		abort();
	dlclose(library);
	library = dlopen("libanl.so.1", RTLD_NOW | RTLD_LOCAL);
	if (library != NULL)
		dlclose(library);
}

static int signals(void)
{
	const struct itimerval every = {.it_interval = {.tv_usec = 400},
					.it_value = {.tv_usec = 400}};
	const struct itimerval never = {0};
	static char alternate[16384];
	const stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_ONSTACK};

	sigaltstack(&stack, NULL);
	sigaction(SIGPROF, &action, NULL);
	setitimer(ITIMER_PROF, &every, NULL);
	while (handled < SIGNALS) {
		use_the_heap();
		use_the_loader();
	}
	setitimer(ITIMER_PROF, &never, NULL);
	return 0;
}

static void *work(void *which)
{
	while (!stop) {
		if (which == NULL)
			use_the_heap();
		else
			use_the_loader();
		take_stack();
	}
	return NULL;
}

static int forks(void)
{
	pthread_t threads[3];
	int failed = 0;

	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, work, i == 0 ? NULL : &threads);
	for (int i = 0; i < FORKS; i++) {
		int status = 1;
		pid_t pid = fork();

		if (pid == 0) {
			take_stack();
			_exit(0);
		}
		if (waitpid(pid, &status, 0) != pid || status != 0)
			failed++;
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	return failed;
}

int main(int argc, char **argv)
{
	alarm(LIMIT_S);
	return argc > 1 && strcmp(argv[1], "signals") == 0 ? signals() : forks();
}
