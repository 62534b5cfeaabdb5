/* SPDX-License-Identifier: MIT */
/*
 * The environment of CMD: ours, with LD_PRELOAD, FORKSAN_OPTIONS and ASAN_OPTIONS changed.
 */
#ifndef FORKSAN_TOOLS_RUN_ENVIRONMENT_H
#define FORKSAN_TOOLS_RUN_ENVIRONMENT_H

struct run_wishes;

/* The wishes' texts can be values (run_options_can_be_value()).  Ends with NULL;
 * run_environment_free() frees it. */
char **run_environment(const char *library, const struct run_wishes *wishes);
void run_environment_free(char **environment);

#endif
