/* SPDX-License-Identifier: MIT */
/*
 * All calls of forksan(3), over a connection to the Redis server at 127.0.0.1:$APP_PORT.  Needs
 * nothing to link.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <forksan/forksan.h>

static void say(void *context, long violations)
{
	printf("%s %ld\n", (const char *)context, violations);
	fflush(stdout);
}

static void ping(int fd)
{
	char answer[7];

	if (send(fd, "PING\r\n", 6, 0) != 6 || recv(fd, answer, 7, MSG_WAITALL) != 7)
		exit(1);
}

static void in_child(void (*action)(int fd), int fd)
{
	fflush(stdout);
	if (fork() == 0) {
		action(fd);
		_exit(0);
	}
	wait(NULL);
}

static void take_over(int fd)
{
	forksan_hand_over(fd);
	ping(fd);
	forksan_hand_over(fd); /* and back */
}

static void use_on_purpose(int fd)
{
	forksan_ignore(fd);
	ping(fd);
}

int main(void)
{
	struct sockaddr_in address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memset(&address, 0, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_port = htons((unsigned short)atoi(getenv("APP_PORT")));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return 1;
	ping(fd);
	forksan_label(fd, "orders-db");
	forksan_on_finding(say, (void *)"callback");
	printf("active %d\nopen %d\n", forksan_active(), forksan_check());
	in_child(take_over, fd);
	ping(fd);
	in_child(use_on_purpose, fd);
	printf("findings %ld\n", forksan_findings());
	in_child(ping, fd);
	ping(fd); /* the child's answers are not known here: a violation */
	printf("findings %ld\n", forksan_findings());
	return 0;
}
