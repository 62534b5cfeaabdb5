/* SPDX-License-Identifier: MIT */
/*
 * A report in the making: everything that was read from one or more logs.
 *
 * report_read() fills it; render_text.c and render_json.c show it.
 */
#ifndef FORKSAN_TOOLS_COLLECT_H
#define FORKSAN_TOOLS_COLLECT_H

#include <stdbool.h>
#include <stdint.h>

#include "log/blind_spots.h"
#include "log/complete.h"
#include "log/sessions.h"
#include "report/bugs.h"
#include "report/filter.h"
#include "report/suppressions.h"

struct stack_cache;
struct symbols;

struct report {
	struct bugs *bugs;
	struct symbols *symbols; /* names for the native frames of sites */
	struct sessions *sessions;
	struct blind_spots blind_spots;
	json_t *stacks; /* of a log of version 2: frames by id */
	struct stack_cache *stack_cache;
	uint64_t lines;
	uint64_t records; /* lines that are one */
	uint64_t broken_lines;
	uint64_t unknown_records; /* of kinds that a later version writes */
	uint64_t empty_logs;	  /* without a line */
	uint64_t min_connections; /* fewer that were watched are too few */
	/* What is left out, and how many records that were. */
	struct filter filter;
	uint64_t filtered;
	const struct report *baseline; /* whose bugs are known; NULL: none */
	struct bugs *known; /* those of them that are here, too; NULL without a baseline */
	struct suppressions *suppressions; /* NULL: none; owned by the caller */
	uint64_t suppressed;
};

/* Empty; ends the tool when there is no memory.  Filter, baseline and suppressions are set after
 * it, and before the first report_read(). */
void report_init(struct report *report);
void report_clear(struct report *report);

/*
 * Reads a log from `fd` to its end.  Each broken line is counted and, up to a bound for each log,
 * named on stderr as `forksan VERB: NAME:LINE: expected X, found Y`.  `session` other than 0: only
 * records of that session count.  0 or -errno of a read.
 */
int report_read(struct report *report, const char *verb, const char *name, int fd,
		uint64_t session);

/*
 * Opens and reads the file of that name, "-" for stdin.  STATUS_OK when it was read to its end and
 * is a log, or empty; else STATUS_USAGE or STATUS_NO_LOG, with a message.
 */
int report_read_file(struct report *report, const char *verb, const char *name);

/* How many bugs there are of each level. */
void report_count_bugs(const struct report *report, uint64_t counts[LEVEL_COUNT]);

/* What keeps the report from being the whole truth. */
void report_complete(const struct report *report, struct completeness *complete);

/* The worst level seen, or -1 when nothing was found. */
int report_worst_level(const struct report *report);

#endif
