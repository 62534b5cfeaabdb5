/* SPDX-License-Identifier: MIT */
/*
 * The environment of CMD: ours, with LD_PRELOAD, FORKSAN_OPTIONS and ASAN_OPTIONS changed.
 */
#ifndef FORKSAN_TOOLS_RUN_ENVIRONMENT_H
#define FORKSAN_TOOLS_RUN_ENVIRONMENT_H

#include <stdbool.h>

/* `log_path` NULL: no log.  It must be writable as an option's value (run_log_open() checks).  Ends
 * with NULL; run_environment_free() frees it. */
char **run_environment(const char *library, const char *session, bool strict, const char *log_path);
void run_environment_free(char **environment);

#endif
