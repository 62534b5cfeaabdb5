/* SPDX-License-Identifier: MIT */
/*
 * How the tool speaks to the user: messages, help, and a guess at the option that a mistyped word
 * was meant to be.
 *
 * Messages go to stderr as `forksan VERB: text`.  Single-threaded, like the whole tool.
 */
#ifndef FORKSAN_TOOLS_CLI_H
#define FORKSAN_TOOLS_CLI_H

#include <stdbool.h>
#include <stdint.h>

struct option;
struct verb;

/* One line on stderr; the newline is added. */
void cli_error(const char *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The verb's usage, summary and help on stdout. */
void cli_print_help(const struct verb *verb);

/* Reports the option that getopt_long() refused, with the closest long option if there is one.
 * `longs` ends with a zero entry; `result` is the value that getopt_long() returned, '?' or ':'.
 * Returns STATUS_USAGE, for the verb to return. */
int cli_unknown_option(const struct verb *verb, const struct option *longs, char **argv,
		       int result);

/* Reads the value of `option`, a number above 0.  False, with a message of `verb`: `text` is no
 * such number. */
bool cli_number(const char *verb, const char *option, const char *text, uint64_t *number);

/* Ends the tool with STATUS_USAGE and a message: there is no memory. */
void cli_no_memory(void) __attribute__((noreturn));

#endif
