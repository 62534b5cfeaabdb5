/* SPDX-License-Identifier: MIT */
/*
 * See watcher_path.h.
 */
#include "target/watcher_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool watcher_path(char out[PATH_MAX])
{
	static const char *const places[] = {"/", "/../libexec/forksan/"};
	char directory[PATH_MAX - 64], path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", directory, sizeof directory - 1);
	char *slash;

	directory[len > 0 ? len : 0] = '\0';
	slash = strrchr(directory, '/');
	if (slash != NULL)
		*slash = '\0';
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		snprintf(path, sizeof path, "%s%s" WATCHER_NAME, directory, places[i]);
		if (access(path, X_OK) == 0 && realpath(path, out) != NULL)
			return true;
	}
	return false;
}
