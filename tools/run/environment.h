/* SPDX-License-Identifier: MIT */
/*
 * The environment of CMD: the environment of `forksan run` with LD_PRELOAD, FORKSAN_OPTIONS and
 * ASAN_OPTIONS changed.
 */
#ifndef FORKSAN_TOOLS_RUN_ENVIRONMENT_H
#define FORKSAN_TOOLS_RUN_ENVIRONMENT_H

struct run_wishes;

/* Returns the environment for CMD, which ends with NULL; the caller frees the array with
 * run_environment_free(), and leaves environ unchanged until then.  Each text of `wishes` must pass
 * run_options_can_be_value(). */
char **run_environment(const char *library, const struct run_wishes *wishes);
void run_environment_free(char **environment);

#endif
