/* SPDX-License-Identifier: MIT */
/* See watcher_ask.h. */
#include "target/watcher_ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static bool silence(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	return null >= 0 && dup2(null, STDERR_FILENO) == STDERR_FILENO;
}

pid_t watcher_ask(const char *path, const char *question, bool quiet, int *out)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		unsetenv("LD_PRELOAD");
		if ((!quiet || silence()) && dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO)
			execl(path, path, question, (char *)NULL);
		_exit(1);
	}
	close(ends[1]);
	if (child < 0)
		close(ends[0]);
	*out = ends[0];
	return child;
}

int watcher_answered(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}
