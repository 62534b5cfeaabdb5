/* SPDX-License-Identifier: MIT */
/*
 * See collect.h.
 */
#include "report/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "common/names.h"
#include "base/cli.h"
#include "base/escape.h"
#include "base/exit_status.h"
#include "log/line_parser.h"
#include "log/read.h"
#include "log/record.h"
#include "log/stacks.h"
#include "report/site_cache.h"
#include "symbols/symbols.h"

/* How many broken lines of one log are shown, the rest is counted; and how many before the first
 * record, when the file may be no log at all. */
#define BROKEN_SHOWN 100
#define BROKEN_SHOWN_FIRST 3

void report_init(struct report *report)
{
	memset(report, 0, sizeof *report);
	report->bugs = bugs_new();
	report->symbols = symbols_new();
	report->sites = site_cache_new(report->symbols);
	report->sessions = sessions_new();
	report->stacks = json_object();
	report->parser = line_parser_new();
	if (report->bugs == NULL || report->symbols == NULL || report->sites == NULL ||
	    report->sessions == NULL || report->stacks == NULL || report->parser == NULL)
		cli_no_memory();
}

void report_clear(struct report *report)
{
	bugs_free(report->bugs);
	if (report->known != NULL)
		bugs_free(report->known);
	site_cache_free(report->sites);
	symbols_free(report->symbols);
	sessions_free(report->sessions);
	blind_spots_clear(&report->blind_spots);
	json_decref(report->stacks);
	line_parser_free(report->parser);
}

static bool is_blank(const struct log_line *line)
{
	for (size_t i = 0; i < line->len_bytes; i++)
		if (line->text[i] != ' ' && line->text[i] != '\t' && line->text[i] != '\r')
			return false;
	return true;
}

static void add_finding(struct report *report, struct log_record *finding,
			const struct log_line *line)
{
	struct site opened, forked;
	struct bugs *bugs = report->bugs;
	uint64_t number;

	if (!filter_fits(&report->filter, finding)) {
		report->filtered++;
		return;
	}
	stacks_complete(report->stacks, finding);
	number = bugs_identify(report->sites, finding, &opened, &forked);
	if (report->suppressions != NULL &&
	    suppressions_fit(report->suppressions, finding, number)) {
		report->suppressed++;
		return;
	}
	if (report->baseline != NULL && bugs_find(report->baseline->bugs, number) != NULL) {
		if (report->known == NULL)
			report->known = bugs_new();
		if (report->known == NULL)
			cli_no_memory();
		bugs = report->known;
	}
	bugs_add(bugs, report->sites, finding, number, &opened, &forked, line->text,
		 line->len_bytes);
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
	if (!log_record_parse(line->text, line->len_bytes, report->parser, &record, fault))
		return false;
	report->records++;
	if (record.type == RECORD_UNKNOWN) {
		report->unknown_records++;
	} else if (session == 0 || record.session == session) {
		sessions_add(report->sessions, &record);
		if (record.type == RECORD_FINDING)
			add_finding(report, &record, line);
		else if (record.type == RECORD_STACK)
			stacks_keep(report->stacks, &record);
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
	uint64_t broken = 0, shown = 0, records = report->records;
	int result;

	if (reader == NULL)
		cli_no_memory();
	while ((result = log_reader_next(reader, &line)) > 0) {
		report->lines++;
		if (is_blank(&line) || read_line(report, &line, session, &fault))
			continue;
		broken++;
		if (shown == (report->records > records ? BROKEN_SHOWN : BROKEN_SHOWN_FIRST))
			continue;
		shown++;
		warn_of_line(verb, name, &line, &fault);
	}
	if (broken > shown)
		cli_error(verb, "%s: %" PRIu64 " more broken lines", name, broken - shown);
	report->broken_lines += broken;
	log_reader_free(reader);
	return result;
}

/* Warns of a file without a record, and returns STATUS_NO_LOG for a file that is no log of forksan.
 * An empty file may be a log: forksan was not active, or logged elsewhere. */
static int check_records(struct report *report, const struct report *before, const char *verb,
			 const char *name)
{
	if (report->lines == before->lines) {
		report->empty_logs++;
		cli_error(
			verb,
			"%s: expected a session's record at least, found nothing: forksan was not "
			"active, or logged elsewhere",
			name);
	} else if (report->records == before->records) {
		cli_error(verb, "%s: expected a log of forksan, found no record in it", name);
		return STATUS_NO_LOG;
	}
	return STATUS_OK;
}

/* Returns the program that unpacks the file, by the first bytes; NULL: the file is not compressed.
 */
static const char *unpacker_of(int fd)
{
	static const struct {
		const char *magic, *program;
	} kinds[] = {
		{"\x1f\x8b", "zcat"},
		{"\x28\xb5\x2f\xfd", "zstdcat"},
		{"\xfd"
		 "7zXZ",
		 "xzcat"},
	};
	char begin[8] = "";

	if (pread(fd, begin, sizeof begin, 0) <= 0)
		return NULL;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (memcmp(begin, kinds[i].magic, strlen(kinds[i].magic)) == 0)
			return kinds[i].program;
	return NULL;
}

int report_read_file(struct report *report, const char *verb, const char *name)
{
	bool is_stdin = strcmp(name, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	const struct report before = *report;
	const char *unpacker;
	int result;

	if (is_stdin)
		name = "stdin";
	if (fd < 0) {
		cli_error(verb, "%s: %s", name, strerror(errno));
		return STATUS_USAGE;
	}
	unpacker = unpacker_of(fd);
	if (unpacker != NULL)
		cli_error(verb, "%s: it is compressed: %s %s | forksan %s -", name, unpacker,
			  is_stdin ? "FILE" : name, verb);
	result = unpacker == NULL ? report_read(report, verb, name, fd, 0) : 0;
	if (!is_stdin)
		close(fd);
	if (unpacker != NULL)
		return STATUS_NO_LOG;
	if (result < 0) {
		cli_error(verb, "%s: %s", name, strerror(-result));
		return STATUS_USAGE;
	}
	return check_records(report, &before, verb, name);
}

void report_count_bugs(const struct report *report, uint64_t counts[LEVEL_COUNT])
{
	memset(counts, 0, LEVEL_COUNT * sizeof *counts);
	for (size_t i = 0; i < bugs_count(report->bugs); i++)
		counts[kind_level(bugs_at(report->bugs, i)->worst)]++;
}

void report_complete(const struct report *report, struct completeness *complete)
{
	size_t unsummed = sessions_without_summary(report->sessions);
	uint64_t counters[COUNTER_COUNT];

	memset(complete, 0, sizeof *complete);
	complete_miss_session(complete,
			      sessions_count(report->sessions) == 0 && report->empty_logs == 0
				      ? 1
				      : report->empty_logs);
	complete_miss_summary(complete, unsummed);
	complete_miss_lines(complete, report->broken_lines);
	if (sessions_count(report->sessions) > unsummed) {
		sessions_sum(report->sessions, counters);
		complete_add_counters(complete, counters);
		complete_miss_connections(complete, counters[COUNT_CONNECTIONS],
					  report->min_connections);
	}
}

int report_worst_level(const struct report *report)
{
	for (int level = LEVEL_COUNT - 1; level >= 0; level--)
		if (bugs_total(report->bugs, (enum level)level) > 0)
			return level;
	return -1;
}
