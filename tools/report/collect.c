/* SPDX-License-Identifier: MIT */
/*
 * See collect.h.
 */
#include "report/collect.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "common/names.h"
#include "base/cli.h"
#include "base/escape.h"
#include "log/field.h"
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

#define PROGRESS_LINES 256 /* between looks at the clock */

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

/* Leaves out what syslog has put before a record. */
static void skip_syslog_header(struct log_line *line)
{
	static const char cookie[] = " @cee: {";
	const char *at;

	if (line->len_bytes == 0 || line->text[0] == '{')
		return;
	at = memmem(line->text, line->len_bytes, cookie, sizeof cookie - 1);
	if (at == NULL)
		return;
	at += sizeof cookie - 2;
	line->len_bytes -= (size_t)(at - line->text);
	line->text = at;
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

/* A log of before has no other event. */
static bool is_blind(const struct log_record *record)
{
	return strcmp(field_string(record->json, "event"), "blind") == 0;
}

static bool is_reconnect(const struct log_record *record)
{
	return strcmp(record->counter, counter_name(COUNT_RECONNECTED)) == 0 &&
	       field_string(record->json, "peer") != NULL;
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
		else if (record.type == RECORD_PROCESS && is_reconnect(&record))
			bugs_add_reconnected(report->bugs, record.pid,
					     field_string(record.json, "peer"));
		else if (record.type == RECORD_PROCESS && is_blind(&record))
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

void report_input_begin(struct report_input *input, struct report *report, const char *verb,
			const char *name, int fd, uint64_t session)
{
	struct stat stat;

	*input = (struct report_input){
		.report = report,
		.verb = verb,
		.name = name,
		.session = session,
		.reader = log_reader_new(fd),
		.records = report->records,
	};
	if (input->reader == NULL)
		cli_no_memory();
	if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode))
		input->size = (uint64_t)stat.st_size;
}

/* Counts a line that is no record, and shows the line where not too many were. */
static void take_broken_line(struct report_input *input, const struct log_line *line,
			     const struct log_fault *fault)
{
	const struct report *report = input->report;

	input->report->broken_lines++;
	input->broken++;
	if (input->shown == (report->records > input->records ? BROKEN_SHOWN : BROKEN_SHOWN_FIRST))
		return;
	input->shown++;
	progress_clear(&input->report->progress);
	warn_of_line(input->verb, input->name, line, fault);
}

/* Warns of packed data that are broken or cut; what they would have held is missing. */
static void take_broken_packing(struct report_input *input, int error)
{
	input->report->broken_lines++;
	progress_clear(&input->report->progress);
	cli_error(input->verb, "%s: expected more packed data, found %s", input->name,
		  error == -EPROTO ? "the end of the file" : "others");
}

int report_input_read(struct report_input *input)
{
	struct report *report = input->report;
	struct log_fault fault;
	struct log_line line;
	int result;

	while ((result = log_reader_next(input->reader, &line)) > 0) {
		report->lines++;
		if (line.number % PROGRESS_LINES == 0)
			progress_show(&report->progress, input->name,
				      log_reader_taken(input->reader), input->size);
		skip_syslog_header(&line);
		if (!is_blank(&line) && !read_line(report, &line, input->session, &fault))
			take_broken_line(input, &line, &fault);
	}
	if (result != -EBADMSG && result != -EPROTO)
		return result;
	take_broken_packing(input, result);
	return 0;
}

void report_input_end(struct report_input *input)
{
	progress_clear(&input->report->progress);
	if (input->broken > input->shown)
		cli_error(input->verb, "%s: %" PRIu64 " more broken lines", input->name,
			  input->broken - input->shown);
	log_reader_free(input->reader);
}

int report_read(struct report *report, const char *verb, const char *name, int fd, uint64_t session)
{
	struct report_input input;
	int result;

	report_input_begin(&input, report, verb, name, fd, session);
	result = report_input_read(&input);
	report_input_end(&input);
	return result;
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
	if (report->require_session)
		complete_miss_start(complete, sessions_without_start(report->sessions));
	complete_miss_logs(complete, report->unread_logs);
	complete_miss_lines(complete, report->broken_lines);
	if (!report->from_store)
		complete_miss_findings(complete, sessions_missing_findings(report->sessions));
	complete_miss_records(complete, report->lost_records);
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
