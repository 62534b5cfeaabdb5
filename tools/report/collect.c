/* SPDX-License-Identifier: MIT */
/*
 * See collect.h.
 */
#include "report/collect.h"

#include <inttypes.h>
#include <string.h>

#include "base/cli.h"
#include "base/escape.h"
#include "log/read.h"
#include "log/record.h"

#define BROKEN_SHOWN 100 /* broken lines of one log that are named; the rest is counted */

void report_init(struct report *report)
{
	memset(report, 0, sizeof *report);
	report->groups = groups_new();
	report->sessions = sessions_new();
	if (report->groups == NULL || report->sessions == NULL)
		cli_no_memory();
}

void report_clear(struct report *report)
{
	groups_free(report->groups);
	sessions_free(report->sessions);
	blind_spots_clear(&report->blind_spots);
}

static bool is_blank(const struct log_line *line)
{
	for (size_t i = 0; i < line->len_bytes; i++)
		if (line->text[i] != ' ' && line->text[i] != '\t' && line->text[i] != '\r')
			return false;
	return true;
}

/* False: the line is broken and *fault says how. */
static bool read_line(struct report *report, const struct log_line *line, uint64_t session,
		      struct log_fault *fault)
{
	struct log_record record;

	if (line->too_long) {
		snprintf(fault->expected, sizeof fault->expected, "a line of at most %zu bytes",
			 LOG_LINE_BYTES);
		snprintf(fault->found, sizeof fault->found, "a longer one");
		return false;
	}
	if (!log_record_parse(line->text, line->len_bytes, &record, fault))
		return false;
	if (record.type == RECORD_UNKNOWN) {
		report->unknown_records++;
	} else if (session == 0 || record.session == session) {
		sessions_add(report->sessions, &record);
		if (record.type == RECORD_FINDING)
			groups_add(report->groups, &record, line->text, line->len_bytes);
		else if (record.type == RECORD_PROCESS)
			blind_spots_add(&report->blind_spots, &record);
	}
	log_record_free(&record);
	return true;
}

static void warn_of_line(const char *verb, const char *name, const struct log_line *line,
			 const struct log_fault *fault)
{
	char found[ESCAPED_BYTES(sizeof fault->found)];

	escape_text(fault->found, found, sizeof found);
	cli_error(verb, "%s:%" PRIu64 ": expected %s, found %s%s", name, line->number,
		  fault->expected, found, line->cut ? " (the log ends in this line)" : "");
}

int report_read(struct report *report, const char *verb, const char *name, int fd, uint64_t session)
{
	struct log_reader *reader = log_reader_new(fd);
	struct log_fault fault;
	struct log_line line;
	uint64_t broken = 0;
	int result;

	if (reader == NULL)
		cli_no_memory();
	while ((result = log_reader_next(reader, &line)) > 0) {
		report->lines++;
		if (is_blank(&line) || read_line(report, &line, session, &fault))
			continue;
		if (++broken <= BROKEN_SHOWN)
			warn_of_line(verb, name, &line, &fault);
	}
	if (broken > BROKEN_SHOWN)
		cli_error(verb, "%s: %" PRIu64 " more broken lines", name, broken - BROKEN_SHOWN);
	report->broken_lines += broken;
	log_reader_free(reader);
	return result;
}

int report_worst_level(const struct report *report)
{
	for (int level = LEVEL_COUNT - 1; level >= 0; level--)
		if (groups_total(report->groups, (enum level)level) > 0)
			return level;
	return -1;
}
