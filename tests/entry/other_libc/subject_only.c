/* SPDX-License-Identifier: MIT */
/*
 * An entry test built for another libc is a subject alone: the test built for this machine's drives
 * it and reads its log (FORKSAN_SUBJECT, harness.c), since there is no jansson for the other.  The
 * questions to the log are linked, and never asked here.
 *
 * libc_lacks() stands for each function that the libc does not have (Makefile, SUBJECT_LACKS): a
 * case that calls one is skipped, also when a child calls it: the subject leads its process group.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../harness.h"
#include "../log.h"

void libc_lacks(void);

#define CHILD_SKIPS SIGSYS

static void skip_for_child(int signal)
{
	(void)signal;
	_exit(77);
}

__attribute__((constructor)) static void listen_to_children(void)
{
	signal(CHILD_SKIPS, skip_for_child);
}

void libc_lacks(void)
{
	if (getpid() != getpgrp()) {
		kill(getpgrp(), CHILD_SKIPS);
		_exit(77);
	}
	skip("this libc lacks a function");
}

#define NEVER(type, name, ...)                                                                     \
	type name(__VA_ARGS__)                                                                     \
	{                                                                                          \
		abort();                                                                           \
	}

#pragma GCC diagnostic ignored "-Wunused-parameter"

NEVER(struct log *, log_read, const char *path, const char *output)
NEVER(void, log_free, struct log *log)
NEVER(void, log_print, const struct log *log)
NEVER(unsigned, log_count, const struct log *log, const char *kind)
NEVER(unsigned, log_heartbeats, const struct log *log)
NEVER(long long, log_counter, const struct log *log, const char *counter)
NEVER(const char *, log_string, const struct log *log, const char *kind, unsigned n,
      const char *path)
NEVER(long long, log_integer, const struct log *log, const char *kind, unsigned n, const char *path)
NEVER(bool, log_has_frame, const struct log *log, const char *kind, unsigned n, const char *stack,
      const char *function)
NEVER(const char *, log_output, const struct log *log)
