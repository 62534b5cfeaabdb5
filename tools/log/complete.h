/* SPDX-License-Identifier: MIT */
/*
 * Whether silence means something: everything that was not watched, judged, written or read, with
 * its number.  Nothing on the list: a bug that was not found is not there.
 */
#ifndef FORKSAN_TOOLS_LOG_COMPLETE_H
#define FORKSAN_TOOLS_LOG_COMPLETE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "forksan/finding.h"

struct incomplete_reason {
	const char *name; /* for programs: a counter's name, or a name that complete.c lists */
	const char *text; /* for people: what the number counts */
	uint64_t count;
};

#define INCOMPLETE_MAX (COUNTER_COUNT + 10)

struct completeness {
	struct incomplete_reason reasons[INCOMPLETE_MAX];
	size_t count;
	bool blind;   /* nothing was watched at all */
	bool unknown; /* whether anything was watched or found is not known */
};

/* What is known of a session whose registry could not be read. */
enum complete_source {
	COMPLETE_LOGGED,  /* its log */
	COMPLETE_UNKNOWN, /* nothing: forksan was active all the same, or was not */
	COMPLETE_BLIND,	  /* that forksan was not active */
};

/* Each adds a reason that no counter gives, when the number is not 0: logs that hold no session;
 * sessions without a summary; sessions without their first record; lines that are no record;
 * logs that could not be read; findings that a summary counts and no log has; records that a store
 * never got; processes that still run. complete_miss_registry() is called once for a registry that
 * could not be read; `source`: what is known instead. */
void complete_miss_session(struct completeness *complete, uint64_t logs);
void complete_miss_summary(struct completeness *complete, uint64_t sessions);
void complete_miss_lines(struct completeness *complete, uint64_t broken_lines);
void complete_miss_logs(struct completeness *complete, uint64_t logs);
void complete_miss_findings(struct completeness *complete, uint64_t findings);
void complete_miss_start(struct completeness *complete, uint64_t sessions);
void complete_miss_records(struct completeness *complete, uint64_t records);
void complete_miss_registry(struct completeness *complete, enum complete_source source);
void complete_miss_end(struct completeness *complete, uint64_t processes);

/* Adds that fewer connections were seen than the reader asked for, if so. */
void complete_miss_connections(struct completeness *complete, uint64_t seen, uint64_t least);

/* Adds the losses among a session's counters, and that nothing was watched. */
void complete_add_counters(struct completeness *complete, const uint64_t counters[COUNTER_COUNT]);

/* "complete: true", or "complete: false (NAME N, NAME N)", and a newline. */
void complete_print(const struct completeness *complete, const char *prefix, FILE *out);

/* Returns the reasons as an array of {reason, count, text}, which the caller owns.  NULL: no
 * memory. */
json_t *complete_json(const struct completeness *complete);

#endif
