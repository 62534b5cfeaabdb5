/* SPDX-License-Identifier: MIT */
/*
 * A connection to a Redis of two lines, used by two children: by the second in a signal handler
 * that interrupts a loop, so that the stack leads through the signal's frame.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define noinline __attribute__((noinline))

static int fd;
static struct sockaddr_in address;
static volatile sig_atomic_t done;
static volatile sig_atomic_t *in_loop; /* seen by the process that sends the signal */

noinline void use(void);
noinline void in_handler(int signal);
noinline void work(void);
noinline void open_connection(void);

void use(void)
{
	char reply[8];

	send(fd, "*1\r\n$4\r\nPING\r\n", 14, 0);
	recv(fd, reply, sizeof reply, 0);
	__asm__ volatile("");
}

void in_handler(int signal)
{
	(void)signal;
	use();
	done = 1;
}

void work(void)
{
	pid_t self = getpid();

	if (fork() == 0) {
		while (*in_loop == 0)
			usleep(1000);
		kill(self, SIGUSR1);
		_exit(0);
	}
	*in_loop = 1;
	while (!done)
		__asm__ volatile("");
}

void open_connection(void)
{
	fd = socket(AF_INET, SOCK_STREAM, 0);
	connect(fd, (struct sockaddr *)&address, sizeof address);
	__asm__ volatile("");
}

static void answer(int listener)
{
	int peer = accept(listener, NULL, NULL);
	char request[64];

	while (read(peer, request, sizeof request) > 0)
		write(peer, "+PONG\r\n", 7);
	_exit(0);
}

int main(void)
{
	socklen_t len = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	in_loop = mmap(NULL, sizeof *in_loop, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (in_loop == MAP_FAILED)
		return 1;
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bind(listener, (struct sockaddr *)&address, len);
	listen(listener, 1);
	getsockname(listener, (struct sockaddr *)&address, &len);
	if (fork() == 0)
		answer(listener);
	close(listener);
	open_connection();
	use();
	if (fork() == 0) {
		use();
		_exit(0);
	}
	wait(NULL);
	signal(SIGUSR1, in_handler);
	if (fork() == 0) {
		work();
		_exit(0);
	}
	while (wait(NULL) > 0)
		if (fd >= 0) {
			close(fd);
			fd = -1;
		}
	return 0;
}
