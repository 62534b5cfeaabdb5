/* SPDX-License-Identifier: MIT */
/*
 * The options that `forksan run` and `forksan attach` have in common.
 */
#ifndef FORKSAN_TOOLS_RUN_DEMANDS_H
#define FORKSAN_TOOLS_RUN_DEMANDS_H

#include <stdbool.h>
#include <stdint.h>

#include "forksan/finding.h"

/* What the user wants of the session and of its result. */
struct run_demands {
	const char *verb;    /* for messages */
	const char *subject; /* what is watched */
	bool require_watched;
	uint64_t min_connections;
	bool is_last; /* processes that live on are not watched any more */
	bool quiet;
	enum level fail_on;
	const char *log_name; /* NULL: none, as below */
	const char *html_name;
	const char *suppressions_name;
	const char *baseline_name;
	const char *watch; /* lists for the library; NULL: none */
	const char *ignore;
};

/* Rows of the verb's table for getopt_long(3); the values are no letters of the verbs' own. */
/* clang-format off */
#define RUN_DEMANDS_LONGS \
	{"baseline", required_argument, NULL, 'l'}, \
	{"fail-on", required_argument, NULL, 'f'}, \
	{"html", required_argument, NULL, 't'}, \
	{"ignore", required_argument, NULL, 'i'}, \
	{"min-connections", required_argument, NULL, 'm'}, \
	{"output", required_argument, NULL, 'o'}, \
	{"quiet", no_argument, NULL, 'q'}, \
	{"require-watched", no_argument, NULL, 'w'}, \
	{"suppressions", required_argument, NULL, 'u'}, \
	{"watch", required_argument, NULL, 'c'}
/* clang-format on */

/* Takes what getopt_long() returned with `argument`.  False, with a message: the argument is wrong.
 * *taken is false when the option is none of the table's. */
bool run_demands_take(struct run_demands *demands, int option, const char *argument, bool *taken);

#endif
