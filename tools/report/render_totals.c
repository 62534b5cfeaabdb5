/* SPDX-License-Identifier: MIT */
/*
 * The end of a report as text: the records read, the connections watched, the blind spots, the
 * records left out, the verdict.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/plural.h"
#include "log/counters.h"
#include "log/verdict.h"
#include "report/collect.h"
#include "report/render.h"

void render_left_out(const struct report *report, const char *prefix, FILE *out)
{
	char unused[64];

	if (report->filtered > 0)
		fprintf(out, "%sleft out by filters: %" PRIu64 " record%s\n", prefix,
			report->filtered, plural(report->filtered));
	if (report->known != NULL)
		fprintf(out, "%sknown from the baseline: %zu bug%s\n", prefix,
			bugs_count(report->known), plural(bugs_count(report->known)));
	if (report->suppressed > 0)
		fprintf(out, "%ssuppressed: %" PRIu64 " record%s\n", prefix, report->suppressed,
			plural(report->suppressed));
	snprintf(unused, sizeof unused, "%ssuppression never used: ", prefix);
	if (report->suppressions != NULL)
		suppressions_print_unused(report->suppressions, unused, out);
	if (bugs_without_room(report->bugs) > 0)
		fprintf(out, "%snot shown: %" PRIu64 " findings, beyond %d bugs\n", prefix,
			bugs_without_room(report->bugs), BUG_MAX);
	if (report->broken_lines > 0)
		fprintf(out, "%sbroken lines: %" PRIu64 "\n", prefix, report->broken_lines);
	if (report->unknown_records > 0)
		fprintf(out, "%srecords that this version does not know: %" PRIu64 "\n", prefix,
			report->unknown_records);
}

static void print_watched(const uint64_t counters[COUNTER_COUNT], FILE *out)
{
	uint64_t processes = counters[COUNT_PROCESSES], forks = counters[COUNT_FORKS];
	uint64_t connections = counters[COUNT_CONNECTIONS];

	fprintf(out,
		"Watched: %" PRIu64 " process%s, %" PRIu64 " fork%s, %" PRIu64
		" connection%s (%" PRIu64 " open across a fork)\n",
		processes, processes == 1 ? "" : "es", forks, plural(forks), connections,
		plural(connections), counters[COUNT_CONNECTIONS_INHERITED]);
}

/* "Watched from outside (forksan attach): from ... until ..." */
static void print_attached(const struct sessions *sessions, FILE *out)
{
	char from[LOG_TIME_BYTES], until[LOG_TIME_BYTES];

	if (sessions_attached(sessions, from, until) > 0)
		fprintf(out, "Watched from outside (forksan attach): from %s until %s\n", from,
			until[0] != '\0' ? until : "an end that is not known");
}

void render_totals(const struct report *report, FILE *out)
{
	uint64_t counters[COUNTER_COUNT], found[LEVEL_COUNT];
	size_t sessions = sessions_count(report->sessions);
	size_t unsummed = sessions_without_summary(report->sessions);
	struct completeness complete;
	struct unwatched unwatched;

	fprintf(out, "Read: %" PRIu64 " line%s, %zu session%s%s\n", report->lines,
		plural(report->lines), sessions, plural(sessions),
		sessions_were_too_many(report->sessions) ? " and more" : "");
	if (sessions > unsummed) {
		sessions_sum(report->sessions, counters);
		print_watched(counters, out);
		print_attached(report->sessions, out);
		sessions_sum_unwatched(report->sessions, &unwatched);
		unwatched_print(&unwatched, "", out);
		counters_print_presumed(counters, "", out);
		counters_print_lost(counters, "not seen: ", out);
	}
	if (report->blind_spots.count > 0) {
		fputs("first not seen, by process:\n", out);
		blind_spots_print(&report->blind_spots, "  ", out);
	}
	if (unsummed > 0)
		fprintf(out,
			"%zu session%s without a summary: still running, or killed, or a part of\n"
			"the log is missing\n",
			unsummed, plural(unsummed));
	render_left_out(report, "", out);
	report_count_bugs(report, found);
	report_complete(report, &complete);
	verdict_print(found, "bug", &complete, "", out);
	complete_print(&complete, "", out);
}
