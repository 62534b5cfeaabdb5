/* SPDX-License-Identifier: MIT */
/*
 * See pager.h.
 */
#include "base/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t pager; /* 0: none */

/* True when a program of that name is in PATH. */
static bool is_installed(const char *name)
{
	const char *path = getenv("PATH");

	while (path != NULL && *path != '\0') {
		size_t len = strcspn(path, ":");
		char file[4096];

		snprintf(file, sizeof file, "%.*s/%s", (int)len, path, name);
		if (access(file, X_OK) == 0)
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

/* False for a terminal that can only print, on which less asks questions. */
static bool has_screen(void)
{
	const char *terminal = getenv("TERM");

	return terminal != NULL && strcmp(terminal, "dumb") != 0;
}

/* Returns the pager's command; NULL: none is wanted, or none is there. */
static const char *find_command(void)
{
	const char *command = getenv("FORKSAN_PAGER");

	if (command == NULL)
		command = getenv("PAGER");
	if (command == NULL)
		return has_screen() && is_installed("less") ? "less" : NULL;
	return command[0] == '\0' || strcmp(command, "cat") == 0 ? NULL : command;
}

static void run_pager(const char *command, int input)
{
	dup2(input, STDIN_FILENO);
	setenv("LESS", "FRX", 0);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

void pager_begin(void)
{
	const char *command = isatty(STDOUT_FILENO) == 1 ? find_command() : NULL;
	int ends[2];

	if (command == NULL || pipe2(ends, O_CLOEXEC) != 0)
		return;
	pager = fork();
	if (pager == 0)
		run_pager(command, ends[0]);
	if (pager > 0) {
		dup2(ends[1], STDOUT_FILENO);
		/* A reader who has seen enough closes the pager; the exit status still counts. */
		signal(SIGPIPE, SIG_IGN);
		/* ^C in the pager is for the pager. */
		signal(SIGINT, SIG_IGN);
	} else {
		pager = 0;
	}
	close(ends[0]);
	close(ends[1]);
}

void pager_end(void)
{
	int status;

	if (pager == 0)
		return;
	fclose(stdout);
	while (waitpid(pager, &status, 0) < 0 && errno == EINTR)
		continue;
	pager = 0;
}
