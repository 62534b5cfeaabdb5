/* SPDX-License-Identifier: MIT */
/*
 * One child uses the connection from a library that only it has loaded; then another child uses it.
 *
 *   elsewhere PORT LIBRARY
 *
 * With -DLIBRARY this is the library.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PING "*1\r\n$4\r\nPING\r\n"

void use_from_library(int fd);
int use_inside_library(int fd);

#if defined(LIBRARY)
/* not exported: its name is in .symtab only */
__attribute__((noinline, visibility("hidden"))) int use_inside_library(int fd)
{
	char reply[16];

	return send(fd, PING, sizeof(PING) - 1, 0) + recv(fd, reply, sizeof(reply), 0) > 0;
}

void use_from_library(int fd)
{
	if (!use_inside_library(fd))
		abort();
}
#else
static int open_connection(const char *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)atoi(port)),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char reply[16];

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    send(fd, PING, sizeof(PING) - 1, 0) < 0 || recv(fd, reply, sizeof(reply), 0) < 1)
		abort();
	return fd;
}

static void in_child(int fd, const char *path)
{
	pid_t pid = fork();

	if (pid == 0) {
		void *library = path == NULL ? NULL : dlopen(path, RTLD_NOW);
		void (*use)(int) =
			path == NULL ? NULL
				     : (void (*)(int))(uintptr_t)dlsym(library, "use_from_library");

		if (path != NULL)
			use(fd);
		else if (send(fd, PING, sizeof(PING) - 1, 0) < 0)
			abort();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	int fd = argc == 3 ? open_connection(argv[1]) : -1;

	in_child(fd, argv[2]);
	in_child(fd, NULL);
	return 0;
}
#endif
