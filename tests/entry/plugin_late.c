/* SPDX-License-Identifier: MIT */
/*
 * A library whose destructor still speaks on a connection, before or after our own destructor.
 */
#include <sys/socket.h>

extern int late_fd;

int late_fd = -1;

__attribute__((destructor)) static void ping_late(void)
{
	static const char request[] = "*1\r\n$4\r\nPING\r\n";
	char reply[7];

	if (late_fd < 0)
		return;
	send(late_fd, request, sizeof(request) - 1, 0);
	recv(late_fd, reply, sizeof(reply), MSG_WAITALL);
}
