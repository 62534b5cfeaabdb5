/* SPDX-License-Identifier: MIT */
/*
 * The log of one preloaded run, for the driver.
 */
#ifndef FORKSAN_TESTS_LOG_H
#define FORKSAN_TESTS_LOG_H

#include <stdbool.h>

struct log;

/* Reads the whole file; a missing one is empty.  NULL when a line is no record. */
struct log *log_read(const char *path, const char *output);
void log_free(struct log *log);

/* Prints it, shortened, for a failed case. */
void log_print(const struct log *log);

#endif
