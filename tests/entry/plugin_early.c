/* SPDX-License-Identifier: MIT */
/*
 * A library whose constructor opens a connection, uses it and makes calls that fail, as malloc
 * libraries, telemetry and language runtimes do before anybody else is ready.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

extern int early_fd;
extern int early_failures;

int early_fd = -1;
int early_failures;

static void count_failure(int good)
{
	if (!good)
		early_failures++;
}

__attribute__((constructor)) static void open_early(void)
{
	static const char request[] = "*1\r\n$4\r\nPING\r\n";
	struct sockaddr_in in = {.sin_family = AF_INET};
	const char *port = getenv("FORKSAN_TEST_PEER");
	char reply[7];

	if (port == NULL)
		return;
	count_failure(close(-1) == -1 && errno == EBADF);
	count_failure(read(-1, reply, 1) == -1 && errno == EBADF);
	in.sin_port = htons((uint16_t)atoi(port));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	early_fd = socket(AF_INET, SOCK_STREAM, 0);
	count_failure(connect(early_fd, (struct sockaddr *)&in, sizeof(in)) == 0);
	count_failure(send(early_fd, request, sizeof(request) - 1, 0) == sizeof(request) - 1);
	count_failure(recv(early_fd, reply, sizeof(reply), MSG_WAITALL) == sizeof(reply));
}
