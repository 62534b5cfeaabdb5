/* SPDX-License-Identifier: MIT */
/*
 * A report in the making: the content of one or more logs.  report_read() fills the report;
 * render_text.c and render_json.c show the result.
 */
#ifndef FORKSAN_TOOLS_COLLECT_H
#define FORKSAN_TOOLS_COLLECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/progress.h"
#include "log/blind_spots.h"
#include "log/complete.h"
#include "log/sessions.h"
#include "report/bugs.h"
#include "report/filter.h"
#include "report/suppressions.h"

struct line_parser;
struct site_cache;
struct symbols;

struct report {
	struct bugs *bugs;
	struct progress progress; /* shows nothing unless the caller begins it */
	struct symbols *symbols;  /* names for the native frames of sites */
	struct site_cache *sites;
	struct sessions *sessions;
	struct blind_spots blind_spots;
	json_t *stacks; /* of a log of version 2: frames by id */
	struct line_parser *parser;
	uint64_t lines;
	uint64_t records; /* lines that are a record */
	uint64_t broken_lines;
	uint64_t unknown_records; /* of kinds that a later version writes */
	uint64_t empty_logs;	  /* without a line */
	uint64_t unread_logs;	  /* that could not be read, or not to their end */
	uint64_t lost_records;	  /* that a store never got */
	bool from_store;	  /* which keeps records for a time, and knows which were lost */
	uint64_t min_connections; /* fewer that were watched are too few */
	bool require_session;	  /* a session whose start is missing is incomplete */
	/* Records to leave out, and how many were left out. */
	struct filter filter;
	uint64_t filtered;
	const struct report *baseline; /* whose bugs are known; NULL: none */
	struct bugs *known;	       /* bugs of the baseline in these logs; NULL without one */
	struct suppressions *suppressions; /* NULL: none; owned by the caller */
	uint64_t suppressed;
};

/* Makes an empty report; ends the tool when there is no memory.  The caller sets filter, baseline
 * and suppressions before the first report_read(). */
void report_init(struct report *report);
void report_clear(struct report *report);

/*
 * Reads a log from `fd` to the end.  Each broken line is counted and, up to a bound for each log,
 * shown on stderr as `forksan VERB: NAME:LINE: expected X, found Y`.  `session` other than 0: only
 * records of that session count.  0 or -errno of a read.
 */
int report_read(struct report *report, const char *verb, const char *name, int fd,
		uint64_t session);

/* A log that is read in steps, as it grows. */
struct report_input {
	struct report *report;
	const char *verb;
	const char *name;
	uint64_t session;
	struct log_reader *reader;
	uint64_t size;	  /* of the file; 0: not known */
	uint64_t records; /* of the report, before */
	uint64_t broken, shown;
};

/* report_read() in three steps.  log_reader_follow(input->reader) in between makes
 * report_input_read() a step that is done again. */
void report_input_begin(struct report_input *input, struct report *report, const char *verb,
			const char *name, int fd, uint64_t session);
int report_input_read(struct report_input *input);
void report_input_end(struct report_input *input);

/* Counts the bugs of each level. */
void report_count_bugs(const struct report *report, uint64_t counts[LEVEL_COUNT]);

/* Adds to `complete` each reason for which the report may be incomplete. */
void report_complete(const struct report *report, struct completeness *complete);

/* Returns the worst level seen, or -1 when nothing was found. */
int report_worst_level(const struct report *report);

#endif
