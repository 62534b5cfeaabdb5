/* SPDX-License-Identifier: MIT */
/*
 * A plugin that speaks on a connection, as PHP's database extensions do, and a function that
 * another library has, too.
 */
#include <sys/socket.h>

int plugin_ping(int fd, const char *request, size_t request_len, char *reply, size_t reply_len);
int plugin_answer(void);
int answer(void);

/* Returns what recv() does. */
int plugin_ping(int fd, const char *request, size_t request_len, char *reply, size_t reply_len)
{
	if (send(fd, request, request_len, 0) != (ssize_t)request_len)
		return -1;
	return (int)recv(fd, reply, reply_len, MSG_WAITALL);
}

int answer(void)
{
	return 42;
}

/* Through the symbol table, so that RTLD_DEEPBIND decides which one it is. */
int plugin_answer(void)
{
	return answer();
}
