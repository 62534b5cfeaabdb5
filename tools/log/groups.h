/* SPDX-License-Identifier: MIT */
/*
 * Findings gathered into groups: same kind, same line that opened the connection, same line that
 * used it.  A reader mends lines of code, so lines of code are what is counted.
 *
 * Memory is bounded: so many groups, so many bytes of examples, so many identities remembered.
 * What did not fit is counted, and the report says so.
 */
#ifndef FORKSAN_TOOLS_GROUPS_H
#define FORKSAN_TOOLS_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#include "log/record.h"

#define GROUP_MAX 1024				/* groups; a program has tens */
#define GROUP_PIDS 16				/* pids named for each group */
#define GROUP_SITE_BYTES 512			/* of one site's text */
#define GROUP_EXAMPLE_BUDGET ((size_t)64 << 20) /* bytes of all examples together */

struct group {
	enum kind kind;
	char *opened_site;
	char *use_site;
	char *protocol; /* of the first finding */
	char *peer;
	bool more_peers;	  /* others had other peers */
	uint64_t count;		  /* times seen, repeats included */
	uint64_t finding_count;	  /* different findings */
	int64_t pids[GROUP_PIDS]; /* processes concerned, in order of appearance */
	size_t pid_count;
	bool more_pids;
	char first[LOG_TIME_BYTES];
	char last[LOG_TIME_BYTES];
	char *example; /* a line of the log, NULL when the budget was spent */
	size_t example_len_bytes;
	unsigned example_worth; /* see keep_example() */
	char *key;		/* kind, sites */
	UT_hash_handle hh;
};

struct groups;

struct groups *groups_new(void);
void groups_free(struct groups *groups);

/* Adds a finding; `text` is its line. */
void groups_add(struct groups *groups, const struct log_record *finding, const char *text,
		size_t len_bytes);

/* Sorts, most harmful first (kind, then count); then groups_at() yields them in that order. */
void groups_sort(struct groups *groups);
size_t groups_count(const struct groups *groups);
const struct group *groups_at(const struct groups *groups, size_t index);

/* Times seen, by level, of all findings, those without a group included. */
uint64_t groups_total(const struct groups *groups, enum level level);

/* Times seen of findings that had no room for a group of their own. */
uint64_t groups_ungrouped(const struct groups *groups);

#endif
