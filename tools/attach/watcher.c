/* SPDX-License-Identifier: MIT */
/* See watcher.h. */
#include "attach/watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cli.h"
#include "target/watcher_path.h"

#define MAX_ARGUMENTS 64

bool watcher_find(struct watcher *watcher)
{
	if (watcher_path(watcher->path))
		return true;
	cli_error("attach", WATCHER_NAME
		  " not found beside this program or in ../libexec/forksan: it is built where "
		  "clang, bpftool and libbpf-dev are (make deps)");
	return false;
}

static _Noreturn void become(const struct watcher *watcher, int control, char *const arguments[],
			     const char *options)
{
	char *argv[MAX_ARGUMENTS + 4];
	char number[16];
	int count = 0;

	snprintf(number, sizeof number, "%d", control);
	argv[count++] = (char *)(uintptr_t)watcher->path;
	argv[count++] = (char *)(uintptr_t) "--control";
	argv[count++] = number;
	for (int i = 0; i < MAX_ARGUMENTS && arguments[i]; i++)
		argv[count++] = arguments[i];
	argv[count] = NULL;
	fcntl(control, F_SETFD, 0);
	fcntl(control, F_SETFL, O_NONBLOCK);
	unsetenv("LD_PRELOAD");
	setenv("FORKSAN_OPTIONS", options, 1);
	execv(watcher->path, argv);
	cli_error("attach", "%s: %s", watcher->path, strerror(errno));
	_exit(1);
}

bool watcher_start(struct watcher *watcher, char *const arguments[], const char *options)
{
	int ends[2];
	ssize_t got;
	char ready;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		cli_error("attach", "%s", strerror(errno));
		return false;
	}
	watcher->pid = fork();
	if (watcher->pid == 0)
		become(watcher, ends[1], arguments, options);
	close(ends[1]);
	watcher->control = ends[0];
	do {
		got = read(ends[0], &ready, 1);
	} while (got < 0 && errno == EINTR);
	if (got == 1)
		return true;
	watcher_stop(watcher);
	return false;
}

bool watcher_runs(const struct watcher *watcher)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)watcher->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0;
}

bool watcher_stop(struct watcher *watcher)
{
	int status = 0;

	close(watcher->control);
	while (waitpid(watcher->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
