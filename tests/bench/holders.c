/* SPDX-License-Identifier: MIT */
/*
 * holders PROCESSES DESCRIPTORS: so many children that all hold and read one connection, with so
 * many descriptors each, half of them sockets.  Prints "ready", and ends at the end of stdin.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void child(int connection, int descriptors, int ready)
{
	char byte = 'x';

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < descriptors; i++)
		if ((i % 2 == 0 ? socket(i % 4 == 0 ? AF_INET : AF_UNIX, SOCK_STREAM, 0)
				: open("/dev/null", O_RDONLY)) < 0)
			_exit(1);
	if (write(ready, &byte, 1) == 1)
		(void)recv(connection, &byte, 1, 0);
	_exit(0);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int connection = socket(AF_INET, SOCK_STREAM, 0);
	int processes = argc > 1 ? atoi(argv[1]) : 0, ready[2];
	char byte;

	if (processes <= 0 || argc < 3 || bind(listener, (void *)&address, len) != 0 ||
	    listen(listener, 1) != 0 || getsockname(listener, (void *)&address, &len) != 0 ||
	    connect(connection, (void *)&address, len) != 0 || pipe(ready) != 0)
		return 2;
	for (int i = 0; i < processes; i++)
		if (fork() == 0)
			child(connection, atoi(argv[2]), ready[1]);
	for (int i = 0; i < processes; i++)
		if (read(ready[0], &byte, 1) != 1)
			return 2;
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
