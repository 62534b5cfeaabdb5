/* SPDX-License-Identifier: MIT */
/*
 * The command line of forksan enable and forksan disable.
 */
#ifndef FORKSAN_TOOLS_UNIT_REQUEST_H
#define FORKSAN_TOOLS_UNIT_REQUEST_H

#include <getopt.h>
#include <stdbool.h>

#include "base/verb.h"
#include "unit/drop_in.h"
#include "unit/unit_file.h"

/* The command line, and what follows from it. */
struct request {
	const struct verb *verb;
	bool apply;
	bool is_runtime;
	const char *options;
	const char *root;
	struct unit unit;
	struct drop_in drop_in;
};

/* Reads it.  True when the request is to be carried out; else *status is how the tool ends. */
bool request_read(struct request *request, const struct option *longs, int argc, char **argv,
		  int *status);

/* Says what was done, and what is left to do. */
void request_print_next(const struct request *request, const char *done);

#define COMMON_HELP                                                                                \
	"  --apply         do it; without, print what would be done\n"                             \
	"  --runtime       in /run: until the next boot\n"                                         \
	"  --root DIR      of the system whose DIR is mounted here\n"                              \
	"  -h, --help      this text\n\n"

#endif
